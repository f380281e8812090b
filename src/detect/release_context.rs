//! The release context: bursts of one account, and releases on several lines at once.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{CorrelationKey, ReleaseId, ReleaseLine};

/// Releases that follow one another within this time are one burst.
const BURST: TimeDelta = TimeDelta::minutes(30);

/// Lines of a package that are released within this time are released at once.
pub const AT_ONCE: TimeDelta = TimeDelta::hours(1);

/// What was published around a release, as far as whoever assembles it knows: all that a detector may know of other
/// releases besides the baseline. [`ReleaseContext::default`] is a release alone in the world.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseContext {
    /// The bursts that the release is part of, by what ties them together.
    pub bursts: Vec<Burst>,
    /// Stable lines of the package that were released within the hour up to this release, its own left out.
    pub lines: BTreeSet<ReleaseLine>,
    /// The most stable lines that were released at once before.
    pub lines_usual: u32,
    /// Another version of the package that the same run built before, and when that was published.
    pub same_run: Option<(ReleaseId, DateTime<Utc>)>,
    /// Another version of the package that the same account, or nobody who was named, published within the hour before, and
    /// that raised an alert of medium or worse.
    pub accused: Option<(ReleaseId, DateTime<Utc>)>,
    /// Another version of the package that carries the same signature.
    pub same_signature: Option<ReleaseId>,
    /// The new dependencies of the release, as far as their age is known, that the same account, repository or owner published.
    pub companions: BTreeSet<String>,
    /// When the package's last earlier release that did not join the baseline was published.
    pub held_at: Option<DateTime<Utc>>,
}

/// Packages that were published one right after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Burst {
    /// What ties them together.
    pub correlation_key: CorrelationKey,
    /// How many packages so far, this one included.
    pub packages: u32,
    /// The most packages of an earlier burst of the same correlation key.
    pub usual: u32,
}

impl Burst {
    /// Whether it is larger than whoever published has ever done: at least three packages, and half as many again as usual.
    pub fn is_unusual(&self) -> bool {
        self.packages >= 3 && self.packages > self.usual + self.usual / 2
    }
}

/// Counts what is released at once, release by release as time goes: packages of one correlation key, or lines of one package.
#[derive(Clone, Debug)]
pub struct Cadence<T> {
    within: TimeDelta,
    /// When something was released last, whatever it was.
    last: Option<DateTime<Utc>>,
    /// What the burst that goes on consists of.
    now: BTreeSet<T>,
    /// That part of it that may be taken for a habit.
    honest: BTreeSet<T>,
    usual: u32,
}

impl<T: Ord + Clone> Cadence<T> {
    /// Of packages of one correlation key.
    pub fn of_packages() -> Self {
        Self::within(BURST)
    }

    /// Of lines of one package.
    pub fn of_lines() -> Self {
        Self::within(AT_ONCE)
    }

    fn within(within: TimeDelta) -> Self {
        Self { within, last: None, now: BTreeSet::new(), honest: BTreeSet::new(), usual: 0 }
    }

    /// What is released together with something that is released now, itself left out.
    pub fn others(&self, one: &T, at: DateTime<Utc>) -> impl Iterator<Item = &T> {
        let is_over = self.is_over(at);
        self.now.iter().filter(move |other| !is_over && *other != one)
    }

    /// How many others there are.
    pub fn count_others(&self, one: &T, at: DateTime<Utc>) -> u32 {
        if self.is_over(at) { 0 } else { size(&self.now) - u32::from(self.now.contains(one)) }
    }

    /// The most that was released at once before.
    pub fn usual(&self, at: DateTime<Utc>) -> u32 {
        if self.is_over(at) { self.usual.max(size(&self.honest)) } else { self.usual }
    }

    /// Counts a release. What is not in the baseline is not a habit.
    pub fn add(&mut self, one: T, at: DateTime<Utc>, in_baseline: bool) {
        if self.is_over(at) {
            self.usual = self.usual.max(size(&self.honest));
            self.now.clear();
            self.honest.clear();
        }
        self.last = self.last.max(Some(at));
        if in_baseline {
            self.honest.insert(one.clone());
        }
        self.now.insert(one);
    }

    fn is_over(&self, at: DateTime<Utc>) -> bool {
        self.last.is_none_or(|last| at - last > self.within)
    }
}

/// Which run built which version of a package.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    first: HashMap<String, (ReleaseId, DateTime<Utc>)>,
    /// A run that built two versions was no surprise before.
    is_habit: bool,
}

impl Runs {
    /// From so many runs on it shows whether each builds one version.
    const ENOUGH: usize = 3;

    /// The other version that a run built before, where runs build one version each.
    pub fn other(&self, run: &str, release: &ReleaseId) -> Option<(ReleaseId, DateTime<Utc>)> {
        let other = self.first.get(run).filter(|(known, _)| known != release);
        other.filter(|_| !self.is_habit && self.first.len() >= Self::ENOUGH).cloned()
    }

    /// Counts a release.
    pub fn add(&mut self, run: &str, release: &ReleaseId, at: DateTime<Utc>, in_baseline: bool) {
        match self.first.get(run) {
            Some((known, _)) => self.is_habit |= in_baseline && known != release,
            None => drop(self.first.insert(run.to_owned(), (release.clone(), at))),
        }
    }
}

fn size<T>(set: &BTreeSet<T>) -> u32 {
    u32::try_from(set.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minute: i64) -> DateTime<Utc> {
        "2026-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
    }

    #[test]
    fn a_burst_goes_on_while_releases_follow_one_another() {
        let mut cadence = Cadence::of_packages();
        for (package, at) in [("a", 0), ("b", 20), ("c", 45)] {
            cadence.add(package, minute(at), true);
        }
        assert_eq!((cadence.others(&"d", minute(60)).count(), cadence.usual(minute(60))), (3, 0));
        assert_eq!(cadence.others(&"c", minute(60)).count(), 2, "the same package again is no company");
        assert_eq!((cadence.others(&"d", minute(90)).count(), cadence.usual(minute(90))), (0, 3));
    }

    #[test]
    fn what_was_held_is_no_habit() {
        let mut cadence = Cadence::of_packages();
        for package in ["a", "b", "c", "d"] {
            cadence.add(package, minute(0), package == "a");
        }
        assert_eq!(cadence.others(&"e", minute(1)).count(), 4);
        assert_eq!(cadence.usual(minute(600)), 1);
    }

    #[test]
    fn a_run_builds_one_version_where_runs_do() {
        let release = |version: &str| format!("pkg:npm/a@{version}").parse::<ReleaseId>().unwrap();
        let mut runs = Runs::default();
        for (run, version) in [("1", "1.0.0"), ("2", "1.0.1"), ("3", "1.0.2")] {
            runs.add(run, &release(version), minute(0), true);
        }
        assert_eq!(runs.other("2", &release("1.0.1")), None, "itself");
        assert_eq!(runs.other("2", &release("1.0.9")), Some((release("1.0.1"), minute(0))));
        runs.add("3", &release("1.0.3"), minute(1), false);
        assert!(runs.other("3", &release("1.0.4")).is_some(), "what was held is no habit");
        runs.add("3", &release("1.0.5"), minute(2), true);
        assert_eq!(runs.other("2", &release("1.0.9")), None);
    }

    #[test]
    fn a_habit_is_no_burst() {
        let burst = |packages, usual| {
            Burst { correlation_key: CorrelationKey::Publisher("ann".to_owned()), packages, usual }.is_unusual()
        };
        assert!(burst(3, 0) && burst(3, 1) && burst(10, 6));
        assert!(!burst(2, 0) && !burst(6, 6) && !burst(9, 6) && !burst(3, 2));
    }
}

//! The release context: bursts of one account, releases on several lines at once, and the runs of one's own packages.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::OwnRuns;
use crate::model::{CorrelationKey, Joined, ReleaseId, ReleaseLine};

/// Releases that follow one another within this time are one burst.
const BURST: TimeDelta = TimeDelta::minutes(30);

/// Lines of a package that are released within this time count as released at once.
pub const AT_ONCE: TimeDelta = TimeDelta::hours(1);

/// The releases around a release, as far as the caller knows them: all that a detector may know of other releases
/// besides the baseline. [`ReleaseContext::default`] is a release without others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseContext {
    /// The bursts that the release is part of, by their correlation key.
    pub bursts: Vec<Burst>,
    /// Stable lines of the package that were released within the hour up to this release, its own left out.
    pub lines: BTreeSet<ReleaseLine>,
    /// The most stable lines that were released at once before.
    pub lines_usual: u32,
    /// Another version of the package that the same run built before, and its publish time.
    pub same_run: Option<(ReleaseId, DateTime<Utc>)>,
    /// Another version of the package that the same account, or an unnamed one, published within the hour before, and
    /// that raised an alert of medium or worse.
    pub accused: Option<(ReleaseId, DateTime<Utc>)>,
    /// Another version of the package with the same signature.
    pub same_signature: Option<ReleaseId>,
    /// The new dependencies of the release, as far as their age is known, that the same account, repository or owner published.
    pub companions: BTreeSet<String>,
    /// When the package's last earlier release that did not join the baseline was published.
    pub held_at: Option<DateTime<Utc>>,
    /// Of one's own package: the runs that may explain the release.
    pub own: Option<OwnRuns>,
    /// The open incidents that the release would join, each by its strongest tie.
    pub incidents: Vec<Joined>,
    /// The hosts of addresses of which the baseline has only pseudonyms, by pseudonym, as far as the release names them.
    pub address_hosts: BTreeMap<String, String>,
}

/// Packages that were published one right after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Burst {
    /// The correlation key that they share.
    pub correlation_key: CorrelationKey,
    /// The number of packages so far, including this one.
    pub packages: u32,
    /// The most packages of an earlier burst of the same correlation key.
    pub usual: u32,
}

impl Burst {
    /// Whether it is larger than every earlier one of the publisher: at least three packages, and half as many again as
    /// usual.
    pub fn is_unusual(&self) -> bool {
        self.packages >= 3 && self.packages > self.usual + self.usual / 2
    }
}

/// Counts simultaneous releases in the order of time: packages of one correlation key, or lines of one package.
#[derive(Clone, Debug)]
pub struct Cadence<T> {
    within: TimeDelta,
    /// The time of the last release of any kind.
    last: Option<DateTime<Utc>>,
    /// The members of the current burst.
    now: BTreeSet<T>,
    /// The members that may count as a habit.
    honest: BTreeSet<T>,
    usual: u32,
}

impl<T: Ord + Clone> Cadence<T> {
    /// For packages of one correlation key.
    pub fn of_packages() -> Self {
        Self::within(BURST)
    }

    /// For lines of one package.
    pub fn of_lines() -> Self {
        Self::within(AT_ONCE)
    }

    fn within(within: TimeDelta) -> Self {
        Self { within, last: None, now: BTreeSet::new(), honest: BTreeSet::new(), usual: 0 }
    }

    /// The members that are released together with one that is released now, without itself.
    pub fn others(&self, one: &T, at: DateTime<Utc>) -> impl Iterator<Item = &T> {
        let is_over = self.is_over(at);
        self.now.iter().filter(move |other| !is_over && *other != one)
    }

    /// The number of the others.
    pub fn count_others(&self, one: &T, at: DateTime<Utc>) -> u32 {
        if self.is_over(at) { 0 } else { size(&self.now) - u32::from(self.now.contains(one)) }
    }

    /// The largest earlier number of simultaneous releases.
    pub fn usual(&self, at: DateTime<Utc>) -> u32 {
        if self.is_over(at) { self.usual.max(size(&self.honest)) } else { self.usual }
    }

    /// Counts a release. A release that is not in the baseline does not make a habit.
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

    /// Whether a release at that time would begin another burst.
    pub fn is_over(&self, at: DateTime<Utc>) -> bool {
        self.last.is_none_or(|last| at - last > self.within)
    }
}

/// The runs, and the versions of a package that each built.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    first: HashMap<String, (ReleaseId, DateTime<Utc>)>,
    /// Whether a run that built two versions was normal before.
    is_habit: bool,
}

impl Runs {
    /// So many runs show whether each builds one version.
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

//! Decides whether a value is new beside a baseline, and how much that weighs.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Change,
    comparison::{quote, usual},
};
use crate::{
    baseline::{Moment, beginning},
    model::{
        LineBaseline, ReleaseLine, Seen, Severity, Tally, Text, Value,
        traits::{Asked, Issuers, Key, Maintainers, Publishers},
    },
    text::day,
};

/// After so many days without it a value is no longer a habit.
const FADED_DAYS: i64 = 730;

/// So many observations of other values are needed besides.
const FADED_AFTER: u32 = 10;

/// For how many days a value must have been seen on another line to be known there.
const SETTLED_DAYS: i64 = 14;

/// A value that the profile does not have although it has others of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Novelty {
    /// The usual values, most frequent first: `branch main (12 of 12)`.
    pub usual: String,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// Whether a mere habit weighs a step less here.
    milder: bool,
    is_of_another_kind: bool,
}

impl Novelty {
    /// Whether a pre-release is compared with stable lines, or a stable release with pre-releases.
    pub const fn is_of_another_kind(&self) -> bool {
        self.is_of_another_kind
    }

    /// A severity as it weighs here: milder by one step where the profile is inherited or shows a single release, where
    /// the package's values never settle, where another line has had the value for long, or this one long ago. It is
    /// one step, even if several of these hold: a new line must not hide the facts of its certificate. There is another
    /// step where a pre-release has only stable lines to be compared with, or a stable release pre-releases: nightly
    /// builds and previews come from elsewhere by nature.
    #[must_use]
    pub fn weigh(&self, severity: Severity) -> Severity {
        let severity = if self.milder { severity.lowered() } else { severity };
        if self.is_of_another_kind { severity.lowered() } else { severity }
    }
}

/// The usual values of a tally beside one that is not a habit: not any more, or, as it is new, not yet.
fn usual_besides<V: Value>(tally: &Tally<V>, value: V::Asked<'_>, faded: bool) -> String {
    let (known, others): (Vec<_>, Vec<_>) = tally.iter().partition(|(other, _)| other.order(value).is_eq());
    let last = known.first().map(|(value, seen)| {
        let value = quote(value.word());
        if faded {
            format!("; {value} last on {}", day(seen.last))
        } else {
            format!("; {value} since {}", day(seen.first))
        }
    });
    format!("{}{}", usual(others), last.unwrap_or_default())
}

impl<'a> Change<'a> {
    /// Whether a value of a trait is new to a profile that has others, and how that weighs. `None` if it is known or
    /// there is nothing to compare with.
    pub fn novelty<K: Key>(&self, of: K, value: Asked<'_, K>) -> Option<Novelty> {
        self.novelty_on(self.profile()?, of, value)
    }

    /// The same for what a certificate says: where the line has no certificates, beside those of the package's newest line
    /// that has some, one step milder, as inherited.
    pub fn novelty_of_certificate<K: Key>(&self, of: K, value: Asked<'_, K>) -> Option<Novelty> {
        let profile = self.profile()?;
        if !profile.tally(Issuers).is_empty() {
            return self.novelty_on(profile, of, value);
        }
        let certified = |(line, profile): &(&ReleaseLine, &LineBaseline)| {
            line.is_prerelease() == self.release.line().is_prerelease() && !profile.tally(Issuers).is_empty()
        };
        let (_, newest) = self.package.lines.iter().filter(certified).max_by_key(|(line, _)| line.number())?;
        let novelty = self.novelty_on(newest, of, value)?;
        Some(Novelty { milder: true, ..novelty })
    }

    /// The lines that certificates of a release are compared with: its own; where that has none, all.
    pub fn certified(&self) -> impl Iterator<Item = &'a LineBaseline> {
        let own = self.profile().filter(|profile| !profile.tally(Issuers).is_empty());
        let others = self.package.lines.values().filter(move |_| own.is_none());
        own.into_iter().chain(others)
    }

    /// The same for the profile of another line.
    pub fn novelty_on<K: Key>(&self, profile: &LineBaseline, of: K, value: Asked<'_, K>) -> Option<Novelty> {
        let view = self.view?;
        let tally = profile.tally(of);
        let counted = tally.get(value);
        let known = counted.filter(|seen| self.is_known(profile, of, seen));
        if tally.is_empty() || known.is_some_and(|known| !has_faded(known, tally)) {
            return None;
        }
        let others = || tally.iter().filter(|(other, _)| other.order(value).is_ne());
        if counted.is_some() && known.is_none() && !others().any(|(_, seen)| self.is_known(profile, of, seen)) {
            return self.novelty_elsewhere(profile, of, value);
        }
        let faded = known.is_some();
        // A value that has not settled yet says nothing of what is usual.
        let (len, seen) = match counted.filter(|_| !faded) {
            Some(unsettled) => (tally.len() - 1, tally.total() - unsettled.count),
            None => (tally.len(), tally.total()),
        };
        let unsettled = len > 1 && u32::try_from(len).is_ok_and(|len| len * 2 >= seen);
        let elsewhere = !faded && self.is_settled_elsewhere(of, value);
        Some(Novelty {
            usual: if counted.is_some() { usual_besides(tally, value, faded) } else { usual(tally.iter()) },
            since: tally.since(),
            milder: view.inherited || seen == 1 || unsettled || elsewhere || faded,
            is_of_another_kind: self.release.line().is_prerelease() != view.line.is_prerelease(),
        })
    }

    /// Whether a profile knows a value of a trait: it has counted the value, and the value has settled.
    pub fn knows<K: Key>(&self, profile: &LineBaseline, of: K, value: Asked<'_, K>) -> bool {
        let tally = profile.tally(of);
        tally.get(value).is_some_and(|seen| self.is_known(profile, of, seen))
    }

    /// Whether a counted value has settled, or the operator accepted the release that had it first.
    fn is_known<K: Key>(&self, profile: &LineBaseline, of: K, seen: &Seen) -> bool {
        profile.accepted.contains(&seen.first) || self.moment().knows(K::TRAIT, beginning(self.package, of), seen)
    }

    /// Whether a value is new beside the package's other lines, for a line that began so shortly before that nothing of it
    /// has settled: otherwise an attacker would begin a line with a harmless release.
    fn novelty_elsewhere<K: Key>(&self, own: &LineBaseline, of: K, value: Asked<'_, K>) -> Option<Novelty> {
        let others = || self.package.lines.values().filter(|line| !std::ptr::eq(*line, own));
        if others().any(|line| self.knows(line, of, value)) {
            return None;
        }
        let latest = others().filter(|line| !line.tally(of).is_empty()).max_by_key(|line| line.last_at)?;
        let tally = latest.tally(of);
        Some(Novelty { usual: usual(tally.iter()), since: tally.since(), milder: true, is_of_another_kind: false })
    }

    /// The moment of the release, from which new values are counted.
    fn moment(&self) -> Moment {
        Moment { at: self.release.published_at, held_at: self.release_context.held_at }
    }

    /// Whether another line has had a value for two weeks and more than once. Pre-releases do not count for stable
    /// releases, since any user who can push a branch can make them.
    fn is_settled_elsewhere<K: Key>(&self, of: K, value: Asked<'_, K>) -> bool {
        let speaks = |line: &ReleaseLine| !line.is_prerelease() || self.release.line().is_prerelease();
        let lines = self.package.lines.iter().filter(|(line, _)| speaks(line));
        lines
            .filter_map(|(_, profile)| profile.tally(of).get(value))
            .any(|seen| seen.count > 1 && self.release.published_at - seen.first >= TimeDelta::days(SETTLED_DAYS))
    }

    /// Whether an account is new to the line; if only a trusted publisher ever published the line, whether it is new to
    /// the accounts of the package's other lines.
    pub fn unfamiliar_account(&self, name: &str) -> Option<Novelty> {
        if !self.profile()?.tally(Publishers).is_empty() {
            return self.novelty(Publishers, name);
        }
        if self.package.lines.values().any(|line| self.knows(line, Publishers, name)) {
            return None;
        }
        // If only machines ever published, the maintainers are the accounts with the right to.
        let known: &Tally<Text> = self.latest(Publishers).or_else(|| self.latest(Maintainers))?;
        // A maintainer is expected to be one, but not to publish manually where only machines do.
        let usual = if known.contains(name) {
            format!("only a trusted publisher; maintainers: {}", usual(known.iter()))
        } else {
            usual(known.iter())
        };
        Some(Novelty { usual, since: known.since(), milder: false, is_of_another_kind: false })
    }

    /// The tally of a trait on the line with the latest release, among the lines that have values of it.
    pub fn latest<K: Key>(&self, of: K) -> Option<&'a Tally<K::Value>> {
        let lines = self.package.lines.values().filter(|line| !line.tally(of).is_empty());
        lines.max_by_key(|line| line.last_at).map(|line| line.tally(of))
    }

    /// The profile of the line that an account released last.
    pub fn line_of(&self, account: &str) -> Option<&'a LineBaseline> {
        let by_it = self.package.lines.values().filter(|line| line.tally(Publishers).contains(account));
        by_it.max_by_key(|line| line.last_at)
    }
}

/// Whether a value that was once seen is no longer a habit: all observations of the last two years, at least ten, were
/// different. A value that comes back after so long weighs a step less than a new one.
fn has_faded<V: Value>(known: &Seen, tally: &Tally<V>) -> bool {
    let newest = tally.seen().map(|seen| seen.last).max().unwrap_or(known.last);
    let since: u32 = tally.seen().filter(|seen| seen.first > known.last).map(|seen| seen.count).sum();
    newest - known.last >= TimeDelta::days(FADED_DAYS) && since >= FADED_AFTER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_long_otherwise_has_faded() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let seen = |count, first: &str, last: &str| Seen { count, first: at(first), last: at(last) };
        let old = seen(30, "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z");
        let tally = |new| Tally::<Text>::from_iter([("old".into(), old), ("new".into(), new)]);
        assert!(has_faded(&old, &tally(seen(12, "2021-02-01T00:00:00Z", "2023-03-01T00:00:00Z"))));
        assert!(!has_faded(&old, &tally(seen(3, "2021-02-01T00:00:00Z", "2023-03-01T00:00:00Z"))), "too few");
        assert!(!has_faded(&old, &tally(seen(12, "2021-02-01T00:00:00Z", "2022-03-01T00:00:00Z"))), "too soon");
        assert!(!has_faded(&old, &tally(seen(12, "2019-02-01T00:00:00Z", "2023-03-01T00:00:00Z"))), "side by side");
    }
}

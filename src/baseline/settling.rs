//! Decides when a new value of a trait counts as known: a release teaches at once, but what it taught is trusted later.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{Baseline, Seen, Trait, traits::Key};

/// For how long a new account, address or maintainer is compared with the baseline before.
const PEOPLE: TimeDelta = TimeDelta::days(7);

/// For how long any other new value is.
const REST: TimeDelta = TimeDelta::days(1);

/// For how long a new value of a trait is compared with the baseline before it, so that an attacker cannot publish a
/// harmless release first and the malicious one right after it. `docs/BASELINES.md` has the table.
pub const fn settling_time(of: Trait) -> TimeDelta {
    match of {
        Trait::Publishers | Trait::Emails | Trait::Maintainers | Trait::Actors => PEOPLE,
        // What a forge or the clock shows of a release is a measurement of it, and not a choice that an attacker makes known.
        Trait::EvidenceRanks
        | Trait::Tags
        | Trait::ForgeReleases
        | Trait::ReleaseSeals
        | Trait::Signatures
        | Trait::Gaps => TimeDelta::zero(),
        _ => REST,
    }
}

/// When a package first showed a trait, on any line.
pub fn beginning<K: Key>(package: &Baseline, of: K) -> Option<DateTime<Utc>> {
    package.lines.values().filter_map(|line| line.tally(of).since()).min()
}

/// The moment at which values are asked about, and the package's last release before it that was held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When the release in question was published.
    pub at: DateTime<Utc>,
    /// When the package's last held release before it was published: a new value has to settle again after one.
    pub held_at: Option<DateTime<Utc>>,
}

impl Moment {
    /// Whether a value of a trait is known. The first values of the package are, since there is nothing before them to
    /// compare with; the first values of a later line are not. `beginning` is when the package first showed the trait.
    pub fn knows(self, of: Trait, beginning: Option<DateTime<Utc>>, seen: &Seen) -> bool {
        self.is_settled(settling_time(of), seen.first) || beginning == Some(seen.first)
    }

    fn is_settled(self, time: TimeDelta, first: DateTime<Utc>) -> bool {
        let since = match self.held_at {
            Some(held) if held >= first && held - first < time => held,
            _ => first,
        };
        self.at - since >= time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> DateTime<Utc> {
        "2026-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(day)
    }

    fn knows(first: i64, at: i64, held: Option<i64>) -> bool {
        let seen = Seen { count: 3, first: day(first), last: day(first) };
        let moment = Moment { at: day(at), held_at: held.map(day) };
        moment.knows(Trait::Publishers, Some(day(0)), &seen)
    }

    #[test]
    fn a_new_account_is_known_after_a_week_without_a_held_release() {
        assert!(!knows(10, 10, None) && !knows(10, 16, None) && knows(10, 17, None));
        assert!(!knows(10, 18, Some(12)) && knows(10, 19, Some(12)), "a held release restarts the week");
        assert!(knows(10, 40, Some(39)), "what has settled stays so");
        assert!(knows(10, 17, Some(9)), "what was held before it says nothing of it");
    }

    #[test]
    fn the_first_values_of_all_are_known_at_once() {
        assert!(knows(0, 0, None) && knows(0, 1, Some(0)));
    }
}

//! Selects the values of a trait that a package's current releases have, so that an operator can pin them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{Baseline, LineBaseline, Seen, Trait};

/// A line is active if its last release is at most this many days older than the package's.
const ALIVE_DAYS: i64 = 365;

/// A value with at least this many releases replaces values that were last seen before its first release.
const SETTLED: u32 = 3;

/// The current values of a trait over all active release lines, each with its count and times, the most frequent first.
/// Replaced values are left out.
pub fn current(baseline: &Baseline, one: Trait) -> Vec<(String, Seen)> {
    let mut all: BTreeMap<&str, Seen> = BTreeMap::new();
    for line in alive(baseline) {
        let values = line.words(one);
        for (value, seen) in values.iter().filter(|(_, seen)| !is_replaced(seen, &values)) {
            all.entry(value).and_modify(|known| *known = together(*known, seen)).or_insert(**seen);
        }
    }
    let mut all: Vec<_> = all.into_iter().map(|(value, seen)| (value.to_owned(), seen)).collect();
    all.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.count));
    all
}

/// The lines that were released within a year before the package's last release.
fn alive(baseline: &Baseline) -> impl Iterator<Item = &LineBaseline> {
    let last = baseline.lines.values().filter_map(|line| line.last_at).max();
    let since: Option<DateTime<Utc>> = last.map(|last| last - TimeDelta::days(ALIVE_DAYS));
    baseline.lines.values().filter(move |line| line.last_at.is_some() && line.last_at >= since)
}

fn is_replaced(seen: &Seen, values: &[(&str, &Seen)]) -> bool {
    values.iter().any(|(_, other)| other.first > seen.last && other.count >= SETTLED)
}

fn together(one: Seen, other: &Seen) -> Seen {
    Seen {
        count: one.count.saturating_add(other.count),
        first: one.first.min(other.first),
        last: one.last.max(other.last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ReleaseLine, traits::Owners};

    fn day(day: i64) -> DateTime<Utc> {
        "2024-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(day)
    }

    /// A line with its owners, each with the days of its releases.
    type OwnedLine<'a> = (&'a str, &'a [(&'a str, &'a [i64])]);

    fn baseline(lines: &[OwnedLine<'_>]) -> Baseline {
        let mut baseline = Baseline::empty("pkg:npm/a".parse().unwrap());
        for (line, owners) in lines {
            let mut profile = LineBaseline::default();
            for (owner, days) in *owners {
                for at in days.iter().map(|at| day(*at)) {
                    profile.count(Owners, [*owner], at);
                    profile.releases += 1;
                    profile.last_at = profile.last_at.max(Some(at));
                }
            }
            baseline.lines.insert(ReleaseLine::named(*line), profile);
        }
        baseline
    }

    #[test]
    fn what_is_in_use_is_told_from_what_was() {
        type Lines<'a> = &'a [(&'a str, &'a [(&'a str, &'a [i64])])];
        let cases: [(Lines<'_>, &[&str]); 7] = [
            (&[], &[]),
            (&[("1", &[("a", &[1, 2, 3])])], &["a"]),
            // It moved, and settled.
            (&[("1", &[("a", &[1, 2, 3, 4]), ("b", &[5, 6, 7])])], &["b"]),
            // It moved just now: the old one may come back.
            (&[("1", &[("a", &[1, 2, 3]), ("b", &[5])])], &["a", "b"]),
            // Two in turn.
            (&[("1", &[("a", &[1, 3, 5, 7]), ("b", &[2, 4, 6])])], &["a", "b"]),
            // A line that was given up says nothing; one that goes on does.
            (&[("1", &[("a", &[1])]), ("2", &[("b", &[400, 401])])], &["b"]),
            (&[("1", &[("a", &[300])]), ("2", &[("b", &[400, 401])])], &["b", "a"]),
        ];
        for (lines, expected) in cases {
            let found = current(&baseline(lines), Trait::Owners);
            let found: Vec<_> = found.iter().map(|(value, _)| value.as_str()).collect();
            assert_eq!(found, expected, "{lines:?}");
        }
    }

    #[test]
    fn the_same_value_of_several_lines_is_one() {
        let lines = baseline(&[("1", &[("a", &[1, 50])]), ("2", &[("a", &[20, 60, 70])])]);
        let expected = vec![("a".to_owned(), Seen { count: 5, first: day(1), last: day(70) })];
        assert_eq!(current(&lines, Trait::Owners), expected);
    }
}

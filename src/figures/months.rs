//! The figures of months: packages with evidence at their ends, and what changed within them.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Months as Length, NaiveDate, NaiveTime, Utc};

use super::{
    ranks::Evidence,
    spans::{Span, evidence_at, total},
};
use crate::model::{Month, Package, Total};

/// The packages at a time, with their evidence.
type State<'a> = BTreeMap<&'a Package, Evidence>;

/// Months up to now.
pub(super) struct Months {
    /// The beginning of the first, and the ends of all.
    bounds: Vec<DateTime<Utc>>,
}

impl Months {
    /// So many months, with the present one as the last.
    pub fn before(now: DateTime<Utc>, count: u32) -> Self {
        let first_of = |back: u32| {
            let day = NaiveDate::from_ymd_opt(now.year(), now.month(), 1)?.checked_sub_months(Length::new(back))?;
            Some(day.and_time(NaiveTime::MIN).and_utc())
        };
        let bounds = (0..count).rev().filter_map(first_of).chain([now]).collect();
        Self { bounds }
    }

    /// The times at which packages are counted.
    pub fn ends(&self) -> impl Iterator<Item = DateTime<Utc>> {
        self.bounds.iter().copied()
    }

    /// The months, and the packages now.
    pub fn of(&self, spans: &[Span]) -> (Vec<Month>, Total) {
        let states: Vec<_> = self.bounds.iter().map(|at| evidence_at(spans, *at)).collect();
        let pairs = states.windows(2).zip(&self.bounds);
        let months = pairs.map(|(pair, begin)| month(*begin, &pair[0], &pair[1])).collect();
        (months, states.last().map(total).unwrap_or_default())
    }
}

fn month(begin: DateTime<Utc>, before: &State<'_>, after: &State<'_>) -> Month {
    let turned = |from: Evidence, to: Evidence| {
        after.iter().filter(|(package, now)| **now == to && before.get(*package) == Some(&from)).count() as u64
    };
    let missing =
        |from: &State<'_>, of: &State<'_>| of.keys().filter(|package| !from.contains_key(*package)).count() as u64;
    Month {
        month: begin.format("%Y-%m").to_string(),
        total: total(after),
        gained: turned(Evidence::Without, Evidence::With),
        lost: turned(Evidence::With, Evidence::Without),
        added: missing(before, after),
        gone: missing(after, before),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn span(name: &str, evidence: Evidence, from: &str, until: Option<&str>) -> Span {
        let package = format!("pkg:npm/{name}").parse().unwrap();
        Span { package, evidence, from: at(from), until: until.map(at) }
    }

    #[test]
    fn months_end_with_today() {
        let months = Months::before(at("2026-03-17T12:00:00Z"), 3);
        let bounds: Vec<String> = months.ends().map(|at| at.format("%Y-%m-%d").to_string()).collect();
        assert_eq!(bounds, ["2026-01-01", "2026-02-01", "2026-03-01", "2026-03-17"]);
    }

    #[test]
    fn packages_gain_and_lose_evidence_and_come_and_go() {
        let spans = [
            span("a", Evidence::Without, "2025-12-01T00:00:00Z", Some("2026-01-15T00:00:00Z")),
            span("a", Evidence::With, "2026-01-15T00:00:00Z", None),
            span("b", Evidence::With, "2025-12-01T00:00:00Z", Some("2026-02-10T00:00:00Z")),
            span("b", Evidence::Without, "2026-02-10T00:00:00Z", None),
            span("c", Evidence::Unknown, "2026-02-20T00:00:00Z", None),
            span("d", Evidence::With, "2025-12-01T00:00:00Z", Some("2026-03-02T00:00:00Z")),
            // Two releases at once: the weaker counts.
            span("e", Evidence::With, "2025-12-01T00:00:00Z", None),
            span("e", Evidence::Without, "2025-12-01T00:00:00Z", None),
        ];
        let (months, now) = Months::before(at("2026-03-17T12:00:00Z"), 3).of(&spans);
        let shown: Vec<_> = months
            .iter()
            .map(|one| {
                (
                    one.month.as_str(),
                    one.total.packages,
                    one.total.with_evidence,
                    one.gained,
                    one.lost,
                    one.added,
                    one.gone,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [("2026-01", 4, 3, 1, 0, 0, 0), ("2026-02", 5, 2, 0, 1, 1, 0), ("2026-03", 4, 1, 0, 0, 0, 1)]
        );
        let expected = Total { packages: 4, with_evidence: 1, without_evidence: 2, unknown: 1, percent: 25 };
        assert_eq!(now, expected);
        assert_eq!(Months::before(at("2026-03-17T12:00:00Z"), 1).of(&[]).1, Total::default());
    }
}

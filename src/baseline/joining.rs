//! Decides whether a release updates the baseline at once, and when a held release may join it.

use chrono::{DateTime, Duration, Utc};

use crate::model::{ReleaseLine, ReleaseStatus, Severity};

/// The number of clean releases that must follow a held one.
pub const CLEAN_RELEASES: usize = 5;

/// The days, counted from the held release, over which they must be spread.
pub const CLEAN_DAYS: i64 = 14;

/// Whether a release joins the baseline at once. One with an alert of medium or worse is held.
pub fn in_baseline(alert: Option<Severity>) -> bool {
    alert.is_none_or(|severity| severity < Severity::Medium)
}

/// A release that did not join the baseline when it was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its line.
    pub line: ReleaseLine,
    /// Its publish time.
    pub published_at: DateTime<Utc>,
    /// Its alert's severity.
    pub severity: Severity,
    /// Whether it can still be installed; a withdrawn one was not normal.
    pub status: ReleaseStatus,
}

/// A release of the package, assessed against the baseline of its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Later {
    /// Its line.
    pub line: ReleaseLine,
    /// Its publish time.
    pub published_at: DateTime<Utc>,
    /// Whether it joined at once. It was compared with a baseline without the held release: a release that repeats the
    /// held one is not clean, and does not help it join.
    pub clean: bool,
}

/// Whether a held release without an operator's decision may join the baseline now, given every assessed release of the
/// package in any order.
pub fn joins(held: &Held, releases: &[Later]) -> bool {
    can_outlive(held) && is_outlived(held, releases)
}

/// Time does not absolve a release that looked like a takeover or was withdrawn.
fn can_outlive(held: &Held) -> bool {
    held.severity <= Severity::Medium && held.status == ReleaseStatus::Published
}

/// Five clean releases of the line since the held one and since the last alert on any line, the last of them at
/// least two weeks later.
fn is_outlived(held: &Held, releases: &[Later]) -> bool {
    let quiet_since = releases
        .iter()
        .filter(|later| !later.clean && later.published_at > held.published_at)
        .map(|later| later.published_at)
        .fold(held.published_at, DateTime::max);
    let clean = || {
        releases
            .iter()
            .filter(|later| later.clean && later.line == held.line && later.published_at > quiet_since)
            .map(|later| later.published_at)
    };
    let spread = clean().max().is_some_and(|last| last - quiet_since >= Duration::days(CLEAN_DAYS));
    spread && clean().count() >= CLEAN_RELEASES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> DateTime<Utc> {
        "2026-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + Duration::days(day)
    }

    fn held(severity: Severity) -> Held {
        Held { line: ReleaseLine::named("1"), published_at: day(0), severity, status: ReleaseStatus::Published }
    }

    fn later(days: &[i64], clean: bool) -> Vec<Later> {
        days.iter().map(|&d| Later { line: ReleaseLine::named("1"), published_at: day(d), clean }).collect()
    }

    #[test]
    fn alerts_of_medium_and_worse_hold() {
        assert!(in_baseline(None) && in_baseline(Some(Severity::Low)));
        assert!(!in_baseline(Some(Severity::Medium)) && !in_baseline(Some(Severity::Critical)));
    }

    #[test]
    fn enough_clean_releases_over_enough_time_let_it_in() {
        let held = held(Severity::Medium);
        assert!(joins(&held, &later(&[3, 6, 9, 12, 14], true)));
        assert!(!joins(&held, &later(&[1, 2, 3, 4, 5, 6, 7], true)), "too soon");
        assert!(!joins(&held, &later(&[10, 20, 30, 40], true)), "too few");
        assert!(!joins(&held, &later(&[-5, -4, -3, -2, -1, 20], true)), "before it");
    }

    #[test]
    fn an_attacker_cannot_teach_by_repetition() {
        let mut releases = later(&[3, 6, 9, 12, 14], true);
        releases.extend(later(&[13], false));
        assert!(!joins(&held(Severity::Medium), &releases), "an alert begins the count anew");
        releases.extend(later(&[20, 21, 22, 23, 28], true));
        assert!(joins(&held(Severity::Medium), &releases));
        assert!(!joins(&held(Severity::High), &releases), "only the operator lets it in");
    }

    #[test]
    fn what_was_withdrawn_stays_out() {
        let clean = later(&[3, 6, 9, 12, 14], true);
        let withdrawn = Held { status: ReleaseStatus::Unpublished, ..held(Severity::Medium) };
        assert!(!joins(&withdrawn, &clean) && joins(&held(Severity::Medium), &clean));
    }
}

//! Decides whether a release updates the baseline at once, and when a held release may join it.

use chrono::{DateTime, Duration, Utc};

use crate::model::{ReleaseLine, ReleaseStatus, Severity};

/// The number of clean releases that must follow a held one.
pub const CLEAN_RELEASES: usize = 5;

/// The days, counted from the held release, over which they must be spread.
pub const CLEAN_DAYS: i64 = 14;

/// How often a loss of evidence in the open must be seen, the held release included.
pub const OPEN_LOSSES: usize = 3;

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
    /// Whether it lost nothing but its evidence, and was released in the open.
    pub open_loss: bool,
    /// Whether it was built in another repository, or by another provider.
    pub another_origin: bool,
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
    /// Whether it lost nothing but its evidence, was released in the open, and can still be installed.
    pub open_loss: bool,
}

/// Whether a held release without an operator's decision may join the baseline now, given every assessed release of the
/// package in any order.
pub fn joins(held: &Held, releases: &[Later]) -> bool {
    can_outlive(held) && (is_outlived(held, releases) || is_repeated_openly(held, releases))
}

/// The loss was seen three times over two weeks, on whichever lines, and nothing else raised an alert since: the project
/// releases so now. What an attacker cannot make, tag and merge, every later release has to show again.
fn is_repeated_openly(held: &Held, releases: &[Later]) -> bool {
    let since = || releases.iter().filter(|later| later.published_at > held.published_at);
    let losses = || since().filter(|later| later.open_loss).map(|later| later.published_at);
    held.open_loss
        && since().all(|later| later.clean || later.open_loss)
        && losses().count() + 1 >= OPEN_LOSSES
        && losses().max().is_some_and(|last| last - held.published_at >= Duration::days(CLEAN_DAYS))
}

/// Time does not absolve a release that looked like a takeover, was withdrawn or came from elsewhere: whoever owns another
/// repository can wait, and release the old way in between.
fn can_outlive(held: &Held) -> bool {
    held.severity <= Severity::Medium && held.status == ReleaseStatus::Published && !held.another_origin
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
        let (line, status) = (ReleaseLine::named("1"), ReleaseStatus::Published);
        Held { line, published_at: day(0), severity, status, open_loss: false, another_origin: false }
    }

    fn later(days: &[i64], clean: bool) -> Vec<Later> {
        let line = || ReleaseLine::named("1");
        days.iter().map(|&d| Later { line: line(), published_at: day(d), clean, open_loss: false }).collect()
    }

    fn losses(days: &[i64]) -> Vec<Later> {
        let line = |day| ReleaseLine::named(format!("0.{day}"));
        days.iter().map(|&d| Later { line: line(d), published_at: day(d), clean: false, open_loss: true }).collect()
    }

    #[test]
    fn a_loss_in_the_open_joins_when_it_was_seen_three_times_over_two_weeks() {
        let held = Held { open_loss: true, ..held(Severity::Medium) };
        assert!(joins(&held, &losses(&[7, 14])), "on any line");
        assert!(!joins(&held, &losses(&[14])), "too few");
        assert!(!joins(&held, &losses(&[5, 13])), "too soon");
        assert!(!joins(&Held { open_loss: false, ..held.clone() }, &losses(&[7, 14])), "not in the open itself");
        assert!(!joins(&Held { severity: Severity::High, ..held.clone() }, &losses(&[7, 14])));
        let mut mixed = losses(&[7, 14]);
        mixed.extend(later(&[9], false));
        assert!(!joins(&held, &mixed), "another alert in between");
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
    fn what_was_withdrawn_or_came_from_elsewhere_stays_out() {
        let clean = later(&[3, 6, 9, 12, 14], true);
        assert!(!joins(&Held { another_origin: true, ..held(Severity::Medium) }, &clean));
        let withdrawn = Held { status: ReleaseStatus::Unpublished, ..held(Severity::Medium) };
        assert!(!joins(&withdrawn, &clean) && joins(&held(Severity::Medium), &clean));
    }
}

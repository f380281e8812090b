//! Tests that each finding switches on and off at its limit, whatever the clock does.

mod findings;
mod machine;
mod table;

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::model::AlertKind;

pub(super) fn noon() -> DateTime<Utc> {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

const ALL_KINDS: [AlertKind; 4] = [AlertKind::Release, AlertKind::Campaign, AlertKind::Log, AlertKind::Operation];

/// The time this many seconds ago.
pub(super) fn ago(seconds: i64) -> DateTime<Utc> {
    noon() - TimeDelta::seconds(seconds)
}

pub(super) const MINUTE: i64 = 60;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// A healthy daemon that has run for a week.
pub(super) fn well() -> Snapshot {
    let source = |name: &str| Source { name: name.to_owned(), last_success: Some(ago(5)), ..Source::default() };
    Snapshot {
        runner: Runner { lock: LockState::Held, heartbeat: Some(heartbeat(Kind::Daemon)) },
        sources: vec![source("npm-changes"), source("pypi-changelog")],
        trust: Trust::Tuf(Tuf { root: source("trust-root"), ..Tuf::default() }),
        logs: Some(vec![log("log.example")]),
        forges: Some(Forges {
            with_token: vec!["github.com".to_owned()],
            without_token: vec!["gitlab.com".to_owned()],
        }),
        subscriptions: vec![subscription()],
        storage: Storage { path: "provwatch.db".to_owned(), free: Some(1 << 40), ..Storage::default() },
        watchlist: file("w1"),
        configuration: file("c1"),
        ..Snapshot::default()
    }
}

fn log(name: &str) -> Log {
    Log { name: name.to_owned(), failing_since: None, last_error: None, entries: 40, not_understood: 2 }
}

pub(super) fn heartbeat(kind: Kind) -> Heartbeat {
    let in_use = InUse { watchlist: Some("w1".to_owned()), configuration: Some("c1".to_owned()) };
    Heartbeat {
        kind,
        pid: 4711,
        version: "1.0.0".to_owned(),
        first_at: ago(30 * DAY),
        started_at: ago(7 * DAY),
        beat_at: ago(20),
        facts: Facts { moved_at: Some(ago(10)), in_use, ..Facts::default() },
    }
}

pub(super) fn subscription() -> Subscription {
    let (name, takes) = ("ops".to_owned(), ALL_KINDS.to_vec());
    let at_once = takes.clone();
    Subscription { name, configured: true, takes, at_once, ..Subscription::default() }
}

pub(super) fn file(digest: &str) -> File {
    File { problem: None, digest: Some(digest.to_owned()), changed_at: Some(ago(3 * DAY)) }
}

/// [`well`], changed.
pub(super) fn but(change: impl FnOnce(&mut Snapshot)) -> Snapshot {
    let mut snapshot = well();
    change(&mut snapshot);
    snapshot
}

/// The findings, as `id` or `id!` for those with an alert.
pub(super) fn found(snapshot: &Snapshot) -> Vec<String> {
    found_at(snapshot, noon())
}

pub(super) fn found_at(snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<String> {
    let mark = |finding: &Finding| if finding.alert.is_some() { "!" } else { "" };
    judge(snapshot, now).iter().map(|finding| format!("{}{}", finding.id.as_str(), mark(finding))).collect()
}

/// Each case: the change, and the expected findings.
pub(super) fn holds(cases: Vec<(&str, Snapshot, &[&str])>) {
    for (what, snapshot, expected) in cases {
        assert_eq!(found(&snapshot), expected, "{what}");
    }
}

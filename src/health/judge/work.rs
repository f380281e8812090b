//! Checks that announced packages are processed, and that releases can be verified.

use chrono::{DateTime, TimeDelta, Utc};

use super::age::age;
use crate::{
    health::{
        Announced, Check, Finding, Id, LockState, Queue, Snapshot, alarm,
        limits::{
            ANNOUNCED, ANNOUNCED_ALERT, FAILING, FAILING_ALERT, MANY, STANDSTILL, START_OF_WORK, UNCHECKED,
            UNCHECKED_REMEMBERED,
        },
    },
    text::{counted, quoted, span},
};

/// Most characters of an error.
const ERROR: usize = 300;
/// Most releases that are named.
const NAMED: usize = 3;

pub(super) fn checks(snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<Check> {
    let queue = &snapshot.queue;
    let mut checks = vec![announced(queue, snapshot, now), standstill(snapshot, now), failing(queue, now)];
    checks.extend(unchecked(snapshot, now).map(|finding| Check::found("unchecked releases", finding)));
    checks
}

/// An attacker may be taking over an announced package at this moment.
fn announced(queue: &Queue, snapshot: &Snapshot, now: DateTime<Utc>) -> Check {
    let key = "late packages";
    let Some(Announced { count, package, since, last_error }) = &queue.announced else {
        return Check::over(key, "the announced package was checked");
    };
    let waits = age(*since, now);
    if waits <= ANNOUNCED || (snapshot.runner.has_just_begun(now) && last_error.is_none()) {
        return Check::unclear(key);
    }
    let others = count.saturating_sub(1);
    let more = if others == 0 { String::new() } else { format!("; {} wait too", counted(others, "more package")) };
    let why = last_error.as_deref().map_or_else(String::new, |error| format!(": {}", quoted(error, ERROR)));
    let package = quoted(package, ERROR);
    let finding = Finding::new(
        Id::PackageLate,
        &package,
        format!("{package} was announced {} ago and has not been checked{more}{why}", span(waits)),
        "`provwatch doctor` says whether its registry answers; provwatch tries the package again by itself",
    );
    let alarm = || alarm::late_package(key, &package, waits, others);
    Check::found(key, finding.alarming(waits > ANNOUNCED_ALERT, alarm))
}

/// Packages are due, a process works on the queue, and none is checked.
fn standstill(snapshot: &Snapshot, now: DateTime<Utc>) -> Check {
    let (key, over) = ("standing queue", "the queue moves");
    let queue = &snapshot.queue;
    let heartbeat = snapshot.runner.heartbeat.as_ref().filter(|_| snapshot.runner.lock != LockState::Free);
    let (Some(heartbeat), Some(due_since)) = (heartbeat, queue.oldest_due.filter(|_| queue.due > 0)) else {
        return Check::over(key, over);
    };
    let moved = heartbeat.facts.moved_at.unwrap_or(due_since);
    let still = age(moved.max(due_since), now);
    if still <= STANDSTILL {
        return Check::over(key, over);
    }
    // However often a daemon is restarted, a longer standstill is reported.
    if now - heartbeat.started_at < START_OF_WORK {
        return Check::unclear(key);
    }
    let finding = Finding::new(
        Id::QueueStill,
        "",
        format!("the queue is stalled: none of {} was checked for {}", counted(queue.due, "due package"), span(still)),
        "the log names the cause of the wait; restart the daemon if the wait does not end",
    );
    Check::found(key, finding.alarming(true, || alarm::standstill(key, queue.due, still)))
}

fn failing(queue: &Queue, now: DateTime<Utc>) -> Check {
    let key = "failing work";
    let patience = if queue.failing >= MANY { FAILING } else { FAILING_ALERT };
    let waits = |since: Option<DateTime<Utc>>| since.map_or(TimeDelta::zero(), |since| age(since, now));
    let fails = waits(queue.oldest_failing);
    if fails <= FAILING {
        // A new event resets the attempts of a failing package, which alone is not a recovery.
        let is_over = queue.failing == 0 && waits(queue.oldest) <= patience;
        return if is_over { Check::over(key, "the packages were checked") } else { Check::unclear(key) };
    }
    let packages = counted(queue.failing, "package");
    let finding = Finding::new(
        Id::PackagesFailing,
        "",
        format!("{packages} cannot be checked, the oldest for {}", span(fails)),
        "their errors are listed under `work`; as a rule one registry or the network is down: `provwatch doctor`",
    );
    let alarm = || alarm::failing_packages(key, queue.failing, fails);
    Check::found(key, finding.alarming(fails > patience, alarm))
}

/// Each has an alert of its own.
fn unchecked(snapshot: &Snapshot, now: DateTime<Utc>) -> Option<Finding> {
    let lasts = |since: DateTime<Utc>| age(since, now) > UNCHECKED && age(since, now) <= UNCHECKED_REMEMBERED;
    let late: Vec<_> = snapshot.unchecked.iter().filter(|release| lasts(release.since)).collect();
    let oldest = late.iter().map(|release| release.since).min()?;
    let named: Vec<String> = late.iter().take(NAMED).map(|release| quoted(&release.release, 120)).collect();
    let more = if late.len() > NAMED { ", …" } else { "" };
    let (count, named, waits) = (counted(late.len(), "release"), named.join(", "), span(age(oldest, now)));
    Some(Finding::new(
        Id::ReleasesUnchecked,
        "",
        format!("{count} could not be checked, the oldest for {waits}: {named}{more}"),
        "`provwatch lookup PURL` has the reason; do not install the release before a person has reviewed it; then \
         `provwatch alerts ack` closes the finding",
    ))
}

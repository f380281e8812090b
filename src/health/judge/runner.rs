//! Checks the running process: its lock, heartbeat, passes, loops and clock.

use chrono::{DateTime, Utc};

use super::age::age;
use crate::{
    health::{
        Check, Finding, Heartbeat, Id, Kind, LockState, Snapshot, alarm,
        heartbeat::pass_patience,
        limits::{AHEAD, HEARTBEAT},
    },
    text::{moment, span},
};

pub(super) fn checks(snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<Check> {
    let over = "a daemon runs";
    let mut checks = vec![Check::of("no daemon", life(snapshot, now), over)];
    checks.extend(clock(snapshot, now).map(|finding| Check::found("stored times", finding)));
    checks.push(compared_clock(snapshot));
    checks.push(stuck(snapshot));
    checks
}

fn life(snapshot: &Snapshot, now: DateTime<Utc>) -> Option<Finding> {
    let runner = &snapshot.runner;
    match (&runner.heartbeat, runner.lock) {
        (None, LockState::Held) => None,
        (None, LockState::Free | LockState::Unknown) => never(snapshot, now),
        (Some(heartbeat), lock) => match heartbeat.kind {
            Kind::Daemon => daemon(heartbeat, lock, now),
            Kind::Once => passes(heartbeat, lock, now),
        },
    }
}

/// No process ever gave a heartbeat here. Sources that were read a moment ago show that one works nevertheless.
fn never(snapshot: &Snapshot, now: DateTime<Utc>) -> Option<Finding> {
    let patience = snapshot.runner.patience();
    let is_fresh = |last: Option<DateTime<Utc>>| last.is_some_and(|last| age(last, now) <= patience);
    let is_read = snapshot.sources.iter().any(|source| is_fresh(source.last_success));
    (!is_read && !snapshot.sources.is_empty()).then(|| no_daemon("no daemon is running, and none ever was".to_owned()))
}

fn daemon(heartbeat: &Heartbeat, lock: LockState, now: DateTime<Utc>) -> Option<Finding> {
    let silence = age(heartbeat.beat_at, now);
    let (pid, since) = (heartbeat.pid, span(silence));
    match lock {
        LockState::Free => {
            Some(no_daemon(format!("no daemon is running; the last one (process {pid}) sent a heartbeat {since} ago")))
        }
        LockState::Held | LockState::Unknown if silence > HEARTBEAT => Some(Finding::new(
            Id::DaemonSilent,
            "",
            format!("the daemon (process {pid}) has sent no heartbeat for {since}: it hangs, or cannot write"),
            "look into its log, then restart it; nothing is lost",
        )),
        LockState::Held | LockState::Unknown => None,
    }
}

/// `run --once` is a way of running too: the end of the last pass counts.
fn passes(heartbeat: &Heartbeat, lock: LockState, now: DateTime<Utc>) -> Option<Finding> {
    if lock == LockState::Held {
        return None;
    }
    let passes = &heartbeat.facts.passes;
    let Some(last) = passes.last() else {
        let since = span(age(heartbeat.started_at, now));
        return Some(no_daemon(format!("no daemon is running, and the first pass, begun {since} ago, did not end")));
    };
    let silence = age(*last, now);
    (silence > pass_patience(passes)).then(|| {
        let since = span(silence);
        no_daemon(format!("no daemon is running, and the last pass of `provwatch run --once` ended {since} ago"))
    })
}

fn no_daemon(sentence: String) -> Finding {
    let next = "start it: `systemctl start provwatch`, `provwatch run`, or `provwatch run --once` from cron";
    Finding::new(Id::NoDaemon, "", sentence, next)
}

/// A stored time in the future shows that the clock is, or was, wrong.
fn clock(snapshot: &Snapshot, now: DateTime<Utc>) -> Option<Finding> {
    let reads = snapshot.sources.iter().filter_map(|source| Some((source.name.as_str(), source.last_success?)));
    let beat = snapshot.runner.heartbeat.as_ref().map(|heartbeat| ("the last heartbeat", heartbeat.beat_at));
    let (what, latest) = reads.chain(beat).max_by_key(|(_, at)| *at)?;
    (latest > now + AHEAD).then(|| {
        let (shows, at) = (moment(now), moment(latest));
        Finding::new(
            Id::Clock,
            "",
            format!("the clock shows {shows}, but {what} was recorded at {at}: it is wrong now, or was wrong then"),
            "set the clock; `timedatectl` shows whether it is synchronised",
        )
    })
}

/// Compares the clock with those of the hosts that answer.
fn compared_clock(snapshot: &Snapshot) -> Check {
    let key = "clock";
    let Some(clock) = snapshot.runner.compared_clock() else { return Check::unclear(key) };
    if clock.ahead_seconds == 0 {
        return Check::over(key, "the clocks agree");
    }
    let direction = if clock.ahead_seconds < 0 { "behind" } else { "ahead" };
    let by = format!("{} {direction}", span(clock.ahead().abs()));
    let (id, whose) = match clock.hosts {
        0 | 1 => (Id::ClockDoubtful, "that of the only host that answers".to_owned()),
        2 => (Id::ClockDoubtful, "those of both hosts that answer".to_owned()),
        hosts => (Id::Clock, format!("the median of {hosts} hosts")),
    };
    let sentence = format!("the clock is {by}, compared with {whose}");
    let finding = Finding::new(id, "", sentence, "set the clock; `timedatectl` shows whether it is synchronised");
    Check::found(key, finding.alarming(true, || alarm::wrong_clock(key, clock, &by, &whose)))
}

fn stuck(snapshot: &Snapshot) -> Check {
    let key = "stuck loops";
    let loops = snapshot.runner.facts().map(|facts| facts.stuck.join(", ")).unwrap_or_default();
    if loops.is_empty() || snapshot.runner.lock == LockState::Free {
        return Check::over(key, "the loops run again");
    }
    let finding = Finding::new(
        Id::LoopStuck,
        &loops,
        format!("daemon loops are stalled: {loops}"),
        "the log says what they wait for; the watchdog restarts the service, elsewhere restart it",
    );
    Check::found(key, finding.alarming(true, || alarm::stuck_loops(key, &loops)))
}

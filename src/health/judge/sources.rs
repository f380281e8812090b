//! Checks the sources: feeds, the trust root, transparency logs and forges.

use chrono::{DateTime, TimeDelta, Utc};

use super::age::age;
use crate::{
    health::{
        Check, FailingForge, Finding, Id, LeftBy, LeftLog, Level, LockState, Log, LogMirror, Runner, Snapshot, Source,
        Trust, Tuf, alarm,
        limits::{FORGE, SOURCE, START, TRUST},
    },
    model::RootStanding,
    text::{quoted, span},
};

/// Most characters of an error.
const ERROR: usize = 300;
/// How long a log that is intentionally no longer followed is reported.
const LEFT_REMEMBERED: TimeDelta = TimeDelta::days(7);
/// The remedy for a trust root that is not refreshed.
const ALLOW: &str =
    "allow the TUF repository, name a mirror ([trust] tuf_url) or give a file ([trust] source = \"file\")";

pub(super) fn checks(snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<Check> {
    let runner = &snapshot.runner;
    let mut checks: Vec<Check> = snapshot.sources.iter().map(|feed| source(feed, runner, now)).collect();
    if let Trust::Tuf(tuf) = &snapshot.trust {
        checks.extend([trust(tuf, runner, now), npm_keys(tuf, runner, now)]);
    }
    checks.extend(snapshot.logs.iter().flatten().map(|one| log(one, runner, now)));
    if let Some(facts) = runner.facts().filter(|_| snapshot.logs.is_some()) {
        checks.extend(facts.left_logs.iter().filter_map(|log| left(log, now)));
        let followed = facts.logs.iter().flatten();
        checks.extend(followed.map(|name| Check::over(format!("left log {name}"), "the log is followed again")));
    }
    checks.extend(snapshot.log_mirrors.iter().flat_map(|one| mirror(one, runner, now)));
    checks.extend(forges(snapshot, now));
    checks
}

fn source(source: &Source, runner: &Runner, now: DateTime<Utc>) -> Check {
    let patience = runner.patience().checked_add(&source.every).unwrap_or(TimeDelta::MAX);
    let name = &source.name;
    let key = format!("stale {name}");
    let silence = source.last_success.map(|last| age(last, now));
    if silence.is_some_and(|silence| silence <= patience) {
        return Check::over(key, "the source is read again");
    }
    if runner.has_just_begun(now) && source.last_error.is_none() {
        return Check::unclear(key);
    }
    let error = source.last_error.as_deref();
    let sentence = match (silence, error) {
        (Some(silence), _) => format!("{name} has not been read for {}; provwatch sees no new releases", span(silence)),
        (None, Some(error)) => format!("{name} was never read; {}", quoted(error, ERROR)),
        (None, None) => format!("{name} was never read; is `provwatch run` running?"),
    };
    let next = "`provwatch doctor` tests the connection; look at the network, the proxy and the registry's status \
                page";
    let quiet = source.last_success.or(runner.first_at()).map(|since| age(since, now)).unwrap_or_default();
    let alarm = || alarm::silent_source(&key, name, quiet, error);
    let finding = Finding::new(Id::SourceSilent, name, sentence, next);
    Check::found(&key, finding.alarming(quiet > patience && runner.had(START, now), alarm))
}

/// With a trust root that is not refreshed, newer signatures can sooner or later not be verified.
fn trust(tuf: &Tuf, runner: &Runner, now: DateTime<Utc>) -> Check {
    let (key, repository) = ("stale trust root", &tuf.root);
    let error = repository.last_error.as_deref();
    // An earlier process may have read one that this process does not have.
    let standing = runner.facts().and_then(|facts| facts.trust_root);
    if let (Some(standing @ (RootStanding::BuiltIn | RootStanding::Unread)), Some(_), Some(error)) =
        (standing, repository.last_success, error)
    {
        return Check::found(key, without_refresh(standing, error));
    }
    let since = repository.last_success.or(runner.first_at());
    let Some(age) = since.map(|since| age(since, now)).filter(|age| *age > patience(tuf)) else {
        return match (repository.last_success, error) {
            (Some(_), _) => Check::over(key, "the trust root was refreshed"),
            (None, Some(error)) => Check::found(key, without_refresh(standing.unwrap_or(RootStanding::BuiltIn), error)),
            (None, None) => Check::unclear(key),
        };
    };
    if runner.has_just_begun(now) && error.is_none() {
        return Check::unclear(key);
    }
    let why = error.map_or_else(String::new, |error| format!(": {}", quoted(error, ERROR)));
    let since = match repository.last_success {
        Some(_) => format!("has not been refreshed for {}", span(age)),
        None => format!("was never refreshed since provwatch began, {} ago", span(age)),
    };
    let finding = Finding::new(
        Id::TrustRootStale,
        "",
        format!("the trust root {since}; newer signatures cannot be checked{why}"),
        ALLOW,
    );
    Check::found(key, finding.alarming(true, || alarm::stale_trust(key, age, error)))
}

fn patience(tuf: &Tuf) -> TimeDelta {
    TRUST.max(tuf.interval.checked_add(&tuf.interval).unwrap_or(TimeDelta::MAX))
}

/// A refresh failed, so the trust root in use is not the one that the operator asked for, however briefly.
fn without_refresh(standing: RootStanding, error: &str) -> Finding {
    let instead = if standing == RootStanding::Unread {
        "the trust root was not read yet, and provwatch can check no signature before that"
    } else {
        "the trust root was never refreshed, and provwatch uses the one built into this version"
    };
    let level = if standing == RootStanding::Unread { Level::Unhealthy } else { Level::Limited };
    let sentence = format!("{instead}: {}", quoted(error, ERROR));
    Finding { level, ..Finding::new(Id::TrustRootUnrefreshed, "", sentence, ALLOW) }
}

/// npm's keys have a different signer than the trust root, and fail separately.
fn npm_keys(tuf: &Tuf, runner: &Runner, now: DateTime<Utc>) -> Check {
    let key = "kept npm keys";
    let Some(error) = &tuf.npm_keys.last_error else { return Check::over(key, "npm's keys were refreshed") };
    let lasts = tuf.npm_keys.last_success.or(runner.first_at()).map(|since| age(since, now)).unwrap_or_default();
    let why = quoted(error, ERROR);
    let finding = Finding::new(
        Id::NpmKeysKept,
        "",
        format!("the trust root was refreshed and npm's keys were not, so the earlier ones are in use: {why}"),
        "wait until the repository's owner has signed them again, or give a file ([trust] npm_keys)",
    );
    Check::found(key, finding.alarming(lasts > patience(tuf), || alarm::kept_keys(key, lasts, &why)))
}

fn log(log: &Log, runner: &Runner, now: DateTime<Utc>) -> Check {
    let name = &log.name;
    let key = format!("unread log {name}");
    let Some(since) = log.failing_since else { return Check::over(key, "the log is read again") };
    let fails = age(since, now);
    if fails <= SOURCE.max(runner.patience()) {
        return Check::unclear(key);
    }
    let error = log.last_error.as_deref();
    let why = quoted(error.unwrap_or("the reason was not recorded"), ERROR);
    let finding = Finding::new(
        Id::LogUnread,
        name,
        format!("{name} could not be read for {}; provwatch does not see its new entries: {why}", span(fails)),
        "`provwatch logs status` shows how far provwatch has read it; where the network blocks the log, set [logs] \
         enabled = false",
    );
    let alarm = || alarm::unread_log(&key, name, fails, error);
    Check::found(&key, finding.alarming(runner.had(START, now), alarm))
}

/// A log that is no longer followed. An intended change is reported for a week.
fn left(log: &LeftLog, now: DateTime<Utc>) -> Option<Check> {
    let (name, since) = (&log.name, span(age(log.since, now)));
    let key = format!("left log {name}");
    let (level, why) = match log.by {
        LeftBy::TrustRoot => {
            (Level::Unhealthy, "the trust root no longer names it, and provwatch does not see its new entries")
        }
        LeftBy::Operator => (Level::Limited, "the configuration no longer names it"),
        LeftBy::Retired => (Level::Limited, "the trust root says that another log has taken its place"),
    };
    if level == Level::Limited && age(log.since, now) > LEFT_REMEMBERED {
        return None;
    }
    let sentence = format!("{name} has not been followed for {since}: {why}");
    let next = "find out who changed that; to go on following the log, name it in [[logs.instance]]";
    let finding = Finding { level, ..Finding::new(Id::LogLeft, name, sentence, next) };
    Some(Check::found(&key, finding.alarming(level == Level::Unhealthy, || alarm::left_log(&key, name))))
}

/// A failing mirror affects only the comparison of histories, which is its purpose.
fn mirror(mirror: &LogMirror, runner: &Runner, now: DateTime<Utc>) -> [Check; 3] {
    let LogMirror { log, url, .. } = mirror;
    let (failing, behind) = (format!("failing mirror {log} {url}"), format!("late mirror {log} {url}"));
    let (name, patience) = (format!("the mirror {url} of {log}"), SOURCE.max(runner.patience()));
    let failed =
        match mirror.failing_since.filter(|_| mirror.other_history_since.is_none()).map(|since| age(since, now)) {
            None => Check::over(failing, "the mirror is read again"),
            Some(lasts) if lasts <= patience => Check::unclear(failing),
            Some(lasts) => {
                let error = mirror.last_error.as_deref();
                let why = quoted(error.unwrap_or("the reason was not recorded"), ERROR);
                let sentence = format!("{name} could not be read or compared for {}: {why}", span(lasts));
                let next = "`provwatch logs status` shows the state of each mirror; repair this one, or take it out \
                            of [[logs.instance]]";
                let alarm = alarm::failing_mirror(&failing, &name, lasts, error);
                let finding = Finding::new(Id::LogMirrorFailing, url, sentence, next);
                Check::found(failing, finding.alarming(runner.had(START, now), || alarm))
            }
        };
    let late = mirror.behind_since.map(|since| age(since, now)).filter(|lasts| *lasts > patience);
    let finding = late.map(|lasts| {
        let sentence = format!("{name} has had fewer entries than another for {}, of the same history", span(lasts));
        Finding::new(Id::LogMirrorBehind, url, sentence, "`provwatch logs status` shows the state of each mirror")
    });
    [failed, Check::of(behind, finding, "the mirror is level again"), forked(mirror, &name, now)]
}

/// The alert about the log is the proof that it signed two histories; this reports that it continues, even after that
/// alert is acknowledged.
fn forked(mirror: &LogMirror, name: &str, now: DateTime<Utc>) -> Check {
    let finding = mirror.other_history_since.map(|since| {
        let why = mirror.last_error.as_deref().map_or_else(String::new, |why| format!(": {}", quoted(why, ERROR)));
        let sentence = format!("{name} has shown another history for {}{why}", span(age(since, now)));
        let next = "`provwatch logs status` has the evidence: report it to the operator of the log; to stop \
            comparing this mirror, take it out of [[logs.instance]]";
        Finding::new(Id::LogMirrorForked, &mirror.url, sentence, next)
    });
    Check::of(
        format!("forked mirror {} {}", mirror.log, mirror.url),
        finding,
        "the mirror shows the same history again",
    )
}

/// A forge that answered since is not among the failing ones.
fn forges(snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<Check> {
    let Some(forges) = &snapshot.forges else { return Vec::new() };
    // The facts of a process that has ended may be outdated.
    let facts = snapshot.runner.facts().filter(|_| snapshot.runner.lock != LockState::Free);
    let failing = facts.map(|facts| facts.forges.as_slice()).unwrap_or_default();
    let hosts = forges.with_token.iter().chain(&forges.without_token);
    hosts.map(|host| forge(host, failing.iter().find(|failing| failing.host == *host), now)).collect()
}

fn forge(host: &str, failing: Option<&FailingForge>, now: DateTime<Utc>) -> Check {
    let key = format!("failing forge {host}");
    let Some(failing) = failing else { return Check::over(key, "the forge answers") };
    if failing.last - failing.since < FORGE {
        return Check::unclear(key);
    }
    let (lasts, error) = (age(failing.since, now), quoted(&failing.error, ERROR));
    let finding = Finding::new(
        Id::ForgeFailing,
        host,
        format!("{host} has not answered for {}; provwatch judges releases without its facts: {error}", span(lasts)),
        "`provwatch doctor` says whether the forge accepts the token; make a new token, or set [forges] enabled = \
         false",
    );
    let alarm = alarm::failing_forge(&key, host, lasts, &failing.error);
    Check::found(key, finding.alarming(true, || alarm))
}

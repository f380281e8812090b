//! Checks the machine: the database, its disk, the files beside it, and alerts that question its work.

use chrono::{DateTime, Utc};

use super::age::age;
use crate::{
    health::{
        Check, Damage, File, Finding, Id, OpenAlert, Snapshot, Storage, WriteFailure, alarm,
        limits::{EDITING, SPACE, SPACE_LOW, WRITE},
    },
    model::{AlertId, AlertKind, Fingerprint, Severity},
    text::{counted, quoted, size, span},
};

/// Most characters of an error.
const ERROR: usize = 300;
/// Most damaged rows that are named.
const NAMED: usize = 3;

pub(super) fn checks(snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<Check> {
    let mut checks = vec![writes(snapshot, now)];
    checks.extend(space(&snapshot.storage));
    checks.extend(damaged(&snapshot.storage).map(|finding| Check::found("damaged rows", finding)));
    checks.push(reload(snapshot, now));
    checks.extend(files(snapshot, now));
    checks.push(trust_files(&snapshot.trust_files, now));
    checks
}

/// Whether the trust files could be read again.
fn trust_files(files: &File, now: DateTime<Utc>) -> Check {
    let (key, name) = ("unusable trust files", "trust root");
    let Some(problem) = &files.problem else { return Check::over(key, "they can be used again") };
    let why = quoted(problem, ERROR);
    let finding = Finding::new(
        Id::TrustFilesUnusable,
        "",
        format!("the {name} on disk cannot be used, and the one that was read before stays in use: {why}"),
        "correct the file; it is read again within [trust] refresh_interval, and on `provwatch reload`",
    );
    Check::found(key, finding.alarming(is_written(files, now), || alarm::unreadable_file(key, name, &why)))
}

/// Whether the file has been unchanged for long enough: an editor may still be writing it.
fn is_written(file: &File, now: DateTime<Utc>) -> bool {
    file.changed_at.is_none_or(|at| age(at, now) > EDITING)
}

/// A reload that the operator requested and the daemon refused.
fn reload(snapshot: &Snapshot, now: DateTime<Utc>) -> Check {
    let (key, over) = ("refused reload", "it was read again and taken");
    let refused = snapshot.runner.began().and(snapshot.runner.facts()).and_then(|facts| facts.refused.as_ref());
    let Some(refused) = refused else { return Check::over(key, over) };
    if snapshot.watchlist.problem.is_some() || snapshot.configuration.problem.is_some() {
        // The finding about the file has the reason for the refusal.
        return Check::unclear(key);
    }
    let (lasts, why) = (age(refused.since, now), quoted(&refused.why, ERROR));
    let finding = Finding::new(
        Id::ReloadRefused,
        "",
        format!("the last reload was refused {} ago: {why}", span(lasts)),
        "correct it, then reload: `provwatch reload`, `systemctl reload provwatch`, or send SIGHUP",
    );
    Check::found(key, finding.alarming(lasts > EDITING, || alarm::refused_reload(key, &why)))
}

fn writes(snapshot: &Snapshot, now: DateTime<Utc>) -> Check {
    let (key, over) = ("failing writes", "the database is written again");
    let told = snapshot.runner.facts().and_then(|facts| facts.write_failure.as_ref());
    let own = snapshot.storage.write_failure.as_ref();
    let last: Option<&WriteFailure> = own.into_iter().chain(told).max_by_key(|failure| failure.at);
    let Some(failure) = last.filter(|failure| age(failure.at, now) <= WRITE) else { return Check::over(key, over) };
    let (ago, why) = (span(age(failure.at, now)), quoted(&failure.why, ERROR));
    let finding = Finding::new(
        Id::WritesFail,
        "",
        format!("the database could not be written {ago} ago: {why}"),
        "look at the space and the rights beside the database; the daemon resumes when it can write, and nothing is \
         skipped",
    );
    Check::found(key, finding.alarming(true, || alarm::failing_writes(key, &why)))
}

fn space(storage: &Storage) -> Vec<Check> {
    let Some(free) = storage.free else { return Vec::new() };
    let (left, path) = (size(free), quoted(&storage.path, ERROR));
    if free < SPACE {
        let key = "full disk";
        let finding = Finding::new(
            Id::DiskFull,
            "",
            format!("the disk is full or nearly so: {left} left beside {path}"),
            "free some space; the daemon resumes by itself, and nothing is skipped",
        );
        return vec![Check::found(key, finding.alarming(true, || alarm::full_disk(key, &path, &left)))];
    }
    let mut checks = vec![Check::over("full disk", "there is space again")];
    if free < SPACE_LOW {
        let sentence = format!("only {left} are left beside {path}");
        checks.push(Check::found("low disk", Finding::new(Id::DiskLow, "", sentence, "free some space")));
    }
    checks
}

fn damaged(storage: &Storage) -> Option<Finding> {
    let Damage { count, latest } = &storage.damaged;
    let first = latest.first()?;
    let named: Vec<String> = latest.iter().take(NAMED).map(|row| quoted(&row.what, 160)).collect();
    let more = if *count > named.len() as u64 { ", …" } else { "" };
    let (rows, were) = (counted(*count, "row"), if *count == 1 { "was" } else { "were" });
    Some(Finding::new(
        Id::RowsDamaged,
        "",
        format!(
            "{rows} of the database {were} damaged in the last day: {}{more} ({})",
            named.join(", "),
            quoted(&first.why, ERROR)
        ),
        "the alert about it says what was rebuilt and what was lost; look at the disk and the memory, and restore a \
         backup if there is more every day (docs/OPERATIONS.md)",
    ))
}

/// Compares the operator's files with those that the daemon uses.
fn files(snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<Check> {
    // A pass reads all files again; only a daemon keeps earlier ones.
    let in_use = snapshot.runner.began().and(snapshot.runner.facts()).map(|facts| &facts.in_use);
    let watchlist = in_use.and_then(|in_use| in_use.watchlist.as_deref());
    let configuration = in_use.and_then(|in_use| in_use.configuration.as_deref());
    [(&snapshot.watchlist, watchlist, WATCHLIST), (&snapshot.configuration, configuration, CONFIGURATION)]
        .into_iter()
        .flat_map(|(file, in_use, words)| file_checks(file, in_use, &words, now))
        .collect()
}

/// The words for a file in findings.
struct Words {
    name: &'static str,
    unusable: Id,
    changed: Id,
    correct: &'static str,
    apply: &'static str,
}

const WATCHLIST: Words = Words {
    name: "watchlist",
    unusable: Id::WatchlistUnusable,
    changed: Id::WatchlistChanged,
    correct: "correct it, then reload: `systemctl reload provwatch`, or send SIGHUP",
    apply: "Reload the daemon: `systemctl reload provwatch`, or send SIGHUP",
};

const CONFIGURATION: Words = Words {
    name: "configuration",
    unusable: Id::ConfigurationUnusable,
    changed: Id::ConfigurationChanged,
    correct: "correct it; `provwatch doctor` checks all of it",
    apply: "Reload the daemon: `systemctl reload provwatch`, or send SIGHUP",
};

fn file_checks(file: &File, in_use: Option<&str>, words: &Words, now: DateTime<Utc>) -> Vec<Check> {
    let (unusable, changed) = (format!("unusable {}", words.name), format!("changed {}", words.name));
    let lasts = is_written(file, now);
    if let Some(problem) = &file.problem {
        let why = quoted(problem, ERROR);
        let sentence = format!("the {} on disk cannot be used: {why}", words.name);
        let finding = Finding::new(words.unusable, "", sentence, words.correct);
        let alarm = || alarm::unreadable_file(&unusable, words.name, &why);
        return vec![Check::found(&unusable, finding.alarming(lasts, alarm)), Check::unclear(changed)];
    }
    let differs = matches!((in_use, &file.digest), (Some(in_use), Some(digest)) if in_use != digest);
    let usable = Check::over(unusable, "it can be used again");
    if !differs {
        return vec![usable, Check::over(changed, "the one on disk is in use")];
    }
    let sentence = format!("the {} on disk is not the one that the daemon uses", words.name);
    let finding = Finding::new(words.changed, "", sentence, lowercase(words.apply));
    let alarm = || alarm::other_file(&changed, words.name, words.apply);
    vec![usable, Check::found(&changed, finding.alarming(lasts, alarm))]
}

fn lowercase(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// Open alerts that question a log, or provwatch's own work. Alerts of the checks are reported by the checks.
pub(super) fn alerts(snapshot: &Snapshot, checks: &[Check]) -> Vec<Check> {
    let id = |check: &Check| Fingerprint::of(AlertKind::Operation, &check.key).id();
    let judged: Vec<AlertId> = checks.iter().map(id).collect();
    snapshot.alerts.iter().filter(|alert| !judged.contains(&alert.id)).filter_map(open).collect()
}

fn open(alert: &OpenAlert) -> Option<Check> {
    let id = match (alert.kind, alert.severity) {
        (AlertKind::Log, Severity::Critical) | (AlertKind::Operation, Severity::Critical | Severity::High) => {
            Id::AlertOpen
        }
        (AlertKind::Log, Severity::High) => Id::LogAlertOpen,
        _ => return None,
    };
    let sentence = format!("an alert is open, {}: {}", alert.severity, quoted(&alert.title, ERROR));
    let next = format!("`provwatch alerts show {0}`, then `provwatch alerts ack {0} --reason '…'`", alert.id);
    Some(Check::found(format!("open alert {}", alert.id), Finding::new(id, alert.id.to_string(), sentence, next)))
}

//! Releases, alerts and log entries that are named by themselves.

use super::{Meaning, Topic};
use crate::{
    cli::{exit::CliError, lookup::term::package_meant, spelling, target::Target},
    model::{Alert, AlertKind, AlertPrefix, ReleaseId},
    store::{EntryTrace, Listed, LogReach, Store, StoreError, Trace},
    text::listed,
};

/// Most origins of one log: the trees of a Rekor v1.
const TREES: usize = 50;
/// Most names in an error.
const SHOWN: usize = 10;

/// A package, or a release in every spelling.
pub(super) fn purl(store: &Store, read: Meaning, target: &Target) -> Result<Meaning, StoreError> {
    let package = spelling::package(store, &target.package)?;
    let mut read = read.being(package.to_string(), &[]);
    if let Some(version) = &target.version {
        let asked = package.at(version.as_str());
        let releases = spelling::releases(store, &asked)?;
        read.what = asked.to_string();
        if releases.is_empty() {
            read.notes.push(format!("{asked} is not stored."));
        }
        read.notes.extend(
            releases
                .iter()
                .filter(|release| **release != asked)
                .map(|release| format!("{asked} is stored as {release}, which is the same version.")),
        );
        read.among = Some(releases);
    } else {
        read.package = Some(package);
    }
    Ok(read)
}

/// The releases of an alert.
pub(super) fn alert(store: &Store, read: Meaning, prefix: &AlertPrefix) -> Result<Meaning, CliError> {
    let Some(alert) = store.alert_named(prefix)? else {
        let meant = package_meant(&prefix.to_string());
        let mut read = read.being(format!("the alert {prefix}"), &[]);
        read.among = Some(Vec::new());
        return Ok(read.noting(format!(
            "No alert's id begins with {prefix}{meant} A commit is found by all of its 40 digits.",
            meant = if meant.is_empty() { ".".to_owned() } else { meant },
        )));
    };
    Ok(of_alert(read, alert))
}

/// The releases of a stored alert.
pub(super) fn of_alert(read: Meaning, alert: Alert) -> Meaning {
    let mut read = read.being(format!("the alert {}", alert.id), &[]);
    match (&alert.purl, &alert.package) {
        (None, Some(package)) => read.package = Some(package.clone()),
        (purl, _) => {
            let releases: Vec<ReleaseId> = purl.iter().chain(&alert.members).cloned().collect();
            if releases.is_empty() && alert.kind != AlertKind::Release {
                read.notes.push("The alert is not about a release.".to_owned());
            }
            read.among = Some(releases);
        }
    }
    read.alert = Some(alert);
    read
}

/// An entry of a log, and the releases that name it.
pub(super) fn entry(store: &Store, read: Meaning, log: &str, index: u64) -> Result<Meaning, CliError> {
    let reaches = store.log_reaches()?;
    let is_meant = |name: &str| name == log || name.strip_prefix(log).is_some_and(|rest| rest.starts_with(" - "));
    let mut origins = store.fitting(Listed::LogOrigins, log, TREES, is_meant)?.values;
    origins.extend(reaches.iter().map(|reach| reach.name.clone()).filter(|name| is_meant(name)));
    origins.sort();
    origins.dedup();
    if origins.is_empty() {
        return Err(unknown(store, &reaches, log)?);
    }
    let read = read.being(format!("entry {index} of the log {log}"), &[Topic::Logs]);
    let read = read.by(origins.iter().map(|origin| Trace::LogEntry { origin, index }));
    let trees = reaches.iter().filter(|reach| is_meant(&reach.name));
    let places = trees.flat_map(|reach| {
        // Rekor v1 is named by its global index; `logs matches` lists the index in the tree.
        let inside = index.checked_sub(reach.offset);
        let inside = inside.into_iter().chain((reach.offset > 0 && reach.name == log).then_some(index));
        inside.map(|index| EntryTrace::Place(reach.name.clone(), index)).collect::<Vec<_>>()
    });
    Ok(read.logged(places))
}

fn unknown(store: &Store, reaches: &[LogReach], log: &str) -> Result<CliError, StoreError> {
    let mut known = store.fitting(Listed::LogOrigins, "", TREES, |_| true)?.values;
    known.extend(reaches.iter().map(|reach| reach.name.clone()));
    known.sort();
    known.dedup();
    let why = format!("no log {log:?} is followed, and no release names it");
    let known = listed(known.into_iter(), SHOWN);
    Ok(CliError::usage(if known.is_empty() { why } else { format!("{why}; known: {known}") })
        .next("`provwatch logs list` shows the followed logs"))
}

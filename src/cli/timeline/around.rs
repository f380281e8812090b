//! What happened around the releases of a package: events of feeds, dist-tags, steps of the baseline, planned changes, and
//! entries of logs.

use chrono::{DateTime, Utc};

use super::{
    as_of::At,
    entry::{Entry, What},
};
use crate::{
    model::{ExpectedChange, Package, WorkflowIdentity},
    registry::FeedChange,
    store::{
        BaselineVersion, EntryTrace, LogEntryRow, OwnedTrace, PackageRow, ReleaseRow, Store, StoreError, StoredEvent,
        Trace,
    },
};

/// Most log entries of a repository.
const ENTRIES: usize = 500;

/// An event of a feed.
pub(super) fn event(event: StoredEvent) -> Entry {
    let at = event.at.unwrap_or(event.seen_at);
    let (action, version) = match serde_json::from_str(&event.change) {
        Ok(FeedChange::Governance { version, action }) => (action, version),
        Ok(FeedChange::Removed) => ("the package was removed".to_owned(), None),
        _ => (event.change, None),
    };
    Entry { at, marked: false, what: What::Event { source: event.source, kind: event.kind, action, version } }
}

/// The dist-tags, each as it was last seen to move.
pub(super) fn dist_tags(package: Option<&PackageRow>, at: At) -> Vec<Entry> {
    let tags = package.and_then(|row| row.dist_tags.as_ref()).into_iter().flatten();
    let tags = tags.filter(|(_, tag)| at.knows(tag.since)).map(|(name, tag)| {
        let (name, version, before) = (name.clone(), tag.version.clone(), tag.before.clone());
        Entry { at: tag.since, marked: false, what: What::DistTag { name, version, before } }
    });
    tags.collect()
}

/// A step of the baseline.
pub(super) fn step(step: &BaselineVersion) -> Entry {
    let what = What::Baseline {
        line: step.line.clone(),
        version: step.version,
        reason: step.reason,
        purl: step.purl.clone(),
        by: step.actor.clone(),
        note: step.note.clone(),
    };
    Entry { at: step.at, marked: false, what }
}

/// A planned change: announced, and perhaps removed.
pub(super) fn expected(change: ExpectedChange, at: At) -> Vec<Entry> {
    let ExpectedChange { id, change, from, until, by, reason, created_at, removed, .. } = change;
    let removed = removed.map(|removal| {
        let (by, reason) = (removal.by, removal.reason);
        (removal.at, What::ExpectedRemoved { id, change: change.clone(), by, reason })
    });
    let announced = (created_at, What::Expected { id, change, from, until, by, reason });
    let all: Vec<(DateTime<Utc>, What)> = [announced].into_iter().chain(removed).collect();
    let known = all.into_iter().filter(|(learned_at, _)| at.knows(*learned_at));
    known.map(|(at, what)| Entry { at, marked: false, what }).collect()
}

/// The log entries of the repositories that built releases, as far as they are of this package.
pub(super) fn logged(store: &Store, package: &Package, rows: &[ReleaseRow], at: At) -> Result<Vec<Entry>, StoreError> {
    let mut clue: Vec<EntryTrace> = Vec::new();
    for identity in rows.iter().filter_map(|row| row.observation.as_ref()).flat_map(|one| one.identities()) {
        for trace in repositories(identity).map(OwnedTrace::from).map(EntryTrace::Signer) {
            if !clue.contains(&trace) {
                clue.push(trace);
            }
        }
    }
    if clue.is_empty() {
        return Ok(Vec::new());
    }
    let found = store.entries_by(&[clue], ENTRIES)?;
    let own = found.entries.into_iter().filter(|row| is_of(row, package) && at.knows(row.seen_at));
    Ok(own.map(|row| entry(row, at)).collect())
}

fn repositories(identity: &WorkflowIdentity) -> impl Iterator<Item = Trace<'_>> {
    let claims = &identity.claims;
    let by_id = claims.source_repository_identifier.as_deref();
    let by_id = by_id.map(|id| Trace::RepositoryId { issuer: &identity.issuer, id });
    by_id.into_iter().chain(claims.source_repository_uri.as_deref().map(Trace::Repository))
}

/// An entry that a release of another package carries is not of this one, though both are of one repository.
fn is_of(row: &LogEntryRow, package: &Package) -> bool {
    match &row.explained_by {
        Some(release) => release.package() == package,
        None => row.entry.packages.contains(package),
    }
}

fn entry(row: LogEntryRow, at: At) -> Entry {
    let judged = row.judged_at.is_some_and(|judged_at| at.knows(judged_at));
    let what = What::LogEntry {
        log: row.log,
        index: row.entry.index,
        signer: row.entry.identity.to_string(),
        explained_by: row.explained_by.filter(|_| judged),
        judged,
        forged: row.entry.not_issued.is_some(),
        seen_at: row.seen_at,
    };
    Entry { at: row.entry.not_before, marked: false, what }
}

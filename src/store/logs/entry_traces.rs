//! The keys by which log entries are found: those of their signers, as releases have them.
//!
//! A row has eight bytes of a hash in place of the value, as in [`traces`](crate::store::traces). The rows of an entry come
//! and go with it.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Params, Row};

use super::entry_row::{Identity, LogEntryRow, entry_row};
use crate::{
    model::WorkflowIdentity,
    store::{
        OwnedTrace, Store, StoreError, Trace,
        columns::{Hash, Json, Micros, Position, limit},
        error::QueryFailure,
        reading::Reading,
        sealed::LOG_ENTRIES,
        traces::{identity_traces, list_workflows},
    },
};

/// What leads to log entries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EntryTrace {
    /// What the certificate says of the signer.
    Signer(OwnedTrace),
    /// The leaf hash.
    Leaf([u8; 32]),
    /// The digest that it covers, hexadecimal.
    Digest(String),
    /// The SHA-256 of the certificate's public key, hexadecimal.
    Key(String),
    /// Its place: the name of the tree, and the index in it.
    Place(String, u64),
}

/// Log entries that a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundEntries {
    /// The entries, the latest first.
    pub entries: Vec<LogEntryRow>,
    /// Whether there may be more.
    pub has_more: bool,
}

/// Most entries that are compared with all clues.
const COMPARED: usize = 1_000;

/// A place in a tree.
type Place = (String, u64);

impl Store {
    /// The verified log entries that all clues lead to, each clue by one of its traces, the latest first.
    ///
    /// # Errors
    /// As every read.
    pub fn entries_by(&self, clues: &[Vec<EntryTrace>], at_most: usize) -> Result<FoundEntries, StoreError> {
        self.read("searching for log entries", |db| {
            let mut fewest: Option<Vec<Place>> = None;
            for clue in clues {
                let places = places(db, clue)?;
                if fewest.as_ref().is_none_or(|fewest| places.len() < fewest.len()) {
                    fewest = Some(places);
                }
            }
            let places = fewest.unwrap_or_default();
            let has_more = places.len() >= COMPARED;
            let mut found = FoundEntries { entries: Vec::new(), has_more };
            for (log, index) in places {
                found.entries.extend(by_place(db, &log, index)?.filter(|row| clues.iter().all(|clue| fits(clue, row))));
            }
            found.entries.sort_by_key(|one| Reverse(one.seen_at));
            found.has_more |= found.entries.len() > at_most;
            found.entries.truncate(at_most);
            Ok(found)
        })
    }
}

/// The places that a clue leads to, at most as many as are compared.
fn places(db: &Reading<'_>, clue: &[EntryTrace]) -> Result<Vec<Place>, QueryFailure> {
    let mut places = Vec::new();
    for trace in clue {
        let most = limit(COMPARED.saturating_sub(places.len()));
        let found = match trace {
            EntryTrace::Signer(trace) => {
                let sql = "SELECT log, idx FROM log_entry_traces WHERE key = ?1
                     ORDER BY seen_at DESC, log DESC, idx DESC LIMIT ?2";
                listed(db, sql, (trace.key().0, most))?
            }
            EntryTrace::Leaf(leaf) => {
                listed(db, "SELECT log, idx FROM log_entries WHERE leaf = ?1 LIMIT ?2", (Hash(*leaf), most))?
            }
            EntryTrace::Digest(digest) => {
                listed(db, "SELECT log, idx FROM log_entries WHERE digest = ?1 LIMIT ?2", (digest, most))?
            }
            EntryTrace::Key(key) => {
                listed(db, "SELECT log, idx FROM log_entries WHERE key_sha256 = ?1 LIMIT ?2", (key, most))?
            }
            EntryTrace::Place(log, index) => vec![(log.clone(), *index)],
        };
        places.extend(found);
    }
    places.sort_unstable();
    places.dedup();
    Ok(places)
}

fn listed(db: &Reading<'_>, sql: &str, values: impl Params) -> Result<Vec<Place>, QueryFailure> {
    let mut query = db.prepare_cached(sql)?;
    let rows = query.query_map(values, |row| Ok((row.get(0)?, row.get::<_, Position>(1)?.0)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn by_place(db: &Reading<'_>, log: &str, index: u64) -> Result<Option<LogEntryRow>, QueryFailure> {
    let sql = "SELECT *, {row} FROM log_entries WHERE log = ?1 AND idx = ?2 AND believed = 1";
    Ok(db.rows(&LOG_ENTRIES, sql, (log, Position(index)), entry_row)?.pop())
}

/// Whether one of the traces leads to what is stored of an entry.
fn fits(clue: &[EntryTrace], row: &LogEntryRow) -> bool {
    let entry = &row.entry;
    clue.iter().any(|trace| match trace {
        EntryTrace::Signer(trace) => signer(&entry.identity).contains(trace),
        EntryTrace::Leaf(leaf) => entry.leaf == *leaf,
        EntryTrace::Digest(digest) => entry.digest.as_ref() == Some(digest),
        EntryTrace::Key(key) => entry.key_sha256 == *key,
        EntryTrace::Place(log, index) => row.log == *log && entry.index == *index,
    })
}

/// Stores the keys of an entry. Its workflow file can be searched for by a pattern, if a trusted authority issued the
/// certificate: of the others anyone can make as many as they like.
pub(super) fn trace(
    db: &Connection,
    log: &str,
    index: u64,
    identity: &WorkflowIdentity,
    is_issued: bool,
    seen_at: DateTime<Utc>,
) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO log_entry_traces (key, seen_at, log, idx) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?;
    for trace in signer(identity) {
        insert.execute((trace.key().0, Micros(seen_at), log, Position(index)))?;
    }
    if is_issued {
        list_workflows(db, &identity_traces(identity))?;
    }
    Ok(())
}

/// What leads to the entries of a signer.
fn signer(identity: &WorkflowIdentity) -> Vec<OwnedTrace> {
    let owner = identity.claims.source_repository_owner_identifier.as_ref();
    let owner = owner.map(|id| format!("{}#{id}", identity.issuer));
    let owner = owner.iter().map(|owner| Trace::Owner(owner));
    identity_traces(identity).into_iter().chain(owner).map(OwnedTrace::from).collect()
}

/// Deletes the keys of entries that are deleted: those of a statement with the columns `log`, `idx`, `identity` and
/// `seen_at`.
pub(super) fn untrace(db: &Connection, entries: &str, values: impl Params) -> Result<(), QueryFailure> {
    let mut delete =
        db.prepare_cached("DELETE FROM log_entry_traces WHERE key = ?1 AND seen_at = ?2 AND log = ?3 AND idx = ?4")?;
    let mut query = db.prepare_cached(entries)?;
    let mut rows = query.query(values)?;
    while let Some(row) = rows.next()? {
        // The keys of a damaged identity stay: they lead to an entry that is not there any more, and is passed over.
        let Ok((log, index, identity, seen_at)) = signed(row) else { continue };
        for trace in signer(&identity) {
            delete.execute((trace.key().0, Micros(seen_at), &log, Position(index)))?;
        }
    }
    Ok(())
}

/// Stores the keys of all entries of a database from before there were any.
pub(in crate::store) fn fill(db: &Connection) -> rusqlite::Result<()> {
    let mut all = db.prepare("SELECT log, idx, identity, seen_at, not_issued IS NULL AS is_issued FROM log_entries")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        if let Ok((log, index, identity, seen_at)) = signed(row) {
            trace(db, &log, index, &identity, row.get("is_issued")?, seen_at)?;
        }
    }
    Ok(())
}

fn signed(row: &Row<'_>) -> rusqlite::Result<(String, u64, WorkflowIdentity, DateTime<Utc>)> {
    let Json(Identity { issuer, subject, claims }) = row.get("identity")?;
    let identity = WorkflowIdentity { issuer, subject, claims };
    Ok((row.get("log")?, row.get::<_, Position>("idx")?.0, identity, row.get::<_, Micros>("seen_at")?.0))
}

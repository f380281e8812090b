//! Stores log entries of watched identities, and unreadable entries.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};
use serde::Serialize;

use super::{
    entry_row::{Identity, LogEntryRow, NewLogEntry, entry_row},
    entry_traces,
};
use crate::{
    model::{ReleaseId, WorkflowIdentity},
    store::{
        Store, StoreError,
        columns::{Hash, Json, Micros, Position, count, limit},
        error::QueryFailure,
        reading::one,
        sealed::{LOG_ENTRIES, LOG_QUARANTINE},
    },
};

/// An entry that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewQuarantined {
    /// Its index in the tree.
    pub index: u64,
    /// Its first bytes.
    pub body: Vec<u8>,
    /// The number of its bytes.
    pub bytes: u64,
    /// The reason.
    pub why: String,
}

/// An unreadable entry as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QuarantinedRow {
    /// Its index in the tree.
    pub index: u64,
    /// The number of its bytes.
    pub bytes: u64,
    /// The reason.
    pub why: String,
    /// When it was downloaded.
    pub seen_at: DateTime<Utc>,
}

/// Which entries to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogEntryFilter<'a> {
    /// Only entries of this log.
    pub log: Option<&'a str>,
    /// The most entries, the latest ones.
    pub limit: usize,
}

impl Store {
    /// Verified entries of watched identities, the latest first.
    ///
    /// # Errors
    /// As every read.
    pub fn log_entries(&self, filter: LogEntryFilter<'_>) -> Result<Vec<LogEntryRow>, StoreError> {
        self.read("listing log entries", |db| {
            let sql = "SELECT *, {row} FROM log_entries WHERE believed = 1 AND (:log IS NULL OR log = :log)
                       ORDER BY seen_at DESC, log, idx DESC LIMIT :limit";
            let wanted = named_params! { ":log": filter.log, ":limit": limit(filter.limit) };
            db.rows(&LOG_ENTRIES, sql, wanted, entry_row)
        })
    }

    /// One entry, if it is verified.
    ///
    /// # Errors
    /// As every read.
    pub fn log_entry(&self, log: &str, index: u64) -> Result<Option<LogEntryRow>, StoreError> {
        self.read("reading a log entry", |db| {
            let sql = "SELECT *, {row} FROM log_entries WHERE log = ?1 AND idx = ?2 AND believed = 1";
            one(db, &LOG_ENTRIES, sql, (log, Position(index)), entry_row)
        })
    }

    /// Verified entries that a release may still explain, in portions: those after `last`, the oldest first.
    pub(crate) fn unjudged_entries(
        &self,
        last: Option<&LogEntryRow>,
        at_most: usize,
    ) -> Result<Vec<LogEntryRow>, StoreError> {
        let after = last.map(|row| (row.seen_at, &*row.log, row.entry.index));
        let (seen_at, log, index) = after.unwrap_or((DateTime::<Utc>::MIN_UTC, "", 0));
        self.read("listing unexplained log entries", |db| {
            let sql = "SELECT *, {row} FROM log_entries WHERE believed = 1 AND judged_at IS NULL
                       AND (seen_at, log, idx) > (?1, ?2, ?3) ORDER BY seen_at, log, idx LIMIT ?4";
            let after = (Micros(seen_at), log, Position(index), limit(at_most));
            db.rows(&LOG_ENTRIES, sql, after, entry_row)
        })
    }

    /// Judges an entry finally. The workflow that its repository signs with is stored in the same transaction.
    pub(crate) fn judge_entry(
        &self,
        row: &LogEntryRow,
        explained_by: Option<&ReleaseId>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write("judging a log entry", |db| {
            let judged = db
                .prepare_cached(
                    "UPDATE log_entries SET judged_at = ?3, explained_by = ?4
                     WHERE log = ?1 AND idx = ?2 AND judged_at IS NULL",
                )?
                .execute((&row.log, Position(row.entry.index), Micros(now), explained_by.map(ToString::to_string)))?;
            // An entry that only a match found was not reported as a workflow of the repository, and does not make it a
            // known one.
            let counts = explained_by.is_some() || !row.entry.packages.is_empty();
            if judged > 0 && counts && row.entry.not_issued.is_none() {
                super::workflows::count_entry(db, &row.entry.identity, explained_by.is_some(), row.seen_at)?;
            }
            Ok(())
        })
    }

    /// Verified entries that were judged since a time, and that no release explains: those of watched packages first,
    /// then the oldest.
    pub(crate) fn unexplained_entries(
        &self,
        since: DateTime<Utc>,
        at_most: usize,
    ) -> Result<Vec<LogEntryRow>, StoreError> {
        self.read("listing log entries that no release explains", |db| {
            let sql = "SELECT *, {row} FROM log_entries WHERE believed = 1 AND judged_at >= ?1 AND explained_by IS NULL
                       AND not_issued IS NULL ORDER BY packages = '[]', judged_at LIMIT ?2";
            db.rows(&LOG_ENTRIES, sql, (Micros(since), limit(at_most)), entry_row)
        })
    }

    /// Stores that a release explains an entry after all.
    pub(crate) fn explain_entry(&self, row: &LogEntryRow, release: &ReleaseId) -> Result<(), StoreError> {
        self.write("explaining a log entry", |db| {
            let explained = db
                .prepare_cached(
                    "UPDATE log_entries SET explained_by = ?3 WHERE log = ?1 AND idx = ?2 AND explained_by IS NULL",
                )?
                .execute((&row.log, Position(row.entry.index), release.to_string()))?;
            if explained > 0 {
                super::workflows::count_explained(db, &row.entry.identity)?;
            }
            Ok(())
        })
    }

    /// Deletes a log's entries with forged certificates that were judged and counted, except this many of the latest.
    pub(crate) fn forget_forged(&self, log: &str, all_but: usize) -> Result<(), StoreError> {
        self.write("forgetting forged log entries", |db| {
            let forged = "log = ?1 AND not_issued IS NOT NULL AND judged_at IS NOT NULL";
            let old = format!(
                "{forged} AND idx <= (SELECT idx FROM log_entries WHERE {forged} ORDER BY idx DESC LIMIT 1 OFFSET ?2)"
            );
            let entries = format!("SELECT log, idx, identity, seen_at FROM log_entries WHERE {old}");
            entry_traces::untrace(db, &entries, (log, limit(all_but)))?;
            db.prepare_cached(&format!("DELETE FROM log_entries WHERE {old}"))?.execute((log, limit(all_but)))?;
            Ok(())
        })
    }

    /// The entries of a log that cannot be read, the latest first.
    ///
    /// # Errors
    /// As every read.
    pub fn quarantined(&self, log: &str, at_most: usize) -> Result<Vec<QuarantinedRow>, StoreError> {
        self.read("listing unreadable log entries", |db| {
            let sql = "SELECT idx, bytes, why, seen_at, {row} FROM log_quarantine WHERE log = ?1 AND believed = 1
                       ORDER BY idx DESC LIMIT ?2";
            let row = |row: &Row<'_>| {
                Ok(QuarantinedRow {
                    index: row.get::<_, Position>(0)?.0,
                    bytes: count(row.get(1)?),
                    why: row.get(2)?,
                    seen_at: row.get::<_, Micros>(3)?.0,
                })
            };
            db.rows(&LOG_QUARANTINE, sql, (log, limit(at_most)), row)
        })
    }
}

pub(super) fn insert(
    db: &Connection,
    log: &str,
    entries: &[NewLogEntry],
    now: DateTime<Utc>,
) -> Result<(), QueryFailure> {
    let mut insert = db.prepare_cached(
        "INSERT INTO log_entries (log, idx, leaf, body, kind, version, identity, key_sha256, digest, serial, not_issued,
         not_before, packages, patterns, seen_at) VALUES (:log, :idx, :leaf, :body, :kind, :version, :identity, :key,
         :digest, :serial, :not_issued, :not_before, :packages, :patterns, :now) ON CONFLICT DO NOTHING",
    )?;
    for entry in entries {
        let WorkflowIdentity { issuer, subject, claims } = entry.identity.clone();
        let inserted = insert.execute(named_params! {
            ":log": log, ":idx": Position(entry.index), ":leaf": Hash(entry.leaf), ":body": entry.body,
            ":kind": entry.kind, ":version": entry.version, ":identity": Json(Identity { issuer, subject, claims }),
            ":key": entry.key_sha256, ":digest": entry.digest, ":serial": entry.serial,
            ":not_issued": entry.not_issued, ":not_before": Micros(entry.not_before),
            ":packages": Json(&entry.packages), ":patterns": Json(&entry.patterns), ":now": Micros(now),
        })?;
        if inserted == 1 {
            entry_traces::trace(db, log, entry.index, &entry.identity, entry.not_issued.is_none(), now)?;
        }
    }
    Ok(())
}

pub(super) fn quarantine(
    db: &Connection,
    log: &str,
    entries: &[NewQuarantined],
    now: DateTime<Utc>,
) -> Result<(), QueryFailure> {
    let mut insert = db.prepare_cached(
        "INSERT INTO log_quarantine (log, idx, body, bytes, why, seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO NOTHING",
    )?;
    for entry in entries {
        insert.execute((log, Position(entry.index), &entry.body, Position(entry.bytes), &entry.why, Micros(now)))?;
    }
    Ok(())
}

/// Marks every downloaded entry as verified.
pub(super) fn believe(db: &Connection, log: &str) -> Result<(), QueryFailure> {
    db.prepare_cached("UPDATE log_entries SET believed = 1 WHERE log = ?1 AND believed = 0")?.execute([log])?;
    db.prepare_cached("UPDATE log_quarantine SET believed = 1 WHERE log = ?1 AND believed = 0")?.execute([log])?;
    Ok(())
}

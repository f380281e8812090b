//! The stored row of one log: its description and reading state.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    CheckpointRow, LogProgress, TailRow, checkpoints, kind::LogKind, log_state::LogState, progress, tail_row::tail_row,
};
use crate::store::{
    Store, StoreError,
    columns::{Micros, Position, Word, count, time},
    error::QueryFailure,
    reading::{Reading, one},
    sealed::LOGS,
};

/// What is known of a log before it is read.
#[derive(Clone, Copy, Debug)]
pub struct NewLog<'a> {
    /// The origin of its checkpoints.
    pub name: &'a str,
    /// The protocol of the log.
    pub kind: LogKind,
    /// Where.
    pub url: &'a str,
    /// SHA-256 over its public key, hexadecimal.
    pub key_id: &'a str,
    /// The global index of its first entry, for shards of Rekor v1.
    pub offset: u64,
    /// Whether it still grows.
    pub standing: LogState,
}

/// A log as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LogRow {
    /// The origin of its checkpoints.
    pub name: String,
    /// The protocol of the log.
    pub kind: LogKind,
    /// Where.
    pub url: String,
    /// SHA-256 over its public key, hexadecimal.
    pub key_id: String,
    /// The global index of its first entry, for shards of Rekor v1.
    pub offset: u64,
    /// Whether it still grows.
    pub standing: LogState,
    /// Since when it is followed.
    pub first_seen: DateTime<Utc>,
    /// Where its tail stands; `None`: only its checkpoints are checked.
    pub tail: Option<TailRow>,
    /// The largest checkpoint that is of one history with all before it.
    pub checkpoint: Option<CheckpointRow>,
    /// How far a long reading has come that is not at its end.
    pub progress: Option<LogProgress>,
    /// Entries downloaded.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Entries by watched identities.
    pub matches: u64,
    /// Entries that cannot be read.
    pub quarantined: u64,
    /// When it was last read and everything held.
    pub last_success: Option<DateTime<Utc>>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it did.
    pub last_error_at: Option<DateTime<Utc>>,
    /// Since when it has failed without a success.
    pub failing_since: Option<DateTime<Utc>>,
}

impl Store {
    /// Makes a log known, or corrects what is known of it. Where its tail stands does not change.
    ///
    /// # Errors
    /// As every write.
    pub fn open_log(&self, log: &NewLog<'_>, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("recording a log", |db| {
            db.prepare_cached(
                "INSERT INTO logs (name, kind, url, key_id, first_index, standing, first_seen)
                 VALUES (:name, :kind, :url, :key_id, :offset, :standing, :now)
                 ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, url = excluded.url, key_id = excluded.key_id,
                 first_index = excluded.first_index, standing = excluded.standing",
            )?
            .execute(named_params! {
                ":name": log.name, ":kind": log.kind.as_str(), ":url": log.url, ":key_id": log.key_id,
                ":offset": Position(log.offset), ":standing": log.standing.as_str(), ":now": Micros(now),
            })?;
            Ok(())
        })
    }

    /// Every log, by name.
    ///
    /// # Errors
    /// As every read.
    pub fn logs(&self) -> Result<Vec<LogRow>, StoreError> {
        self.read("listing the logs", |db| {
            let rows = db.rows(&LOGS, "SELECT *, {row} FROM logs ORDER BY name", [], log_row)?;
            rows.into_iter().map(|row| complete(db, row)).collect()
        })
    }

    /// A log.
    ///
    /// # Errors
    /// As every read.
    pub fn log(&self, name: &str) -> Result<Option<LogRow>, StoreError> {
        self.read("reading a log's state", |db| {
            let row = one(db, &LOGS, "SELECT *, {row} FROM logs WHERE name = ?1", [name], log_row)?;
            row.map(|row| complete(db, row)).transpose()
        })
    }

    /// Changes whether a log still grows.
    pub(crate) fn log_standing(&self, name: &str, standing: LogState) -> Result<(), StoreError> {
        self.write("recording a log's standing", |db| {
            let mut update = db.prepare_cached("UPDATE logs SET standing = ?2 WHERE name = ?1")?;
            update.execute((name, standing.as_str()))?;
            Ok(())
        })
    }

    /// Forgets a log of which nothing was ever read.
    pub(crate) fn forget_log(&self, name: &str) -> Result<(), StoreError> {
        self.write("forgetting a log that was never read", |db| {
            db.prepare_cached(
                "DELETE FROM logs WHERE name = ?1 AND start IS NULL
                 AND NOT EXISTS (SELECT 1 FROM log_checkpoints WHERE log = logs.name)",
            )?
            .execute([name])?;
            Ok(())
        })
    }

    /// Remembers that a log was read and everything held.
    pub(crate) fn log_succeeded(&self, name: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("recording a log's success", |db| succeeded(db, name, now))
    }

    /// Remembers that a log could not be read, or that something did not hold.
    pub(crate) fn log_failed(&self, name: &str, error: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("recording a log's failure", |db| {
            db.prepare_cached(
                "UPDATE logs SET last_error = ?2, last_error_at = ?3, failing_since = coalesce(failing_since, ?4)
                 WHERE name = ?1",
            )?
            .execute((name, error, Micros(now), Micros(now)))?;
            Ok(())
        })
    }
}

pub(super) fn succeeded(db: &Connection, name: &str, now: DateTime<Utc>) -> Result<(), QueryFailure> {
    let mut update = db.prepare_cached("UPDATE logs SET last_success = ?2, failing_since = NULL WHERE name = ?1")?;
    update.execute((name, Micros(now)))?;
    Ok(())
}

fn log_row(row: &Row<'_>) -> rusqlite::Result<LogRow> {
    Ok(LogRow {
        name: row.get("name")?,
        kind: row.get::<_, Word<_>>("kind")?.0,
        url: row.get("url")?,
        key_id: row.get("key_id")?,
        offset: row.get::<_, Position>("first_index")?.0,
        standing: row.get::<_, Word<_>>("standing")?.0,
        first_seen: row.get::<_, Micros>("first_seen")?.0,
        tail: tail_row(row)?,
        checkpoint: None,
        progress: None,
        entries: count(row.get("entries")?),
        bytes: count(row.get("bytes")?),
        matches: 0,
        quarantined: 0,
        last_success: time(row.get("last_success")?),
        last_error: row.get("last_error")?,
        last_error_at: time(row.get("last_error_at")?),
        failing_since: time(row.get("failing_since")?),
    })
}

/// What other tables say of the log.
fn complete(db: &Reading<'_>, row: LogRow) -> Result<LogRow, QueryFailure> {
    let counted = |sql: &str| -> Result<u64, QueryFailure> {
        Ok(count(db.prepare_cached(sql)?.query_row([&row.name], |row| row.get(0))?))
    };
    Ok(LogRow {
        checkpoint: checkpoints::largest(db, &row.name)?,
        progress: progress::of(db, &row.name)?,
        matches: counted("SELECT count(*) FROM log_entries WHERE log = ?1 AND believed = 1")?,
        quarantined: counted("SELECT count(*) FROM log_quarantine WHERE log = ?1 AND believed = 1")?,
        ..row
    })
}

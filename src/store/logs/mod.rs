//! Transparency logs: where each stands, what it signed, what was found in it, and what it did wrong.

mod accusations;
mod checkpoints;
pub(super) mod checks;
mod entries;
mod evidence;
mod matches;
mod mirrors;
mod progress;
mod tail;
mod violations;
mod workflows;

use std::fmt;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use accusations::{Accusation, Scope};
pub use checkpoints::CheckpointRow;
pub use checks::{LONGEST_LOG_CHECK_WAIT, LogCheck, LogCheckOutcome};
pub use entries::{LogEntryFilter, LogEntryRow, NewLogEntry, NewQuarantined, QuarantinedRow};
pub use evidence::{EvidenceRow, NewEvidence};
pub use matches::{Herald, LogMatchFilter, MatchRule, Met};
pub use mirrors::{MirrorRow, MirrorSeen};
pub use progress::LogProgress;
pub use tail::{Advance, Covered, KindCount, TailRow};
pub use violations::{Violated, Violation};
pub use workflows::WorkflowRow;

use super::{
    Store, StoreError,
    columns::{Hashes, Micros, Position, Word, count, time},
    error::Failure,
    reading::{Reading, one},
    sealed::LOGS,
};

/// How a log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogKind {
    /// Rekor v1.
    #[serde(rename = "rekor-v1")]
    RekorV1,
    /// Rekor v2 and other logs of tiles.
    Tiles,
    /// A CT log.
    Ct,
    /// A static CT log.
    StaticCt,
}

impl LogKind {
    /// Whether its entries are certificates, and not signatures.
    pub const fn holds_certificates(self) -> bool {
        matches!(self, Self::Ct | Self::StaticCt)
    }

    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RekorV1 => "rekor-v1",
            Self::Tiles => "tiles",
            Self::Ct => "ct",
            Self::StaticCt => "static-ct",
        }
    }
}

impl fmt::Display for LogKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether a log still grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogStanding {
    /// It grows.
    Active,
    /// Another one has taken its place.
    Retired,
    /// Another one has taken its place, and it was read to its end.
    Drained,
}

impl LogStanding {
    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Drained => "drained",
        }
    }
}

/// What is known of a log before it is read.
#[derive(Clone, Copy, Debug)]
pub struct NewLog<'a> {
    /// The origin of its checkpoints.
    pub name: &'a str,
    /// How it is read.
    pub kind: LogKind,
    /// Where.
    pub url: &'a str,
    /// SHA-256 over its public key, hexadecimal.
    pub key_id: &'a str,
    /// The global index of its first entry, for shards of Rekor v1.
    pub offset: u64,
    /// Whether it still grows.
    pub standing: LogStanding,
}

/// A log as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LogRow {
    /// The origin of its checkpoints.
    pub name: String,
    /// How it is read.
    pub kind: LogKind,
    /// Where.
    pub url: String,
    /// SHA-256 over its public key, hexadecimal.
    pub key_id: String,
    /// The global index of its first entry, for shards of Rekor v1.
    pub offset: u64,
    /// Whether it still grows.
    pub standing: LogStanding,
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
    ///
    /// # Errors
    /// As every write.
    pub fn log_standing(&self, name: &str, standing: LogStanding) -> Result<(), StoreError> {
        self.write("recording a log's standing", |db| {
            let mut update = db.prepare_cached("UPDATE logs SET standing = ?2 WHERE name = ?1")?;
            update.execute((name, standing.as_str()))?;
            Ok(())
        })
    }

    /// Forgets a log of which nothing was ever read.
    ///
    /// # Errors
    /// As every write.
    pub fn forget_log(&self, name: &str) -> Result<(), StoreError> {
        self.write("forgetting a log that was never read", |db| {
            db.prepare_cached(
                "DELETE FROM logs WHERE name = ?1 AND start IS NULL
                 AND NOT EXISTS (SELECT 1 FROM log_checkpoints WHERE log = ?1)",
            )?
            .execute([name])?;
            Ok(())
        })
    }

    /// Remembers that a log was read and everything held.
    ///
    /// # Errors
    /// As every write.
    pub fn log_succeeded(&self, name: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("recording a log's success", |db| succeeded(db, name, now))
    }

    /// Remembers that a log could not be read, or that something did not hold.
    ///
    /// # Errors
    /// As every write.
    pub fn log_failed(&self, name: &str, error: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("recording a log's failure", |db| {
            db.prepare_cached(
                "UPDATE logs SET last_error = ?2, last_error_at = ?3, failing_since = coalesce(failing_since, ?3)
                 WHERE name = ?1",
            )?
            .execute((name, error, Micros(now)))?;
            Ok(())
        })
    }
}

fn succeeded(db: &Connection, name: &str, now: DateTime<Utc>) -> Result<(), Failure> {
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

fn tail_row(row: &Row<'_>) -> rusqlite::Result<Option<TailRow>> {
    let Some(Position(start)) = row.get("start")? else { return Ok(None) };
    Ok(Some(TailRow {
        start,
        verified: row.get::<_, Position>("verified")?.0,
        downloaded: row.get::<_, Position>("downloaded")?.0,
        verified_range: row.get::<_, Hashes>("verified_range")?.0,
        downloaded_range: row.get::<_, Hashes>("downloaded_range")?.0,
    }))
}

/// What other tables say of the log.
fn complete(db: &Reading<'_>, row: LogRow) -> Result<LogRow, Failure> {
    let counted = |sql: &str| -> Result<u64, Failure> {
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

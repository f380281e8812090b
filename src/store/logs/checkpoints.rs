//! Stores the checkpoints that logs signed.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};
use schemars::JsonSchema;
use serde::Serialize;

use crate::store::{
    Store, StoreError,
    columns::{Hash, Micros, Position, limit},
    error::QueryFailure,
    reading::Reading,
    sealed::LOG_CHECKPOINTS,
};

/// A checkpoint that a log signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CheckpointRow {
    /// The number of entries.
    pub size: u64,
    /// The root of the tree over them.
    #[serde(serialize_with = "hex_string")]
    #[schemars(with = "String")]
    pub root: [u8; 32],
    /// The document as it was first seen: a signed note, or a CT log's signed tree head.
    pub note: String,
    /// When it was first seen.
    pub seen_at: DateTime<Utc>,
    /// When it was last seen.
    pub last_seen_at: DateTime<Utc>,
    /// Whether it is consistent with all that were stored before it.
    pub consistent: bool,
}

fn hex_string<S: serde::Serializer>(hash: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(hash))
}

impl Store {
    /// Stores a checkpoint. A known one is marked as seen again; one that was proven consistent stays so.
    ///
    /// # Errors
    /// As every write.
    pub fn keep_checkpoint(&self, log: &str, checkpoint: &CheckpointRow) -> Result<(), StoreError> {
        self.write("keeping a checkpoint", |db| keep(db, log, checkpoint))
    }

    /// Stores that a checkpoint contradicts the others.
    pub(crate) fn checkpoint_contradicts(&self, log: &str, size: u64, root: [u8; 32]) -> Result<(), StoreError> {
        self.write("recording a contradiction", |db| {
            let mut update = db.prepare_cached(
                "UPDATE log_checkpoints SET contradicts = 1 WHERE log = ?1 AND size = ?2 AND root = ?3",
            )?;
            update.execute((log, Position(size), Hash(root)))?;
            Ok(())
        })
    }

    /// Checkpoints that contradict the others, the latest first.
    pub(crate) fn contradicting_checkpoints(
        &self,
        log: &str,
        at_most: usize,
    ) -> Result<Vec<CheckpointRow>, StoreError> {
        self.read("listing contradicting checkpoints", |db| {
            let sql = "SELECT *, {row} FROM log_checkpoints WHERE log = ?1 AND contradicts = 1
                 ORDER BY seen_at DESC LIMIT ?2";
            db.rows(&LOG_CHECKPOINTS, sql, (log, limit(at_most)), checkpoint_row)
        })
    }

    /// Whether this tree is known to contradict the others.
    pub(crate) fn is_contradicting_checkpoint(&self, log: &str, size: u64, root: [u8; 32]) -> Result<bool, StoreError> {
        self.read("looking up a contradiction", |db| {
            let mut query = db.prepare_cached(
                "SELECT 1 FROM log_checkpoints WHERE log = ?1 AND size = ?2 AND root = ?3 AND contradicts = 1",
            )?;
            Ok(query.exists((log, Position(size), Hash(root)))?)
        })
    }

    /// Whether this tree was proven consistent with the log's earlier checkpoints.
    pub(crate) fn is_proven_checkpoint(&self, log: &str, size: u64, root: [u8; 32]) -> Result<bool, StoreError> {
        self.read("looking up a checkpoint", |db| is_consistent(db, log, size, root))
    }

    /// Checkpoints that are neither proven consistent nor known to contradict, the oldest first. Those that an attestation
    /// names wait until the log shows a tree of so many entries: it does not go back where it only shows them late.
    pub(crate) fn unsettled_checkpoints(
        &self,
        log: &str,
        shown: u64,
        at_most: usize,
    ) -> Result<Vec<CheckpointRow>, StoreError> {
        self.read("listing unproven checkpoints", |db| {
            let sql = "SELECT *, {row} FROM log_checkpoints WHERE log = ?1 AND consistent = 0 AND contradicts = 0
                       AND (named IS NULL OR size <= ?2) ORDER BY seen_at LIMIT ?3";
            db.rows(&LOG_CHECKPOINTS, sql, (log, Position(shown), limit(at_most)), checkpoint_row)
        })
    }

    /// The checkpoints of a log, the largest first.
    ///
    /// # Errors
    /// As every read.
    pub fn checkpoints(&self, log: &str, at_most: usize) -> Result<Vec<CheckpointRow>, StoreError> {
        self.read("listing checkpoints", |db| {
            let sql = "SELECT *, {row} FROM log_checkpoints WHERE log = ?1 ORDER BY size DESC, seen_at LIMIT ?2";
            db.rows(&LOG_CHECKPOINTS, sql, (log, limit(at_most)), checkpoint_row)
        })
    }
}

pub(super) fn keep(db: &Connection, log: &str, checkpoint: &CheckpointRow) -> Result<(), QueryFailure> {
    db.prepare_cached(
        "INSERT INTO log_checkpoints (log, size, root, note, seen_at, last_seen_at, consistent)
         VALUES (:log, :size, :root, :note, :seen_at, :last_seen_at, :consistent)
         ON CONFLICT (log, size, root) DO UPDATE SET
             last_seen_at = CASE WHEN log_checkpoints.last_seen_at < excluded.last_seen_at
                 THEN excluded.last_seen_at ELSE log_checkpoints.last_seen_at END,
             consistent = CASE WHEN excluded.consistent = 1 THEN 1 ELSE log_checkpoints.consistent END",
    )?
    .execute(named_params! {
        ":log": log, ":size": Position(checkpoint.size), ":root": Hash(checkpoint.root), ":note": checkpoint.note,
        ":seen_at": Micros(checkpoint.seen_at), ":last_seen_at": Micros(checkpoint.last_seen_at),
        ":consistent": checkpoint.consistent,
    })?;
    Ok(())
}

/// Whether this tree was proven consistent with the log's earlier checkpoints.
pub(super) fn is_consistent(db: &Connection, log: &str, size: u64, root: [u8; 32]) -> Result<bool, QueryFailure> {
    let mut query = db.prepare_cached(
        "SELECT 1 FROM log_checkpoints WHERE log = ?1 AND size = ?2 AND root = ?3 AND consistent = 1",
    )?;
    Ok(query.exists((log, Position(size), Hash(root)))?)
}

/// The largest one that is consistent with all before it.
pub(super) fn largest(db: &Reading<'_>, log: &str) -> Result<Option<CheckpointRow>, QueryFailure> {
    // One more, in case the first is damaged: the one before it was proven too.
    let sql =
        "SELECT *, {row} FROM log_checkpoints WHERE log = ?1 AND consistent = 1 ORDER BY size DESC, seen_at LIMIT 2";
    Ok(db.rows(&LOG_CHECKPOINTS, sql, [log], checkpoint_row)?.into_iter().next())
}

fn checkpoint_row(row: &Row<'_>) -> rusqlite::Result<CheckpointRow> {
    Ok(CheckpointRow {
        size: row.get::<_, Position>("size")?.0,
        root: row.get::<_, Hash>("root")?.0,
        note: row.get("note")?,
        seen_at: row.get::<_, Micros>("seen_at")?.0,
        last_seen_at: row.get::<_, Micros>("last_seen_at")?.0,
        consistent: row.get("consistent")?,
    })
}

//! The damaged rows that were set aside, with the state of their alert.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row};
use serde::Serialize;

use crate::{
    model::Package,
    store::{
        Store, StoreError,
        columns::{Micros, count, limit, time},
        error::QueryFailure,
    },
};

/// A damaged row as it was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DamagedRow {
    /// A serial number.
    pub id: i64,
    pub table: String,
    /// The row's key.
    pub key: String,
    /// The row as it was found: a JSON object, bytes that are not text as `{"hex": ...}`; `null` for a missing row.
    pub content: String,
    /// The reason.
    pub why: String,
    pub found_at: DateTime<Utc>,
    /// The replacement, a sentence.
    pub remedy: String,
    /// When an alert reported it.
    pub told_at: Option<DateTime<Utc>>,
}

impl DamagedRow {
    /// The package whose baseline it was, if it was one.
    pub fn lost_baseline(&self) -> Option<Package> {
        (self.table == "baselines").then(|| self.key.parse().ok()).flatten()
    }
}

impl Store {
    /// Damaged rows that no alert has reported yet, the oldest first.
    pub(crate) fn untold_damage(&self, at_most: usize) -> Result<Vec<DamagedRow>, StoreError> {
        self.read("reading what was damaged", |db| {
            many(db, "SELECT * FROM damaged_rows WHERE told_at IS NULL ORDER BY id LIMIT ?1", at_most)
        })
    }

    /// Damaged rows that were set aside, the latest first.
    ///
    /// # Errors
    /// As every read.
    pub fn damaged_rows(&self, at_most: usize) -> Result<Vec<DamagedRow>, StoreError> {
        self.read("reading what was damaged", |db| {
            many(db, "SELECT * FROM damaged_rows ORDER BY id DESC LIMIT ?1", at_most)
        })
    }

    /// How many damaged rows were set aside since a time.
    pub(crate) fn damage_since(&self, since: DateTime<Utc>) -> Result<u64, StoreError> {
        self.read("counting what was damaged", |db| {
            let mut query = db.prepare_cached("SELECT count(*) FROM damaged_rows WHERE found_at >= ?1")?;
            Ok(count(query.query_row([Micros(since)], |row| row.get(0))?))
        })
    }

    /// Stores that an alert reported a damaged row, and its remedy.
    pub(crate) fn damage_told(&self, id: i64, remedy: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("recording that damage was told", |db| {
            db.prepare_cached("UPDATE damaged_rows SET told_at = ?2, remedy = ?3 WHERE id = ?1")?.execute((
                id,
                Micros(now),
                remedy,
            ))?;
            Ok(())
        })
    }
}

fn many(db: &Connection, sql: &str, at_most: usize) -> Result<Vec<DamagedRow>, QueryFailure> {
    Ok(db.prepare_cached(sql)?.query_map([limit(at_most)], damaged_row)?.collect::<Result<_, _>>()?)
}

fn damaged_row(row: &Row<'_>) -> rusqlite::Result<DamagedRow> {
    Ok(DamagedRow {
        id: row.get("id")?,
        table: row.get("table_name")?,
        key: row.get("row_key")?,
        content: row.get("content")?,
        why: row.get("why")?,
        found_at: row.get::<_, Micros>("found_at")?.0,
        remedy: row.get("remedy")?,
        told_at: time(row.get("told_at")?),
    })
}

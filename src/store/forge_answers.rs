//! Caches the answers of forges.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Store, StoreError, columns::Micros, sealed::FORGE_ANSWERS};
use crate::clock::horizon;

/// For how long an answer is kept.
const KEPT: TimeDelta = TimeDelta::days(180);
/// How far ahead of the clock an answer's time may lie.
const AHEAD: TimeDelta = TimeDelta::days(1);

impl Store {
    /// The earlier answer of a forge to this URL, JSON.
    pub(crate) fn forge_answer(&self, url: &str) -> Result<Option<String>, StoreError> {
        self.read("reading an answer of a forge", |db| {
            // A damaged answer counts as none: the forge is queried again.
            let sql = "SELECT answer, {row} FROM forge_answers WHERE url = ?1";
            Ok(db.rows(&FORGE_ANSWERS, sql, [url], |row| row.get(0))?.pop())
        })
    }

    /// Stores an answer, and deletes those that are too old.
    pub(crate) fn keep_forge_answer(&self, url: &str, answer: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("keeping an answer of a forge", |db| {
            db.prepare_cached(
                "INSERT INTO forge_answers (url, answer, at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (url) DO UPDATE SET answer = excluded.answer, at = excluded.at",
            )?
            .execute((url, answer, Micros(at)))?;
            // Answers that were stored while the clock was ahead would otherwise outlive all others.
            db.prepare_cached("DELETE FROM forge_answers WHERE at < ?1 OR at > ?2")?
                .execute((Micros(at - KEPT), Micros(horizon(at, AHEAD))))?;
            Ok(())
        })
    }
}

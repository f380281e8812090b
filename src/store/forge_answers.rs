//! Caches the answers of forges.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Store, StoreError, columns::Micros, sealed::FORGE_ANSWERS};
use crate::clock::horizon;

/// For how long an answer is kept.
const KEPT: TimeDelta = TimeDelta::days(180);
/// How far ahead of the clock an answer's time may lie.
const AHEAD: TimeDelta = TimeDelta::days(1);

impl Store {
    /// What a forge answered to this URL before, JSON.
    pub(crate) fn forge_answer(&self, url: &str) -> Result<Option<String>, StoreError> {
        self.read("reading an answer of a forge", |db| {
            // A damaged answer is none: the forge is asked again.
            let sql = "SELECT answer, {row} FROM forge_answers WHERE url = ?1";
            Ok(db.rows(&FORGE_ANSWERS, sql, [url], |row| row.get(0))?.pop())
        })
    }

    /// Keeps an answer, and forgets those that are too old.
    pub(crate) fn keep_forge_answer(&self, url: &str, answer: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("keeping an answer of a forge", |db| {
            db.prepare_cached(
                "INSERT INTO forge_answers (url, answer, at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (url) DO UPDATE SET answer = excluded.answer, at = excluded.at",
            )?
            .execute((url, answer, Micros(at)))?;
            // What was kept while the clock was ahead would else outlive all the others.
            db.prepare_cached("DELETE FROM forge_answers WHERE at < ?1 OR at > ?2")?
                .execute((Micros(at - KEPT), Micros(horizon(at, AHEAD))))?;
            Ok(())
        })
    }
}

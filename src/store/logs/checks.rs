//! Queues look-ups of the log entries that releases name.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;

use crate::{
    clock::horizon,
    model::{LogEntry, Observation, Provenance, ReleaseId},
    store::{
        Store, StoreError,
        columns::{Micros, Position, Text, limit},
        error::QueryFailure,
        sealed::LOG_CHECKS,
    },
};

/// An entry that a release names, to be looked up in its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogCheck {
    pub release: ReleaseId,
    pub entry: LogEntry,
    /// When it was queued.
    pub queued_at: DateTime<Utc>,
    /// The number of failed attempts.
    pub attempts: u32,
}

/// The result of a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogCheckOutcome {
    /// The log has it.
    Found,
    /// The log has no entry there.
    Missing,
    /// The log has a different entry there.
    Different,
    /// The log is not followed: there was no look-up.
    NotFollowed,
}

impl LogCheckOutcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Missing => "missing",
            Self::Different => "different",
            Self::NotFollowed => "not-followed",
        }
    }
}

/// The longest wait of a look-up.
pub const LONGEST_LOG_CHECK_WAIT: TimeDelta = TimeDelta::minutes(30);

impl Store {
    /// Entries that are due to be looked up, the longest waiting first.
    pub(crate) fn due_log_checks(&self, now: DateTime<Utc>, at_most: usize) -> Result<Vec<LogCheck>, StoreError> {
        self.read("listing log entries to look up", |db| {
            let sql = "SELECT release, origin, idx, queued_at, attempts, {row} FROM log_checks
                       WHERE outcome IS NULL AND (due_at <= ?1 OR due_at > ?2) ORDER BY due_at, release LIMIT ?3";
            let check = |row: &rusqlite::Row<'_>| {
                Ok(LogCheck {
                    release: row.get::<_, Text<_>>(0)?.0,
                    entry: LogEntry { origin: row.get(1)?, index: row.get::<_, Position>(2)?.0 },
                    queued_at: row.get::<_, Micros>(3)?.0,
                    attempts: row.get(4)?,
                })
            };
            let due = (Micros(now), Micros(horizon(now, LONGEST_LOG_CHECK_WAIT)), limit(at_most));
            db.rows(&LOG_CHECKS, sql, due, check)
        })
    }

    /// Stores the final result of a look-up.
    pub(crate) fn settle_log_check(
        &self,
        check: &LogCheck,
        outcome: LogCheckOutcome,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write("settling a log look-up", |db| {
            db.prepare_cached(
                "UPDATE log_checks SET outcome = ?4, due_at = ?5 WHERE release = ?1 AND origin = ?2 AND idx = ?3",
            )?
            .execute((
                check.release.to_string(),
                &check.entry.origin,
                Position(check.entry.index),
                outcome.as_str(),
                Micros(now),
            ))?;
            Ok(())
        })
    }

    /// Postpones a look-up; `counts` shows whether this was a failed attempt, or none at all.
    pub(crate) fn postpone_log_check(
        &self,
        check: &LogCheck,
        why: &str,
        counts: bool,
        until: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write("postponing a log look-up", |db| {
            db.prepare_cached(
                "UPDATE log_checks SET due_at = ?4, attempts = attempts + ?5, detail = ?6
                 WHERE release = ?1 AND origin = ?2 AND idx = ?3",
            )?
            .execute((
                check.release.to_string(),
                &check.entry.origin,
                Position(check.entry.index),
                Micros(until),
                i64::from(counts),
                why,
            ))?;
            Ok(())
        })
    }
}

/// Queues the entries that a release names; those that are queued already stay as they are.
pub(in crate::store) fn queue(
    db: &Connection,
    observation: &Observation,
    now: DateTime<Utc>,
) -> Result<(), QueryFailure> {
    let mut insert = db.prepare_cached(
        "INSERT INTO log_checks (release, origin, idx, queued_at, due_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING",
    )?;
    for provenance in observation.provenances().chain([&observation.attestation]) {
        if let Provenance::Verified(verified) = provenance
            && let Some(entry) = &verified.log
        {
            let (release, index) = (observation.purl.to_string(), Position(entry.index));
            insert.execute((release, &entry.origin, index, Micros(now), Micros(now)))?;
        }
    }
    Ok(())
}

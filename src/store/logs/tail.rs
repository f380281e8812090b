//! Moves the two positions of a tail, with the rows that depend on them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, named_params};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    CheckpointRow, LogProgress, MatchReporter, NewLogEntry, NewQuarantined, checkpoints, entries, entry_traces,
    log::succeeded, matches, progress,
};
use crate::{
    model::Alert,
    store::{
        Store, StoreError,
        columns::{Hashes, Position, count},
        error::QueryFailure,
        sealed::{LOG_COVERAGE, LOG_KINDS},
    },
};

/// Entries that were downloaded and parsed.
#[derive(Clone, Debug)]
pub struct Advance<'a> {
    /// The start of the range.
    pub before: u64,
    /// The end of the range.
    pub after: u64,
    /// The compact range of everything before that.
    pub range: &'a [[u8; 32]],
    /// The entries of a watched identity.
    pub entries: &'a [NewLogEntry],
    /// The entries that cannot be read.
    pub quarantined: &'a [NewQuarantined],
    /// The number of entries of each kind and version.
    pub kinds: &'a BTreeMap<(String, String), u64>,
    pub bytes: u64,
    /// The progress of the reading that they are part of.
    pub progress: LogProgress,
}

/// A range of entries that was read and proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Covered {
    /// The first entry.
    pub first: u64,
    /// The entry after the last.
    pub past: u64,
}

/// How many entries of a kind were read and proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KindCount {
    /// The kind.
    pub kind: String,
    /// Its version.
    pub version: String,
    /// The number.
    pub count: u64,
}

impl Store {
    /// Starts the tail of a log, or restarts it at another position: entries in between are a gap, which the coverage
    /// shows. Entries before `past` are history, if the tail starts for the first time.
    pub(crate) fn begin_tail(&self, log: &str, at: u64, past: u64, range: &[[u8; 32]]) -> Result<(), StoreError> {
        self.write("beginning a tail", |db| {
            forget_unbelieved(db, log)?;
            matches::begin_history(db, log, past)?;
            // Entries that are read again are counted again.
            db.prepare_cached("DELETE FROM log_kinds WHERE log = ?1")?.execute([log])?;
            db.prepare_cached(
                "UPDATE logs SET start = :at, verified = :at, downloaded = :at, verified_range = :range,
                 downloaded_range = :range WHERE name = :log",
            )?
            .execute(named_params! { ":log": log, ":at": Position(at), ":range": Hashes(range.to_vec()) })?;
            Ok(())
        })
    }

    /// Stores the findings of downloaded entries and moves the downloaded position over them, in one transaction.
    /// `false`: the position is not at their start, and nothing was stored.
    pub(crate) fn log_downloaded(
        &self,
        log: &str,
        advance: &Advance<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.write("storing entries of a log", |db| {
            let moved = db
                .prepare_cached(
                    "UPDATE logs SET downloaded = :after, downloaded_range = :range, entries = entries + :count,
                     bytes = bytes + :bytes WHERE name = :log AND downloaded = :before",
                )?
                .execute(named_params! {
                    ":log": log, ":before": Position(advance.before), ":after": Position(advance.after),
                    ":range": Hashes(advance.range.to_vec()), ":count": Position(advance.after - advance.before),
                    ":bytes": Position(advance.bytes),
                })?;
            if moved == 0 {
                return Ok(false);
            }
            entries::insert(db, log, advance.entries, now)?;
            entries::quarantine(db, log, advance.quarantined, now)?;
            for ((kind, version), number) in advance.kinds {
                add_kind(db, log, kind, version, false, *number)?;
            }
            progress::remember(db, log, &advance.progress)?;
            Ok(true)
        })
    }

    /// Marks the downloaded entries as verified, as they hash to a checkpoint, and has the match reporter report them,
    /// in one transaction. Returns the announced alerts. `None`: the position is not the checkpoint's size, and nothing
    /// changed.
    pub(crate) fn log_verified(
        &self,
        log: &str,
        checkpoint: &CheckpointRow,
        match_reporter: &dyn MatchReporter,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<Alert>>, StoreError> {
        self.write("moving the verified position of a log", |db| {
            let size = checkpoint.size;
            let mut query = db.prepare_cached("SELECT verified FROM logs WHERE name = ?1 AND downloaded = ?2")?;
            let verified = query.query_row((log, Position(size)), |row| row.get::<_, Position>(0)).optional()?;
            let Some(Position(verified)) = verified else { return Ok(None) };
            db.prepare_cached(
                "UPDATE logs SET verified = downloaded, verified_range = downloaded_range WHERE name = ?1",
            )?
            .execute([log])?;
            progress::forget(db, log)?;
            let announced = matches::tell(db, log, match_reporter, now)?;
            entries::believe(db, log)?;
            believe_kinds(db, log)?;
            cover(db, log, Covered { first: verified, past: size })?;
            checkpoints::keep(db, log, checkpoint)?;
            succeeded(db, log, now)?;
            Ok(Some(announced))
        })
    }

    /// Discards downloaded entries that do not hash to the signed root, back to the verified position.
    pub(crate) fn log_rewound(&self, log: &str) -> Result<(), StoreError> {
        self.write("rewinding a log", |db| {
            forget_unbelieved(db, log)?;
            db.prepare_cached(
                "UPDATE logs SET downloaded = verified, downloaded_range = verified_range WHERE name = ?1",
            )?
            .execute([log])?;
            Ok(())
        })
    }

    /// The ranges of a log that were read and proven, in order, with neighbours merged.
    ///
    /// # Errors
    /// As every read.
    pub fn coverage(&self, log: &str) -> Result<Vec<Covered>, StoreError> {
        self.read("reading a log's coverage", |db| {
            let sql = "SELECT first, past, {row} FROM log_coverage WHERE log = ?1 ORDER BY first";
            let covered = |row: &rusqlite::Row<'_>| {
                Ok(Covered { first: row.get::<_, Position>(0)?.0, past: row.get::<_, Position>(1)?.0 })
            };
            db.rows(&LOG_COVERAGE, sql, [log], covered)
        })
    }

    /// How many entries of each kind were read and proven.
    ///
    /// # Errors
    /// As every read.
    pub fn log_kinds(&self, log: &str) -> Result<Vec<KindCount>, StoreError> {
        self.read("counting a log's entries", |db| {
            let sql = "SELECT kind, version, count, {row} FROM log_kinds WHERE log = ?1 AND believed = 1
                       ORDER BY count DESC, kind";
            let kind = |row: &rusqlite::Row<'_>| {
                Ok(KindCount { kind: row.get(0)?, version: row.get(1)?, count: count(row.get(2)?) })
            };
            db.rows(&LOG_KINDS, sql, [log], kind)
        })
    }
}

fn forget_unbelieved(db: &Connection, log: &str) -> Result<(), QueryFailure> {
    progress::forget(db, log)?;
    let unbelieved = "SELECT log, idx, identity, seen_at FROM log_entries WHERE log = ?1 AND believed = 0";
    entry_traces::untrace(db, unbelieved, [log])?;
    for sql in [
        "DELETE FROM log_entries WHERE log = ?1 AND believed = 0",
        "DELETE FROM log_quarantine WHERE log = ?1 AND believed = 0",
        "DELETE FROM log_kinds WHERE log = ?1 AND believed = 0",
    ] {
        db.prepare_cached(sql)?.execute([log])?;
    }
    Ok(())
}

fn add_kind(
    db: &Connection,
    log: &str,
    kind: &str,
    version: &str,
    believed: bool,
    number: u64,
) -> Result<(), QueryFailure> {
    db.prepare_cached(
        "INSERT INTO log_kinds (log, kind, version, believed, count) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (log, kind, version, believed) DO UPDATE SET count = log_kinds.count + excluded.count",
    )?
    .execute((log, kind, version, believed, Position(number)))?;
    Ok(())
}

fn believe_kinds(db: &Connection, log: &str) -> Result<(), QueryFailure> {
    let mut query = db.prepare_cached("SELECT kind, version, count FROM log_kinds WHERE log = ?1 AND believed = 0")?;
    let rows = query.query_map([log], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Position>(2)?.0)))?;
    let rows: Vec<(String, String, u64)> = rows.collect::<Result<_, _>>()?;
    for (kind, version, number) in rows {
        add_kind(db, log, &kind, &version, true, number)?;
    }
    db.prepare_cached("DELETE FROM log_kinds WHERE log = ?1 AND believed = 0")?.execute([log])?;
    Ok(())
}

/// Adds a range to the coverage, merged with the ranges that it touches.
fn cover(db: &Connection, log: &str, range: Covered) -> Result<(), QueryFailure> {
    if range.first >= range.past {
        return Ok(());
    }
    let bounds = (log, Position(range.first), Position(range.past));
    let touching = "log = ?1 AND first <= ?3 AND past >= ?2";
    let mut query = db.prepare_cached(&format!("SELECT min(first), max(past) FROM log_coverage WHERE {touching}"))?;
    let (first, past): (Option<Position>, Option<Position>) =
        query.query_row(bounds, |row| Ok((row.get(0)?, row.get(1)?)))?;
    db.prepare_cached(&format!("DELETE FROM log_coverage WHERE {touching}"))?.execute(bounds)?;
    let first = first.map_or(range.first, |Position(first)| first.min(range.first));
    let past = past.map_or(range.past, |Position(past)| past.max(range.past));
    db.prepare_cached("INSERT INTO log_coverage (log, first, past) VALUES (?1, ?2, ?3)")?.execute((
        log,
        Position(first),
        Position(past),
    ))?;
    Ok(())
}

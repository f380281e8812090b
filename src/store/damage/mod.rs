//! What happens with a row that cannot be believed: it is copied as it is, and something sound takes its place. What that
//! is, `remedy` says for each table; baselines are made anew by the pipeline, which knows how to learn.

mod remedy;
mod rows;

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OpenFlags, Row, named_params};
use serde::Serialize;

use super::{
    Flush, Store, StoreError,
    columns::{Json, Micros, count, limit, time},
    error::Failure,
    open,
    reading::{Broken, Reading, known},
    sealed,
};
use crate::model::{Baseline, Observation, Package, ReleaseLine};

/// Page cache in KiB of the connection that reads everything once, and has no page to come back to.
const CACHE: i64 = -512;
/// Most broken rows that are remembered until they are set aside. The others are come across again.
const REMEMBERED: usize = 1000;
/// SQLite's word for an index that does not fit its table: extended result code 11 + 3 * 256.
const CORRUPT_INDEX: i32 = 779;

/// A damaged row as it was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DamagedRow {
    /// Counts them.
    pub id: i64,
    /// The table.
    pub table: String,
    /// What told the row from the others.
    pub key: String,
    /// The row as it was found: a JSON object, bytes that are not text as `{"hex": ...}`; `null` for one that was missing.
    pub content: String,
    /// What is wrong with it.
    pub why: String,
    /// When it was found.
    pub found_at: DateTime<Utc>,
    /// What was put in its place, a sentence.
    pub remedy: String,
    /// When an alert told of it.
    pub told_at: Option<DateTime<Utc>>,
}

impl DamagedRow {
    /// The package whose baseline it was, if it was one.
    pub fn lost_baseline(&self) -> Option<Package> {
        (self.table == "baselines").then(|| self.key.parse().ok()).flatten()
    }
}

/// What setting damaged rows aside came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetAside {
    /// Rows that were set aside.
    pub rows: usize,
}

/// Broken rows that were come across.
#[derive(Debug, Default)]
pub(super) struct Noted(Mutex<Notes>);

#[derive(Debug, Default)]
struct Notes {
    waiting: Vec<Broken>,
    /// Rows that stay where they are, because their table only grows.
    kept: BTreeSet<(&'static str, String)>,
}

impl Noted {
    pub fn add(&self, broken: impl IntoIterator<Item = Broken>) {
        let mut broken = broken.into_iter().peekable();
        if broken.peek().is_none() {
            return;
        }
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for broken in broken {
            let is_known = notes.waiting.iter().any(|known| (known.table, &known.key) == (broken.table, &broken.key))
                || notes.kept.contains(&(broken.table.name, broken.name()));
            if !is_known && notes.waiting.len() < REMEMBERED {
                notes.waiting.push(broken);
            }
        }
    }

    fn take(&self) -> Vec<Broken> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).waiting)
    }

    fn keep(&self, broken: &Broken) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.kept.insert((broken.table.name, broken.name()));
    }

    fn waiting(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).waiting.len()
    }
}

impl Store {
    /// Damaged rows that this process came across and has not set aside: a reader cannot.
    pub fn damage_noted(&self) -> usize {
        self.noted.waiting()
    }

    /// Compares every row with its checksum, also those that nobody reads; what is damaged is set aside by
    /// [`Store::set_damage_aside`]. On a connection of its own, beside everything else; takes seconds for a gigabyte.
    ///
    /// # Errors
    /// As every read.
    pub fn look_for_damage(&self) -> Result<(), StoreError> {
        let connection = open::connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let cached = connection.pragma_update(None, "cache_size", CACHE);
        cached.map_err(|source| StoreError::sql(&self.path, "looking for damaged rows", source))?;
        self.look_through(&connection)
    }

    pub(super) fn look_through(&self, connection: &Connection) -> Result<(), StoreError> {
        for table in sealed::ALL.iter().filter(|table| !table.columns.is_empty()) {
            let reading = Reading::over(connection);
            let sql = format!("SELECT {{row}} FROM {} WHERE NOT {}", table.name, table.sound(table.name));
            let outcome = reading.rows(table, &sql, [], |_| Ok(()));
            self.noted.add(reading.broken());
            outcome.map_err(|failure| self.failed(failure, "looking for damaged rows"))?;
        }
        Ok(())
    }

    /// Sets aside every damaged row that was come across, each in a transaction of its own, and puts something sound in its
    /// place. Doing so again changes nothing.
    ///
    /// # Errors
    /// As every write. The rows that are left are come across again.
    pub fn set_damage_aside(&self, now: DateTime<Utc>) -> Result<SetAside, StoreError> {
        let mut set_aside = SetAside::default();
        let mut failed = None;
        for broken in self.noted.take() {
            match self.set_row_aside(&broken, now) {
                Ok(kept) => {
                    set_aside.rows += 1;
                    if kept {
                        self.noted.keep(&broken);
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(set_aside), Err)
    }

    /// Whether the row stays where it is.
    fn set_row_aside(&self, broken: &Broken, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let operation = "setting a damaged row aside";
        match self.transact(Flush::Now, |db| rows::set_aside(db, broken, now)) {
            Err(Failure::Sql(error)) if is_of_an_index(&error) => {
                self.rebuild_indexes(broken)?;
                self.write(operation, |db| rows::set_aside(db, broken, now))
            }
            outcome => outcome.map_err(|failure| self.failed(failure, operation)),
        }
    }

    /// A row whose indexed value was changed is not where its index says, and cannot be deleted until that fits again.
    fn rebuild_indexes(&self, broken: &Broken) -> Result<(), StoreError> {
        let sql = format!("REINDEX main.{}", broken.table.name);
        self.transact(Flush::Now, |db| Ok(db.execute_batch(&sql)?))
            .map_err(|failure| self.failed(failure, "making an index anew"))
    }

    /// Damaged rows of which nobody was told, the oldest first.
    ///
    /// # Errors
    /// As every read.
    pub fn untold_damage(&self, at_most: usize) -> Result<Vec<DamagedRow>, StoreError> {
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

    /// Puts a baseline that was learned anew in the place of one that was lost. Nothing changes if there is one again.
    ///
    /// # Errors
    /// As every write.
    pub fn restore_baseline(&self, baseline: &Baseline, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("restoring a baseline", |db| {
            db.prepare_cached(
                "INSERT INTO baselines (package, revision, updated_at, body)
                 SELECT :package, count(*), :now, :body FROM baseline_versions WHERE package = :package
                 ON CONFLICT (package) DO NOTHING",
            )?
            .execute(named_params! {
                ":package": baseline.package.to_string(), ":now": Micros(now), ":body": Json(baseline),
            })?;
            Ok(())
        })
    }

    /// What a lost baseline was learned from, line by line in publish order, and how many releases taught in all: of those
    /// that are not among the first nothing more is known.
    ///
    /// # Errors
    /// As every read.
    pub fn all_teachers(&self, package: &Package) -> Result<(Vec<Observation>, u64), StoreError> {
        let (lines, all) = self.read("reading what a baseline was learned from", |db| {
            let mut lines = db.prepare_cached(
                "SELECT line, count(*) FROM releases WHERE package = ?1 AND teaches = 1 GROUP BY line ORDER BY line",
            )?;
            let counted = lines.query_map([package.to_string()], |row| Ok((row.get(0)?, count(row.get(1)?))))?;
            let counted: Vec<(String, u64)> = counted.filter_map(known).collect::<Result<_, _>>()?;
            let all = counted.iter().map(|(_, releases)| releases).sum();
            Ok((counted.into_iter().map(|(line, _)| ReleaseLine::named(line)).collect::<Vec<_>>(), all))
        })?;
        let mut teachers = Vec::new();
        for line in lines {
            teachers.extend(self.teachers(package, &line)?);
        }
        Ok((teachers, all))
    }

    /// No release of a package has taught: each is learned from once more when its registry describes it again.
    ///
    /// # Errors
    /// As every write.
    pub fn forget_teaching(&self, package: &Package) -> Result<(), StoreError> {
        self.write("forgetting what taught", |db| {
            db.prepare_cached("UPDATE releases SET teaches = 0 WHERE package = ?1")?.execute([package.to_string()])?;
            Ok(())
        })
    }

    /// How many damaged rows were set aside since a time.
    ///
    /// # Errors
    /// As every read.
    pub fn damage_since(&self, since: DateTime<Utc>) -> Result<u64, StoreError> {
        self.read("counting what was damaged", |db| {
            let mut query = db.prepare_cached("SELECT count(*) FROM damaged_rows WHERE found_at >= ?1")?;
            Ok(count(query.query_row([Micros(since)], |row| row.get(0))?))
        })
    }

    /// Remembers that an alert told of a damaged row, and what became of it.
    ///
    /// # Errors
    /// As every write.
    pub fn damage_told(&self, id: i64, remedy: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
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

fn many(db: &Connection, sql: &str, at_most: usize) -> Result<Vec<DamagedRow>, Failure> {
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

pub(super) fn is_of_an_index(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == CORRUPT_INDEX)
}

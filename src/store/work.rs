use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, Row, named_params};
use serde::Serialize;

use super::{
    Store, StoreError,
    columns::{Micros, Text, count, limit, time},
    error::Failure,
};
use crate::{clock::horizon, model::Package};

/// The longest wait that a package is ever given: a server may ask for a day.
pub const LONGEST_WAIT: TimeDelta = TimeDelta::days(1);

/// A package to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Work {
    /// The package.
    pub package: Package,
    /// The revision that its document must have reached, where a feed announced one.
    pub revision: Option<String>,
    /// Who asked: a feed's name, "backfill", "watchlist".
    pub reason: String,
    /// Since when it waits.
    pub since: DateTime<Utc>,
    /// Failed attempts since the last event.
    pub attempts: u32,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Changes with every new event; never given twice.
    pub generation: i64,
}

/// How much there is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WorkSummary {
    /// Packages that wait.
    pub waiting: u64,
    /// Those of them that are due.
    pub due: u64,
    /// Those whose last attempt failed.
    pub failing: u64,
    /// Since when the oldest one waits.
    pub oldest: Option<DateTime<Utc>>,
    /// Since when the oldest one whose last attempt failed waits.
    pub oldest_failing: Option<DateTime<Utc>>,
}

impl Store {
    /// Asks for packages to be looked at, now.
    ///
    /// # Errors
    /// As every write.
    pub fn enqueue(&self, packages: &[Package], reason: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("queueing packages", |db| {
            packages.iter().try_for_each(|package| demand(db, package, None, reason, now))
        })
    }

    /// Asks for packages to be looked at that are not queued yet; those that are keep their turn.
    ///
    /// # Errors
    /// As every write.
    pub fn remind(&self, packages: &[Package], reason: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("queueing packages", |db| {
            let mut queued = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM work WHERE package = ?1)")?;
            for package in packages {
                if !queued.query_row([package.to_string()], |row| row.get(0))? {
                    demand(db, package, None, reason, now)?;
                }
            }
            Ok(())
        })
    }

    /// The packages that are due: those that a feed announced first, then the longest due. A long backfill does not keep a
    /// fresh release waiting.
    ///
    /// # Errors
    /// As every read.
    pub fn due_work(&self, now: DateTime<Utc>, at_most: usize) -> Result<Vec<Work>, StoreError> {
        self.read("reading the queue", |db| {
            let mut query = db.prepare_cached(
                "SELECT * FROM work WHERE due_at <= ?1 OR due_at > ?2
                 ORDER BY revision IS NULL, due_at, package LIMIT ?3",
            )?;
            let (now, horizon) = (Micros(now), Micros(horizon(now, LONGEST_WAIT)));
            Ok(query.query_map((now, horizon, limit(at_most)), work)?.collect::<Result<_, _>>()?)
        })
    }

    /// Puts a failed attempt off. `false`: a newer event came meanwhile, and the package stays due.
    ///
    /// # Errors
    /// As every write.
    pub fn postpone(&self, work: &Work, until: DateTime<Utc>, error: &str) -> Result<bool, StoreError> {
        self.write("putting a package off", |db| {
            let changed = db
                .prepare_cached(
                    "UPDATE work SET due_at = :until, attempts = :attempts, last_error = :error
                     WHERE package = :package AND generation = :generation",
                )?
                .execute(named_params! {
                    ":until": Micros(until),
                    ":attempts": work.attempts.saturating_add(1),
                    ":error": error,
                    ":package": work.package.to_string(),
                    ":generation": work.generation,
                })?;
            Ok(changed == 1)
        })
    }

    /// Takes a package off the queue. `false`: a newer event came meanwhile, and the package stays due.
    ///
    /// # Errors
    /// As every write.
    pub fn finish_work(&self, package: &Package, generation: i64) -> Result<bool, StoreError> {
        self.write("finishing a package", |db| {
            let removed = db
                .prepare_cached("DELETE FROM work WHERE package = ?1 AND generation = ?2")?
                .execute((package.to_string(), generation))?;
            Ok(removed == 1)
        })
    }

    /// The packages whose last attempt failed, the longest waiting first.
    ///
    /// # Errors
    /// As every read.
    pub fn failing_work(&self, at_most: usize) -> Result<Vec<Work>, StoreError> {
        self.read("reading what fails", |db| {
            let mut query =
                db.prepare_cached("SELECT * FROM work WHERE attempts > 0 ORDER BY since, package LIMIT ?1")?;
            Ok(query.query_map([limit(at_most)], work)?.collect::<Result<_, _>>()?)
        })
    }

    /// How much there is to do.
    ///
    /// # Errors
    /// As every read.
    pub fn work_summary(&self, now: DateTime<Utc>) -> Result<WorkSummary, StoreError> {
        self.read("counting the queue", |db| {
            let mut query = db.prepare_cached(
                "SELECT count(*) AS waiting, count(*) FILTER (WHERE due_at <= ?1 OR due_at > ?2) AS due,
                        count(*) FILTER (WHERE attempts > 0) AS failing, min(since) AS oldest,
                        min(since) FILTER (WHERE attempts > 0) AS oldest_failing FROM work",
            )?;
            Ok(query.query_row((Micros(now), Micros(horizon(now, LONGEST_WAIT))), |row| {
                Ok(WorkSummary {
                    waiting: count(row.get("waiting")?),
                    due: count(row.get("due")?),
                    failing: count(row.get("failing")?),
                    oldest: time(row.get("oldest")?),
                    oldest_failing: time(row.get("oldest_failing")?),
                })
            })?)
        })
    }
}

/// Opens work for a package, or makes its work due and new. `since` stays: it tells how long the package has waited.
pub(super) fn demand(
    db: &Connection,
    package: &Package,
    revision: Option<&str>,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let generation: i64 = db
        .prepare_cached("UPDATE work_generation SET value = value + 1 RETURNING value")?
        .query_row([], |row| row.get(0))?;
    db.prepare_cached(
        "INSERT INTO work (package, reason, revision, since, due_at, generation)
         VALUES (:package, :reason, :revision, :now, :now, :generation)
         ON CONFLICT (package) DO UPDATE SET reason = excluded.reason,
             revision = coalesce(excluded.revision, revision), due_at = min(due_at, excluded.due_at),
             attempts = 0, last_error = NULL, generation = excluded.generation",
    )?
    .execute(named_params! {
        ":package": package.to_string(),
        ":reason": reason,
        ":revision": revision,
        ":now": Micros(now),
        ":generation": generation,
    })?;
    Ok(())
}

fn work(row: &Row<'_>) -> rusqlite::Result<Work> {
    Ok(Work {
        package: row.get::<_, Text<_>>("package")?.0,
        revision: row.get("revision")?,
        reason: row.get("reason")?,
        since: row.get::<_, Micros>("since")?.0,
        attempts: row.get("attempts")?,
        last_error: row.get("last_error")?,
        generation: row.get("generation")?,
    })
}

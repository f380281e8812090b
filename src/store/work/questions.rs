//! Queries about due, failing and waiting packages.

use chrono::{DateTime, Utc};
use rusqlite::OptionalExtension;

use super::rows::{AGAIN, FirstSight, LONGEST_WAIT, Lane, Work, WorkSummary, work};
use crate::{
    clock::horizon,
    model::{Package, RegistryKey},
    store::{
        Store, StoreError,
        columns::{Micros, count, limit, time_of_any},
        reading::one,
        sealed::WORK,
    },
};

impl Store {
    /// The packages of a registry that are due in a lane, the longest due first.
    ///
    /// # Errors
    /// As every read.
    pub fn next_work(
        &self,
        registry: impl Into<RegistryKey>,
        lane: Lane,
        now: DateTime<Utc>,
        at_most: usize,
    ) -> Result<Vec<Work>, StoreError> {
        let registry = registry.into().to_string();
        self.read("reading the queue", |db| {
            let sql = "SELECT *, {row} FROM work WHERE registry = ?1 AND lane = ?2 AND (due_at <= ?3 OR due_at > ?4)
                 ORDER BY due_at, package LIMIT ?5";
            let horizon = horizon(now, LONGEST_WAIT);
            let due = (registry, lane as i64, Micros(now), Micros(horizon), limit(at_most));
            db.rows(&WORK, sql, due, work)
        })
    }

    /// How many packages of a registry are due.
    pub(crate) fn due_of(&self, registry: &RegistryKey, now: DateTime<Utc>) -> Result<u64, StoreError> {
        self.read("counting the queue of a registry", |db| {
            let mut query =
                db.prepare_cached("SELECT count(*) FROM work WHERE registry = ?1 AND (due_at <= ?2 OR due_at > ?3)")?;
            let of = (registry.to_string(), Micros(now), Micros(horizon(now, LONGEST_WAIT)));
            Ok(query.query_row(of, |row| row.get(0).map(count))?)
        })
    }

    /// The work item of a package.
    ///
    /// # Errors
    /// As every read.
    pub fn work_of(&self, package: &Package) -> Result<Option<Work>, StoreError> {
        self.read("reading the queue", |db| {
            one(db, &WORK, "SELECT *, {row} FROM work WHERE package = ?1", [package.to_string()], work)
        })
    }

    /// The generation of a package's work item, if there is one.
    pub(crate) fn generation_of(&self, package: &Package) -> Result<Option<i64>, StoreError> {
        self.read("reading the queue", |db| {
            let mut query = db.prepare_cached("SELECT generation FROM work WHERE package = ?1")?;
            Ok(query.query_row([package.to_string()], |row| row.get(0)).optional()?)
        })
    }

    /// The packages whose histories are being read in portions, by purl.
    ///
    /// # Errors
    /// As every read.
    pub fn first_sights(&self, at_most: usize) -> Result<Vec<FirstSight>, StoreError> {
        self.read("reading how far the first sights are", |db| {
            let sql = "SELECT *, {row} FROM work WHERE total IS NOT NULL ORDER BY package LIMIT ?1";
            let rows = db.rows(&WORK, sql, [limit(at_most)], work)?;
            let sight =
                |Work { package, portions, since, .. }| Some(FirstSight { package, portions: portions?, since });
            Ok(rows.into_iter().filter_map(sight).collect())
        })
    }

    /// The packages whose last attempt failed, the longest waiting first.
    ///
    /// # Errors
    /// As every read.
    pub fn failing_work(&self, at_most: usize) -> Result<Vec<Work>, StoreError> {
        self.read("reading what fails", |db| {
            let sql = "SELECT *, {row} FROM work WHERE attempts > 0 ORDER BY since, package LIMIT ?1";
            db.rows(&WORK, sql, [limit(at_most)], work)
        })
    }

    /// The counts of the queue.
    ///
    /// # Errors
    /// As every read.
    pub fn work_summary(&self, now: DateTime<Utc>) -> Result<WorkSummary, StoreError> {
        self.read("counting the queue", |db| {
            let mut query = db.prepare_cached(
                "SELECT count(*) AS waiting, count(*) FILTER (WHERE due_at <= ?1 OR due_at > ?2) AS due,
                        count(*) FILTER (WHERE attempts > 0) AS failing,
                        count(*) FILTER (WHERE attempts = 0 AND reason = ?3) AS again, min(since) AS oldest,
                        min(since) FILTER (WHERE attempts > 0) AS oldest_failing FROM work",
            )?;
            Ok(query.query_row((Micros(now), Micros(horizon(now, LONGEST_WAIT)), AGAIN), |row| {
                Ok(WorkSummary {
                    waiting: count(row.get("waiting")?),
                    due: count(row.get("due")?),
                    failing: count(row.get("failing")?),
                    again: count(row.get("again")?),
                    oldest: time_of_any(row.get("oldest")?),
                    oldest_failing: time_of_any(row.get("oldest_failing")?),
                })
            })?)
        })
    }
}

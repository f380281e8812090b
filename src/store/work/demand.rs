//! Requests a check of packages.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, named_params};

use super::rows::Lane;
use crate::{
    model::Package,
    store::{Store, StoreError, columns::Micros, error::QueryFailure},
};

impl Store {
    /// Queues packages for a check now.
    ///
    /// # Errors
    /// As every write.
    pub fn enqueue(&self, packages: &[Package], reason: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("queueing packages", |db| {
            packages.iter().try_for_each(|package| demand(db, package, Demand::unannounced(reason), now))
        })
    }

    /// Queues packages for a check that are not queued yet; those that are keep their turn.
    pub(crate) fn remind(&self, packages: &[Package], reason: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("queueing packages", |db| {
            let mut queued = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM work WHERE package = ?1)")?;
            for package in packages {
                if !queued.query_row([package.to_string()], |row| row.get(0))? {
                    demand(db, package, Demand::unannounced(reason), now)?;
                }
            }
            Ok(())
        })
    }
}

/// The request for a check of a package.
#[derive(Clone, Copy)]
pub(in crate::store) struct Demand<'a> {
    lane: Lane,
    revision: Option<&'a str>,
    reason: &'a str,
}

impl<'a> Demand<'a> {
    /// A feed announced a change, possibly with the revision that the document must show.
    pub fn announced(reason: &'a str, revision: Option<&'a str>) -> Self {
        Self { lane: Lane::Announced, revision, reason }
    }

    pub fn unannounced(reason: &'a str) -> Self {
        Self { lane: Lane::Rest, revision: None, reason }
    }
}

/// Opens work for a package, or makes its work due and new. `since` stays: it shows how long the package has waited. A
/// package whose turns ended too early stays behind those that need only one turn: however often it is announced, it
/// must not keep their slots.
pub(in crate::store) fn demand(
    db: &Connection,
    package: &Package,
    demand: Demand<'_>,
    now: DateTime<Utc>,
) -> Result<(), QueryFailure> {
    let generation: i64 = db
        .prepare_cached("UPDATE work_generation SET value = value + 1 RETURNING value")?
        .query_row([], |row| row.get(0))?;
    db.prepare_cached(
        "INSERT INTO work (package, registry, lane, reason, revision, since, due_at, generation)
         VALUES (:package, :registry, :lane, :reason, :revision, :now, :now, :generation)
         ON CONFLICT (package) DO UPDATE SET registry = excluded.registry, reason = excluded.reason,
             revision = coalesce(excluded.revision, work.revision),
             due_at = CASE WHEN work.due_at < excluded.due_at THEN work.due_at ELSE excluded.due_at END,
             lane = CASE WHEN excluded.lane >= work.lane THEN work.lane WHEN work.turns > 0 THEN 1
                 ELSE excluded.lane END,
             attempts = 0, last_error = NULL, generation = excluded.generation",
    )?
    .execute(named_params! {
        ":package": package.to_string(),
        ":registry": package.registry().to_string(),
        ":lane": demand.lane as i64,
        ":reason": demand.reason,
        ":revision": demand.revision,
        ":now": Micros(now),
        ":generation": generation,
    })?;
    Ok(())
}

//! Stores the key of pseudonyms, and how far addresses are replaced.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};

use crate::store::{error::QueryFailure, reading::one, sealed::ADDRESS_RETENTION};

/// The key, and how far addresses are replaced. Times are in microseconds.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct State {
    /// The bytes of the key.
    pub key: Vec<u8>,
    /// What is older has no addresses, in all packages.
    pub until: i64,
    /// The walk that is under way.
    pub walk: Option<Walk>,
}

/// A walk through the packages, in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Walk {
    /// What is older loses its addresses.
    pub until: i64,
    /// The package that it is at.
    pub package: String,
    /// The publish time, and the id, of the last release of it that was looked at.
    pub at: i64,
    pub id: i64,
}

impl State {
    /// A state before any walk.
    pub fn new(key: impl Into<Vec<u8>>) -> Self {
        Self { key: key.into(), until: i64::MIN + 1, walk: None }
    }

    /// Before which time a package has no addresses: that of the walk, as soon as it has reached the package.
    pub fn mark(&self, package: &str) -> DateTime<Utc> {
        let reached = self.walk.as_ref().filter(|walk| package <= walk.package.as_str());
        let until = reached.map_or(self.until, |walk| walk.until);
        DateTime::from_timestamp_micros(until).unwrap_or(DateTime::<Utc>::MIN_UTC)
    }
}

/// The state; `None`: no retention was ever set.
pub(super) fn read(db: &Connection) -> Result<Option<State>, QueryFailure> {
    let sql = "SELECT key, until_at, walk_until_at, walk_package, walk_at, walk_id, {row} FROM address_retention
               WHERE only = 1";
    one(db, &ADDRESS_RETENTION, sql, [], |row| {
        Ok(State { key: row.get("key")?, until: row.get("until_at")?, walk: walk(row)? })
    })
}

fn walk(row: &Row<'_>) -> rusqlite::Result<Option<Walk>> {
    let Some(until) = row.get("walk_until_at")? else { return Ok(None) };
    let (package, at, id) = (row.get("walk_package")?, row.get("walk_at")?, row.get("walk_id")?);
    Ok(Some(Walk { until, package, at, id }))
}

/// Stores the state. The key stays as it was.
pub(super) fn write(db: &Connection, state: &State) -> Result<(), QueryFailure> {
    let walk = state.walk.as_ref();
    db.prepare_cached(
        "INSERT INTO address_retention (only, key, until_at, walk_until_at, walk_package, walk_at, walk_id)
         VALUES (1, :key, :until, :walk_until, :package, :at, :id)
         ON CONFLICT (only) DO UPDATE SET until_at = excluded.until_at, walk_until_at = excluded.walk_until_at,
             walk_package = excluded.walk_package, walk_at = excluded.walk_at, walk_id = excluded.walk_id",
    )?
    .execute(named_params! {
        ":key": state.key,
        ":until": state.until,
        ":walk_until": walk.map(|walk| walk.until),
        ":package": walk.map(|walk| walk.package.as_str()),
        ":at": walk.map(|walk| walk.at),
        ":id": walk.map(|walk| walk.id),
    })?;
    Ok(())
}

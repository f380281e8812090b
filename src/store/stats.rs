//! Counts of the stored data.

use rusqlite::{Connection, Row};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Outcome, Store, StoreError,
    columns::{Rank, Word, count},
    error::QueryFailure,
    reading::known,
};
use crate::model::{AlertStatus, Severity};

/// The number of stored rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Stats {
    /// Packages that were ever checked.
    pub packages: u64,
    /// Releases by outcome; an outcome that never occurred is left out.
    pub releases: Vec<(Outcome, u64)>,
    /// Releases that are not fully checked.
    pub unchecked: u64,
    /// Alerts by status and severity; pairs that never occurred are left out. One that repeats an open alert does not count.
    pub alerts: Vec<(AlertStatus, Severity, u64)>,
    /// Size of the database without its write-ahead log, in bytes.
    pub bytes: u64,
    /// The schema's version.
    pub schema_version: u64,
}

impl Store {
    /// Counts the stored rows.
    ///
    /// # Errors
    /// As every read.
    pub fn stats(&self) -> Result<Stats, StoreError> {
        self.read("counting what is stored", |db| {
            Ok(Stats {
                packages: one(db, "SELECT count(*) FROM packages")?,
                releases: many(
                    db,
                    "SELECT outcome, count(*) FROM releases GROUP BY outcome ORDER BY outcome",
                    |row| Ok((row.get::<_, Word<_>>(0)?.0, count(row.get(1)?))),
                )?,
                unchecked: one(db, "SELECT count(*) FROM releases WHERE unchecked <> '[]'")?,
                alerts: many(
                    db,
                    "SELECT status, severity, count(*) FROM alerts WHERE repeats IS NULL GROUP BY status, severity
                     ORDER BY status, severity DESC",
                    |row| Ok((row.get::<_, Word<_>>(0)?.0, row.get::<_, Rank>(1)?.0, count(row.get(2)?))),
                )?,
                bytes: one(db, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")?,
                schema_version: one(db, "SELECT user_version FROM pragma_user_version")?,
            })
        })
    }
}

fn one(db: &Connection, sql: &str) -> Result<u64, QueryFailure> {
    Ok(count(db.prepare_cached(sql)?.query_row([], |row| row.get(0))?))
}

fn many<T>(
    db: &Connection,
    sql: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, QueryFailure> {
    let mut query = db.prepare_cached(sql)?;
    Ok(query.query_map([], read)?.filter_map(known).collect::<Result<_, _>>()?)
}

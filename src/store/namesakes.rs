//! Stores the public packages that share a name with a watched package of another registry.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row, named_params};
use serde::Serialize;

use super::{
    Store, StoreError,
    columns::{Micros, Text, time},
};
use crate::model::Package;

/// The known state of a public package with the name of a private one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Namesake {
    /// The private package.
    pub package: Package,
    /// When the public registry was last queried.
    pub tried_at: DateTime<Utc>,
    /// When the public registry last answered; `None`: never.
    pub answered_at: Option<DateTime<Utc>>,
    /// Since when it has such a package; `None`: it had none at its last answer.
    pub there_since: Option<DateTime<Utc>>,
    /// The `ETag` of the public document.
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    pub last_modified: Option<String>,
    /// The last error of a query to the public registry, if it failed.
    pub last_error: Option<String>,
}

impl Store {
    /// The known state of a package's public namesake; `None`: the public registry was never queried.
    ///
    /// # Errors
    /// As every read.
    pub fn namesake(&self, package: &Package) -> Result<Option<Namesake>, StoreError> {
        self.read("reading what is known of a public namesake", |db| {
            let mut query = db.prepare_cached("SELECT * FROM namesakes WHERE package = ?1")?;
            Ok(query.query_row([package.to_string()], namesake).optional()?)
        })
    }

    /// The known states of all public namesakes, by purl.
    pub(crate) fn namesakes(&self) -> Result<Vec<Namesake>, StoreError> {
        self.read("listing the public namesakes", |db| {
            let mut query = db.prepare_cached("SELECT * FROM namesakes ORDER BY package")?;
            Ok(query.query_map([], namesake)?.collect::<Result<_, _>>()?)
        })
    }

    /// Stores the whole row.
    pub(crate) fn keep_namesake(&self, row: &Namesake) -> Result<(), StoreError> {
        self.write("storing what is known of a public namesake", |db| {
            db.prepare_cached(
                "INSERT INTO namesakes
                     (package, tried_at, answered_at, there_since, etag, last_modified, last_error)
                 VALUES (:package, :tried_at, :answered_at, :there_since, :etag, :last_modified, :last_error)
                 ON CONFLICT (package) DO UPDATE SET tried_at = excluded.tried_at, answered_at = excluded.answered_at,
                     there_since = excluded.there_since, etag = excluded.etag,
                     last_modified = excluded.last_modified, last_error = excluded.last_error",
            )?
            .execute(named_params! {
                ":package": row.package.to_string(),
                ":tried_at": Micros(row.tried_at),
                ":answered_at": row.answered_at.map(Micros),
                ":there_since": row.there_since.map(Micros),
                ":etag": row.etag,
                ":last_modified": row.last_modified,
                ":last_error": row.last_error,
            })?;
            Ok(())
        })
    }
}

fn namesake(row: &Row<'_>) -> rusqlite::Result<Namesake> {
    Ok(Namesake {
        package: row.get::<_, Text<_>>("package")?.0,
        tried_at: row.get::<_, Micros>("tried_at")?.0,
        answered_at: time(row.get("answered_at")?),
        there_since: time(row.get("there_since")?),
        etag: row.get("etag")?,
        last_modified: row.get("last_modified")?,
        last_error: row.get("last_error")?,
    })
}

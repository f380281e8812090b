//! The rows of releases and uses.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{codes, projects::ProjectRow};
use crate::{
    model::{Package, Place, Reachability, ReleaseId, Use, Vex},
    store::{
        columns::{Micros, Text, time},
        error::QueryFailure,
    },
};

/// The columns of a use `u` of the release `r` through the release `t`.
pub(super) const COLUMNS: &str = "r.package, r.version, t.package AS through_package, t.version AS through_version,
    u.release, u.from_at, u.until_at, u.scope, u.depth, u.vex, u.reachability";

/// A use as it is stored, by the project whose it is.
#[derive(Clone, Debug)]
pub(super) struct UseRow {
    /// The number of its release.
    pub id: i64,
    pub release: ReleaseId,
    pub place: Place,
    pub vex: Option<Vex>,
    pub reachability: Option<Reachability>,
    pub since: DateTime<Utc>,
    pub until: Option<DateTime<Utc>>,
}

impl UseRow {
    /// The use, by its project.
    pub fn of(self, project: &ProjectRow) -> Use {
        let Place { scope, depth, through } = self.place;
        Use {
            project: project.name.clone(),
            kind: project.kind,
            owner: project.owner.clone(),
            release: self.release,
            scope,
            depth,
            through,
            since: self.since,
            until: self.until,
            vex: self.vex,
            reachability: self.reachability,
        }
    }
}

/// Reads the [`COLUMNS`]. What leads to a release is only shown, so that an unreadable one is left out.
pub(super) fn use_row(row: &Row<'_>) -> rusqlite::Result<UseRow> {
    let package: Package = row.get::<_, Text<_>>("package")?.0;
    let first = row.get::<_, Option<String>>("through_package")?.and_then(|text| text.parse::<Package>().ok());
    let first = first.zip(row.get::<_, Option<String>>("through_version")?);
    Ok(UseRow {
        id: row.get("release")?,
        release: package.at(row.get::<_, String>("version")?),
        place: Place {
            scope: codes::scope(row.get("scope")?),
            depth: row.get("depth")?,
            through: first.map(|(package, version)| package.at(version)),
        },
        vex: codes::vex(row.get("vex")?),
        reachability: codes::reachability(row.get("reachability")?),
        since: row.get::<_, Micros>("from_at")?.0,
        until: time(row.get("until_at")?),
    })
}

/// The number of a release, which is stored if it is new.
pub(super) fn number_of(db: &Connection, release: &ReleaseId) -> Result<i64, QueryFailure> {
    let key = (release.package().to_string(), release.version());
    let mut known = db.prepare_cached("SELECT id FROM inventory_releases WHERE package = ?1 AND version = ?2")?;
    if let Some(id) = known.query_row((&key.0, key.1), |row| row.get(0)).optional()? {
        return Ok(id);
    }
    let mut insert =
        db.prepare_cached("INSERT INTO inventory_releases (package, version) VALUES (?1, ?2) RETURNING id")?;
    Ok(insert.query_row((&key.0, key.1), |row| row.get(0))?)
}

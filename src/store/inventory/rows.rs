//! The rows of releases and uses.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{codes, projects::ProjectRow};
use crate::{
    model::{Package, Place, Reachability, ReleaseId, Use, Vex},
    store::{
        columns::{Micros, Text, time},
        error::QueryFailure,
        reading::Reading,
        sealed::INVENTORY_RELEASES,
    },
};

/// The columns of a use `u`: numbers, so that a package that every project uses is read quickly.
pub(super) const COLUMNS: &str =
    "u.release, u.project, u.from_at, u.until_at, u.scope, u.depth, u.through, u.vex, u.reachability";

/// A use as it is stored, by the numbers of its release and its project.
#[derive(Clone, Debug)]
pub(super) struct UseRow {
    pub id: i64,
    pub project: i64,
    pub release: ReleaseId,
    /// Without the step that leads to it, until [`Steps::fill`] reads that.
    pub place: Place,
    through: Option<i64>,
    pub vex: Option<Vex>,
    pub reachability: Option<Reachability>,
    pub since: DateTime<Utc>,
    pub until: Option<DateTime<Utc>>,
}

impl UseRow {
    /// Reads the [`COLUMNS`] of a use of this release.
    pub fn of(release: ReleaseId, row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("release")?,
            project: row.get("project")?,
            release,
            place: Place { scope: codes::scope(row.get("scope")?), depth: row.get("depth")?, through: None },
            through: row.get("through")?,
            vex: codes::vex(row.get("vex")?),
            reachability: codes::reachability(row.get("reachability")?),
            since: row.get::<_, Micros>("from_at")?.0,
            until: time(row.get("until_at")?),
        })
    }

    /// The use, by its project.
    pub fn by(self, project: &ProjectRow) -> Use {
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

/// The releases that lead to others, each read once: many uses share the first step.
#[derive(Default)]
pub(super) struct Steps(HashMap<i64, Option<ReleaseId>>);

impl Steps {
    /// Reads the steps of uses. They are only shown, so that an unreadable one is left out.
    pub fn fill(&mut self, db: &Reading<'_>, rows: &mut [UseRow]) -> Result<(), QueryFailure> {
        for row in rows {
            if let Some(number) = row.through {
                row.place.through = self.of(db, number)?;
            }
        }
        Ok(())
    }

    fn of(&mut self, db: &Reading<'_>, number: i64) -> Result<Option<ReleaseId>, QueryFailure> {
        if let Some(known) = self.0.get(&number) {
            return Ok(known.clone());
        }
        let sql = "SELECT package, version, {row} FROM inventory_releases WHERE id = ?1";
        let found = db.rows(&INVENTORY_RELEASES, sql, [number], release_of)?.pop();
        self.0.insert(number, found.clone());
        Ok(found)
    }
}

/// The release of a row of releases.
pub(super) fn release_of(row: &Row<'_>) -> rusqlite::Result<ReleaseId> {
    let package: Package = row.get::<_, Text<_>>("package")?.0;
    Ok(package.at(row.get::<_, String>("version")?))
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

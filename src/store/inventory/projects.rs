//! Stores the projects and vendors of the inventory.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    model::{Owner, ProjectKind},
    store::{
        Store, StoreError,
        columns::{Micros, Word, count, time},
        error::QueryFailure,
        reading::{Reading, one},
        sealed::INVENTORY_PROJECTS,
    },
};

/// A project or vendor of the inventory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProjectRow {
    #[serde(skip)]
    pub(super) id: i64,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: ProjectKind,
    /// The team that answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// How many releases it locks.
    pub releases: u64,
    /// When it was added.
    pub added_at: DateTime<Utc>,
    /// When its files were uploaded last.
    pub uploaded_at: DateTime<Utc>,
    /// When its releases changed last.
    pub changed_at: DateTime<Utc>,
    /// When it was removed; its past stays for questions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<DateTime<Utc>>,
}

impl Store {
    /// The projects and vendors by name, also those that were removed.
    ///
    /// # Errors
    /// As every read.
    pub fn inventory_projects(&self) -> Result<Vec<ProjectRow>, StoreError> {
        self.read("listing the projects of the inventory", all)
    }

    /// A project by its name, also one that was removed.
    ///
    /// # Errors
    /// As every read.
    pub fn inventory_project(&self, name: &str) -> Result<Option<ProjectRow>, StoreError> {
        self.read("reading a project of the inventory", |db| named(db, name))
    }

    /// Removes a project from the inventory: it uses nothing any more, and its past stays. `false`: it was not there.
    ///
    /// # Errors
    /// As every write.
    pub fn remove_project(&self, name: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.write("removing a project from the inventory", |db| {
            let Some(project) = named(db, name)?.filter(|project| project.removed_at.is_none()) else {
                return Ok(false);
            };
            db.prepare_cached("UPDATE inventory_uses SET until_at = ?2 WHERE project = ?1 AND until_at IS NULL")?
                .execute((project.id, Micros(now)))?;
            db.prepare_cached(
                "UPDATE inventory_projects SET removed_at = :now, changed_at = :now, releases = 0 WHERE id = :id",
            )?
            .execute(named_params! { ":now": Micros(now), ":id": project.id })?;
            Ok(true)
        })
    }
}

pub(super) fn all(db: &Reading<'_>) -> Result<Vec<ProjectRow>, QueryFailure> {
    db.rows(&INVENTORY_PROJECTS, "SELECT *, {row} FROM inventory_projects ORDER BY name", [], project_row)
}

pub(super) fn named(db: &Connection, name: &str) -> Result<Option<ProjectRow>, QueryFailure> {
    one(db, &INVENTORY_PROJECTS, "SELECT *, {row} FROM inventory_projects WHERE name = ?1", [name], project_row)
}

/// What an upload says of its project.
pub(super) struct Said<'a> {
    pub name: &'a str,
    pub kind: ProjectKind,
    pub owner: Option<&'a Owner>,
    pub releases: i64,
    pub uploaded_at: DateTime<Utc>,
    /// Whether its releases changed.
    pub is_changed: bool,
}

/// Writes the row of a project, and returns its number. One that was removed is back.
pub(super) fn save(db: &Connection, said: &Said<'_>, now: DateTime<Utc>) -> Result<i64, QueryFailure> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO inventory_projects (name, kind, owner, added_at, uploaded_at, changed_at, releases)
         VALUES (:name, :kind, :owner, :now, :uploaded_at, :now, :releases)
         ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, owner = coalesce(excluded.owner, inventory_projects.owner),
             uploaded_at = excluded.uploaded_at, releases = excluded.releases, removed_at = NULL,
             changed_at = CASE WHEN :is_changed THEN excluded.changed_at ELSE inventory_projects.changed_at END
         RETURNING id",
    )?;
    let values = named_params! {
        ":name": said.name, ":kind": Word(said.kind), ":owner": said.owner.map(Owner::as_str), ":now": Micros(now),
        ":uploaded_at": Micros(said.uploaded_at), ":releases": said.releases, ":is_changed": said.is_changed,
    };
    Ok(upsert.query_row(values, |row| row.get(0))?)
}

fn project_row(row: &Row<'_>) -> rusqlite::Result<ProjectRow> {
    Ok(ProjectRow {
        id: row.get("id")?,
        name: row.get("name")?,
        kind: row.get::<_, Word<_>>("kind")?.0,
        owner: row.get("owner")?,
        releases: count(row.get("releases")?),
        added_at: row.get::<_, Micros>("added_at")?.0,
        uploaded_at: row.get::<_, Micros>("uploaded_at")?.0,
        changed_at: row.get::<_, Micros>("changed_at")?.0,
        removed_at: time(row.get("removed_at")?),
    })
}

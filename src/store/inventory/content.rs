//! Reads what a project locks, and what it locked.

use chrono::{DateTime, Utc};
use rusqlite::{Row, named_params};

use super::{
    projects::{ProjectRow, named},
    rows::{COLUMNS, Steps, UseRow, release_of},
};
use crate::{
    model::Use,
    store::{Store, StoreError, columns::Micros, error::QueryFailure, reading::Reading, sealed::INVENTORY_RELEASES},
};

/// Which uses of a project to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those of now.
    Present,
    /// Those that began or ended since then.
    ChangedSince(DateTime<Utc>),
    /// Those of now, and the past ones that are still stored.
    All,
}

impl Store {
    /// The uses of a project by release; none of an unknown project.
    ///
    /// # Errors
    /// As every read.
    pub fn uses_of_project(&self, name: &str, which: Which) -> Result<Vec<Use>, StoreError> {
        self.read("reading what a project uses", |db| {
            let Some(project) = named(db, name)? else { return Ok(Vec::new()) };
            let mut uses: Vec<Use> = of_project(db, &project, which)?.into_iter().map(|row| row.by(&project)).collect();
            uses.sort_by(|one, other| (&one.release, one.since).cmp(&(&other.release, other.since)));
            Ok(uses)
        })
    }
}

pub(super) fn of_project(db: &Reading<'_>, project: &ProjectRow, which: Which) -> Result<Vec<UseRow>, QueryFailure> {
    let (condition, since) = match which {
        Which::Present => ("u.until_at IS NULL", None),
        Which::ChangedSince(since) => ("(u.from_at >= :since OR u.until_at >= :since)", Some(since)),
        Which::All => ("TRUE", None),
    };
    let sql = format!(
        "SELECT {COLUMNS}, r.package, r.version, {{row AS r}} FROM inventory_uses AS u
         JOIN inventory_releases AS r ON r.id = u.release WHERE u.project = :project AND {condition}"
    );
    let read = |row: &Row<'_>| UseRow::of(release_of(row)?, row);
    let mut rows = match since {
        Some(since) => {
            let values = named_params! { ":project": project.id, ":since": Micros(since) };
            db.rows(&INVENTORY_RELEASES, &sql, values, read)
        }
        None => db.rows(&INVENTORY_RELEASES, &sql, named_params! { ":project": project.id }, read),
    }?;
    Steps::default().fill(db, &mut rows)?;
    Ok(rows)
}

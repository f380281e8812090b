//! Answers who uses a release or a package: now, and before.

use std::collections::{BTreeSet, HashMap};

use rusqlite::Connection;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    projects::{self, ProjectRow},
    rows::{COLUMNS, UseRow, use_row},
};
use crate::{
    model::{Package, ReleaseId, Use, is_same},
    store::{
        Store, StoreError,
        error::QueryFailure,
        reading::Reading,
        sealed::INVENTORY_RELEASES,
    },
};

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsesOf<'a> {
    /// These releases, in every spelling of their versions.
    Releases(&'a [ReleaseId]),
    /// These packages, in any version.
    Packages(&'a [Package]),
}

/// The projects that use releases or packages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Uses {
    /// How many projects use one of them now.
    pub projects: u64,
    /// How many others used one before.
    pub past_projects: u64,
    /// The uses of now and before, the most important first.
    pub uses: Vec<Use>,
}

impl Store {
    /// The projects that use releases or packages now, or used them before, with at most so many uses. Past uses are stored
    /// for as long as `[store] keep` says.
    ///
    /// # Errors
    /// As every read.
    pub fn uses_of(&self, what: UsesOf<'_>, at_most: usize) -> Result<Uses, StoreError> {
        self.read("looking for the projects that use a release", |db| {
            let projects = Projects::of(db)?;
            let mut found = Vec::new();
            for package in what.packages() {
                found.extend(of_releases(db, package, |release| what.is_about(release))?);
            }
            Ok(Uses::of(projects.uses(found), at_most))
        })
    }
}

impl UsesOf<'_> {
    /// The packages, each once.
    fn packages(&self) -> BTreeSet<&Package> {
        match self {
            Self::Releases(releases) => releases.iter().map(ReleaseId::package).collect(),
            Self::Packages(packages) => packages.iter().collect(),
        }
    }

    /// Whether it is about a release of one of its packages.
    fn is_about(&self, release: &ReleaseId) -> bool {
        match self {
            Self::Releases(releases) => releases.iter().any(|one| is_same(one, release)),
            Self::Packages(_) => true,
        }
    }
}

impl Uses {
    fn of(mut uses: Vec<Use>, at_most: usize) -> Self {
        let names = |is_past: bool| -> BTreeSet<&str> {
            uses.iter().filter(|one| one.until.is_some() == is_past).map(|one| one.project.as_str()).collect()
        };
        let (now, before) = (names(false), names(true));
        let (projects, past_projects) = (now.len() as u64, before.difference(&now).count() as u64);
        uses.sort_by_cached_key(Use::importance);
        uses.truncate(at_most);
        Self { projects, past_projects, uses }
    }

    /// Whether no project uses one of them, or did.
    pub fn is_empty(&self) -> bool {
        self.projects == 0 && self.past_projects == 0
    }
}

/// The projects by their numbers.
pub(super) struct Projects(HashMap<i64, ProjectRow>);

impl Projects {
    pub fn of(db: &Reading<'_>) -> Result<Self, QueryFailure> {
        Ok(Self(projects::all(db)?.into_iter().map(|project| (project.id, project)).collect()))
    }

    /// The uses by their projects; those of a damaged row are left out.
    pub fn uses(&self, rows: Vec<(i64, UseRow)>) -> Vec<Use> {
        rows.into_iter().filter_map(|(project, row)| Some(row.of(self.0.get(&project)?))).collect()
    }
}

/// The uses of a package's releases that are meant, each with the number of its project.
pub(super) fn of_releases(
    db: &Reading<'_>,
    package: &Package,
    is_meant: impl Fn(&ReleaseId) -> bool,
) -> Result<Vec<(i64, UseRow)>, QueryFailure> {
    let sql = format!(
        "SELECT {COLUMNS}, u.project, {{row AS r}} FROM inventory_releases AS r
         JOIN inventory_uses AS u ON u.release = r.id
         LEFT JOIN inventory_releases AS t ON t.id = u.through WHERE r.id = ?1"
    );
    let mut found = Vec::new();
    for (number, version) in numbers(db, package)? {
        if is_meant(&package.at(version)) {
            found.extend(
                db.rows(&INVENTORY_RELEASES, &sql, [number], |row| Ok((row.get("project")?, use_row(row)?)))?,
            );
        }
    }
    Ok(found)
}

/// The numbers of a package's releases, with their versions. A damaged row is noted when it is read with its uses.
fn numbers(db: &Connection, package: &Package) -> Result<Vec<(i64, String)>, QueryFailure> {
    let mut query = db.prepare_cached("SELECT id, version FROM inventory_releases WHERE package = ?1")?;
    let rows = query.query_map([package.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

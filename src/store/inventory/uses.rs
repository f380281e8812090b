//! Answers who uses a release or a package: now, and before.

use std::collections::{BTreeSet, HashMap};

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    projects::{self, ProjectRow},
    rows::{COLUMNS, Steps, UseRow, release_of},
};
use crate::{
    model::{Package, ReleaseId, Use, is_same},
    store::{
        Store, StoreError,
        error::QueryFailure,
        reading::{Reading, known},
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
                found.extend(of_releases(db, package, When::Ever, |release| what.is_about(release))?);
            }
            Ok(Uses::of(projects.uses(found), at_most))
        })
    }

    /// The same for each of several releases, in their order, with at most so many uses of each.
    ///
    /// # Errors
    /// As every read.
    pub fn uses_of_each(&self, releases: &[ReleaseId], at_most: usize) -> Result<Vec<Uses>, StoreError> {
        self.read("looking for the projects that use releases", |db| {
            let projects = Projects::of(db)?;
            let of = |release: &ReleaseId| {
                let found = of_releases(db, release.package(), When::Ever, |one| is_same(one, release))?;
                Ok(Uses::of(projects.uses(found), at_most))
            };
            releases.iter().map(of).collect()
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
    pub fn uses(&self, rows: Vec<UseRow>) -> Vec<Use> {
        let by = |row: UseRow| self.0.get(&row.project).map(|project| row.by(project));
        rows.into_iter().filter_map(by).collect()
    }
}

/// The time of the uses that are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Now,
    /// Now, and before.
    Ever,
}

/// The uses of a package's releases that are meant.
pub(super) fn of_releases(
    db: &Reading<'_>,
    package: &Package,
    when: When,
    is_meant: impl Fn(&ReleaseId) -> bool,
) -> Result<Vec<UseRow>, QueryFailure> {
    let condition = if when == When::Now { "AND u.until_at IS NULL" } else { "" };
    let sql = format!("SELECT {COLUMNS} FROM inventory_uses AS u WHERE u.release = ?1 {condition}");
    let mut query = db.prepare_cached(&sql)?;
    let mut found = Vec::new();
    for (number, release) in releases(db, package)?.into_iter().filter(|(_, release)| is_meant(release)) {
        let rows = query.query_map([number], |row| UseRow::of(release.clone(), row))?;
        found.extend(rows.filter_map(known).collect::<Result<Vec<_>, _>>()?);
    }
    Steps::default().fill(db, &mut found)?;
    Ok(found)
}

/// A package's releases with their numbers.
fn releases(db: &Reading<'_>, package: &Package) -> Result<Vec<(i64, ReleaseId)>, QueryFailure> {
    let sql = "SELECT id, package, version, {row} FROM inventory_releases WHERE package = ?1";
    db.rows(&INVENTORY_RELEASES, sql, [package.to_string()], |row| Ok((row.get("id")?, release_of(row)?)))
}

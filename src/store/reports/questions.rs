//! What is reported of a release or a package.

use rusqlite::Connection;

use super::rows::report_row;
use crate::{
    model::{AffectedVersions, MalwareReport, Package, ReleaseId},
    store::{Store, StoreError, error::QueryFailure, reading::known},
};

impl Store {
    /// The reports about a release, also withdrawn ones, the earliest first.
    ///
    /// # Errors
    /// As every read.
    pub fn reports_of(&self, release: &ReleaseId) -> Result<Vec<MalwareReport>, StoreError> {
        let of_package = self.reports_of_package(release.package())?;
        let about = of_package.into_iter().filter(|(_, affected)| affected.affects(release));
        Ok(about.map(|(report, _)| report).collect())
    }

    /// The reports about a package, each with its versions, the earliest first.
    ///
    /// # Errors
    /// As every read.
    pub fn reports_of_package(&self, package: &Package) -> Result<Vec<(MalwareReport, AffectedVersions)>, StoreError> {
        self.read("looking for reports of malicious releases", |db| of_package(db, package))
    }
}

/// A row that cannot be read is left out: its file is read again when it changes.
pub(super) fn of_package(
    db: &Connection,
    package: &Package,
) -> Result<Vec<(MalwareReport, AffectedVersions)>, QueryFailure> {
    let sql = "SELECT * FROM reports WHERE package = ?1 AND package <> '' ORDER BY published, id";
    let mut query = db.prepare_cached(sql)?;
    let rows = query.query_map([package.to_string()], report_row)?;
    Ok(rows.filter_map(known).collect::<Result<_, _>>()?)
}

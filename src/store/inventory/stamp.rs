//! Notes in an alert which projects use its package when it is raised.

use std::collections::BTreeSet;

use super::uses::{Projects, When, of_releases};
use crate::{
    model::{Alert, AlertKind, Package, ReleaseId, Use, UsedBy},
    store::{Store, StoreError},
};

/// Most packages of a campaign that are looked up.
const MOST_PACKAGES: usize = 200;

impl Store {
    /// The alert with the projects that use its package, or packages of its campaign, now.
    ///
    /// # Errors
    /// As every read.
    pub fn with_uses(&self, alert: Alert) -> Result<Alert, StoreError> {
        if alert.kind == AlertKind::Log {
            return Ok(alert);
        }
        let releases: Vec<ReleaseId> = alert.purl.iter().chain(&alert.members).cloned().collect();
        let packages: BTreeSet<&Package> =
            alert.of_package().into_iter().chain(releases.iter().map(ReleaseId::package)).collect();
        let uses = self.read("looking for the projects that use a package", |db| {
            let projects = Projects::of(db)?;
            let mut uses: Vec<Use> = Vec::new();
            for package in packages.into_iter().take(MOST_PACKAGES) {
                uses.extend(projects.uses(of_releases(db, package, When::Now, |_| true)?));
            }
            Ok(uses)
        })?;
        let used_by = UsedBy::of(uses, &releases);
        Ok(Alert { used_by, ..alert })
    }
}

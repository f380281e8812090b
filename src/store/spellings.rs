//! Lists the releases of a package by their purls alone, to find one that is spelled in another way.

use super::{Store, StoreError};
use crate::model::{Package, ReleaseId};

impl Store {
    /// The stored releases of a package whose version is meant. Only an index is read.
    ///
    /// # Errors
    /// As every read.
    pub fn spelled(&self, package: &Package, is_meant: impl Fn(&str) -> bool) -> Result<Vec<ReleaseId>, StoreError> {
        self.read("listing the versions of a package", |db| {
            let mut query =
                db.prepare_cached("SELECT purl FROM releases WHERE purl >= ?1 AND purl < ?2 ORDER BY purl")?;
            // The purl of a package in another registry has its URL behind the version. `A` is the character after `@`.
            let name = package.public_namesake();
            let mut rows = query.query((format!("{name}@"), format!("{name}A")))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                // A purl that cannot be read is that of a damaged row, which is found when it is read.
                let purl = row.get_ref(0)?.as_str().ok().and_then(|purl| purl.parse::<ReleaseId>().ok());
                found.extend(purl.filter(|purl| purl.package() == package && is_meant(purl.version())));
            }
            Ok(found)
        })
    }
}

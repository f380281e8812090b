//! The watched packages that are known by name.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    model::{Ecosystem, Package},
    packages::registries::Registries,
    store::{Store, StoreError},
    watchlist::InUse,
};

/// Knows which packages are watched.
#[derive(Debug)]
pub struct Watched {
    pub store: Arc<Store>,
    pub registries: Arc<Registries>,
    pub watchlist: Arc<InUse>,
}

impl Watched {
    /// The watched packages of enabled registries that are known by name: those that the watchlist names, and those
    /// that its globs matched before.
    ///
    /// # Errors
    /// The store failed.
    pub fn packages(&self) -> Result<BTreeSet<Package>, StoreError> {
        let watchlist = self.watchlist.now();
        let mut packages: BTreeSet<Package> = self.store.packages()?.into_iter().map(|row| row.package).collect();
        packages.extend(watchlist.packages().map(|(package, _)| package.clone()));
        packages.retain(|package| self.registries.has(package) && watchlist.matches(package).is_some());
        Ok(packages)
    }

    /// The watched packages that a feed may name: those of its public registry.
    ///
    /// # Errors
    /// The store failed.
    pub fn of_feed(&self, ecosystem: Ecosystem) -> Result<Vec<Package>, StoreError> {
        let public = ecosystem.into();
        Ok(self.packages()?.into_iter().filter(|package| package.is_of(&public)).collect())
    }
}

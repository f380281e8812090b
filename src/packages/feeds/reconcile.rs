//! Safety net below the feeds: makes packages due that were never checked, or not compared with their registry for
//! long.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    clock::{Clock, horizon, is_due},
    model::Package,
    packages::registries::Registries,
    store::{Store, StoreError},
    watchlist::InUse,
};

/// How often packages that were not compared for long are searched for.
const MOST: Duration = Duration::from_mins(10);
const LEAST: Duration = Duration::from_secs(30);

/// Makes packages due that no feed announced.
#[derive(Debug)]
pub struct Reconciler {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub registries: Arc<Registries>,
    pub watchlist: Arc<InUse>,
    /// How long provwatch relies on the feeds before it compares a package with its registry.
    pub usual: TimeDelta,
}

impl Reconciler {
    /// Queues every package that the watchlist names and the store does not have yet.
    ///
    /// # Errors
    /// The store failed.
    pub fn enqueue_unknown(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let forgotten = self.store.forget_work_of_others(&self.registries.keys().cloned().collect::<Vec<_>>())?;
        if forgotten > 0 {
            tracing::info!(packages = forgotten, "no longer queued: their registry is no longer in the configuration");
        }
        let known: BTreeSet<Package> = self.store.packages()?.into_iter().map(|row| row.package).collect();
        let watchlist = self.watchlist.now();
        let unknown: Vec<Package> = watchlist
            .packages()
            .map(|(package, _)| package)
            .filter(|package| self.registries.has(package) && !known.contains(package))
            .cloned()
            .collect();
        self.store.remind(&unknown, "first sight", now)?;
        Ok(unknown.len())
    }

    /// Queues every watched package that was not compared with its registry for long: a safety net below the feeds.
    ///
    /// # Errors
    /// The store failed.
    pub fn enqueue_overdue(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let watchlist = self.watchlist.now();
        let usual = self.usual;
        let of_registry =
            |package: &Package| self.registries.polled().get(&package.registry()).map_or(usual, |polled| polled.every);
        let after = |package: &Package| if package.is_public() { usual } else { of_registry(package) };
        let overdue = |at: Option<DateTime<Utc>>, after| at.is_none_or(|at| is_due(horizon(at, after), now, after));
        let rows = self.store.packages()?.into_iter().filter(|row| overdue(row.checked_at, after(&row.package)));
        let packages: Vec<Package> = rows
            .map(|row| row.package)
            .filter(|package| self.registries.has(package) && watchlist.matches(package).is_some())
            .collect();
        self.store.remind(&packages, "compared once in a while", now)?;
        Ok(packages.len())
    }

    /// How often to search for overdue packages: several times in the shortest interval of a registry without a feed.
    pub fn interval(&self) -> Duration {
        let shortest = self.registries.polled().values().map(|polled| polled.every).min();
        let shortest = shortest.and_then(|every| every.to_std().ok()).map_or(MOST, |every| every / 3);
        shortest.clamp(LEAST, MOST)
    }
}

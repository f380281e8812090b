//! What makes packages due that no feed announced: those that nobody has looked at yet, and those that were not compared
//! with their registry for long.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{Pipeline, PipelineError};
use crate::{
    clock::{horizon, is_due},
    model::Package,
};

/// How often packages that were not compared for long are looked for.
const RECONCILE_MOST: std::time::Duration = std::time::Duration::from_mins(10);
const RECONCILE_LEAST: std::time::Duration = std::time::Duration::from_secs(30);

impl Pipeline {
    /// Queues every package that the watchlist names and the store does not know yet.
    ///
    /// # Errors
    /// The store failed.
    pub fn enqueue_unknown(&self) -> Result<usize, PipelineError> {
        let now = self.clock.now();
        let forgotten = self.store.forget_work_of_others(&self.registries.keys().cloned().collect::<Vec<_>>())?;
        if forgotten > 0 {
            tracing::info!(
                packages = forgotten,
                "no longer queued: their registry is not in the configuration any more"
            );
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

    /// Queues every watched package that was not compared with its registry for long: a net below the feeds.
    ///
    /// # Errors
    /// The store failed.
    pub fn enqueue_overdue(&self) -> Result<usize, PipelineError> {
        let now = self.clock.now();
        let watchlist = self.watchlist.now();
        let usual = self.settings.reconcile_after;
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

    /// How often to look for what is overdue: several times in the shortest interval of a registry without a feed.
    pub fn reconcile_interval(&self) -> std::time::Duration {
        let shortest = self.registries.polled().values().map(|polled| polled.every).min();
        let shortest = shortest.and_then(|every| every.to_std().ok()).map_or(RECONCILE_MOST, |every| every / 3);
        shortest.clamp(RECONCILE_LEAST, RECONCILE_MOST)
    }
}

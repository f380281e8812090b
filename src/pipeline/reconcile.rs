//! The safety net below the feeds: every package is compared with its registry from time to time, whatever the feeds say.
//! Yanks on crates.io are in no feed, and no feed is perfect.

use chrono::TimeDelta;

use super::{Pipeline, PipelineError};
use crate::model::Package;

impl Pipeline {
    /// Queues every watched package whose document has not been read for `settings.reconcile_after`. The number of them.
    ///
    /// # Errors
    /// The store failed.
    pub fn reconcile(&self) -> Result<usize, PipelineError> {
        let now = self.clock.now();
        let watchlist = self.watchlist();
        let is_old = |checked_at| now - checked_at >= self.settings.reconcile_after;
        let old: Vec<Package> = self
            .store
            .packages()?
            .into_iter()
            .filter(|row| row.checked_at.is_none_or(is_old) && watchlist.matches(&row.package).is_some())
            .map(|row| row.package)
            .filter(|package| self.registries.contains_key(&package.ecosystem()))
            .collect();
        self.store.remind(&old, "compared with its registry from time to time", now)?;
        Ok(old.len())
    }
}

/// How long a package may go unread by default.
pub(super) const RECONCILE_AFTER: TimeDelta = TimeDelta::hours(24);

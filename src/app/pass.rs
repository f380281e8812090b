//! One complete pass over all due work.

use super::App;
use crate::{
    dispatch::DispatchError,
    logwatch::{FollowError, Poll},
    packages::{LookError, Source, WorkPass},
    store::StoreError,
    text::with_causes,
    upkeep::ReadingState,
};

/// The result of one full pass.
#[derive(Clone, Debug, Default)]
pub struct PassSummary {
    /// The queue.
    pub work: WorkPass,
    /// Sources that could not be read, with the reason.
    pub failed_sources: Vec<(&'static str, String)>,
    /// The results of the logs, by name.
    pub logs: Vec<(String, Poll)>,
    /// Alerts delivered.
    pub delivered: usize,
    /// Deliveries that failed or were left for the next pass, or were given up.
    pub undelivered: usize,
}

/// The reason why a pass could not continue.
#[derive(Debug, thiserror::Error)]
pub enum PassError {
    /// A feed or the queue.
    #[error(transparent)]
    Look(#[from] LookError),
    /// A log.
    #[error(transparent)]
    Follow(#[from] FollowError),
    /// Deliveries.
    #[error(transparent)]
    Dispatch(#[from] DispatchError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl App {
    /// Stores the runs that new signed files of `[own] allow_folder` tell of.
    ///
    /// # Errors
    /// The store failed.
    pub fn read_allowed_runs(&self) -> Result<(), StoreError> {
        let stored = self.allow_reader.as_ref().map_or(Ok(0), |reader| reader.read())?;
        if stored > 0 {
            tracing::info!(stored, "signed files told of runs of your release workflow");
        }
        Ok(())
    }

    /// Reads reports of others for a moment, and tells of those about stored releases. Returns whether there is more to read
    /// at once.
    ///
    /// # Errors
    /// The store failed.
    pub fn read_some_reports(&self) -> Result<bool, StoreError> {
        let state = self.report_reader.as_ref().map_or(Ok(ReadingState::Rests), |reader| reader.step())?;
        Ok(self.packages.reported.tell_some()? || state == ReadingState::More)
    }

    /// Forgets reports that no configured source has.
    ///
    /// # Errors
    /// The store failed.
    pub fn forget_unused_reports(&self) -> Result<(), StoreError> {
        if self.report_reader.is_none() && self.store.forget_reports_but_of(None)? {
            tracing::info!("[osv] has no source any more: the reports of others are forgotten");
        }
        Ok(())
    }

    /// Reads some of the changed lock files of `[inventory] folder`. Returns whether others wait.
    ///
    /// # Errors
    /// The store failed.
    pub fn read_inventory(&self) -> Result<bool, StoreError> {
        self.inventory_reader.as_ref().map_or(Ok(false), |reader| reader.step())
    }

    /// Reads every source, checks everything that is due, polls every log, delivers due alerts.
    ///
    /// # Errors
    /// The store failed. A source's or sink's failure is part of the summary.
    pub async fn pass(&self) -> Result<PassSummary, PassError> {
        self.store.check_if_suspect()?;
        self.wall_clock.follow()?;
        self.begin_pass()?;
        self.read_allowed_runs()?;
        self.forget_unused_reports()?;
        while self.read_some_reports()? {}
        // Before releases are judged, so that their alerts name the projects.
        self.inventory_reader.as_ref().map_or(Ok(()), |reader| reader.pass())?;
        let mut summary = PassSummary::default();
        self.packages.reconciler.enqueue_unknown()?;
        self.packages.reconciler.enqueue_overdue()?;
        for Source { feed, .. } in &self.sources {
            match self.packages.feeds.observe(feed.as_ref()).await {
                Ok(_) => {}
                Err(LookError::Store(error)) => return Err(error.into()),
                Err(error) => summary.failed_sources.push((feed.name(), with_causes(&error))),
            }
        }
        summary.work = self.packages.queue.work().await?;
        while self.packages.reported.tell_some()? {}
        if self.logs.settings().enabled {
            summary.logs = self.logs.poll_logs().await?;
            self.logs.look_up_own_runs().await?;
            self.logs.judge_entries()?;
            self.logs.check_named_entries().await?;
        }
        self.check_health()?;
        let delivered = self.dispatcher.deliver().await?;
        summary.delivered = delivered.delivered;
        summary.undelivered = delivered.retried + delivered.given_up + delivered.left;
        if self.mender.mend()? > 0 {
            summary.delivered += self.dispatcher.deliver().await?.delivered;
        }
        self.keeper.pass()?;
        self.end_pass()?;
        Ok(summary)
    }
}

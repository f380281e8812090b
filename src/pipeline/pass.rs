//! Passes over what is due: the queue of packages, and everything once.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, stream};

use super::{Examined, Happening, Pipeline, PipelineError, Source, operation};
use crate::{
    model::Package,
    registry::RegistryError,
    store::{StoreError, Work},
};

/// How long to wait before a package is tried again after a failure, by how often it has failed.
const RETRY_MINUTES: [i64; 6] = [1, 3, 10, 30, 120, 360];
/// The registries' replicas lag their feeds by up to ten seconds or so.
const STALE_SECONDS: [i64; 4] = [1, 3, 10, 30];

/// From so many failures on, about three quarters of an hour, a package that cannot be looked at is an alert.
const FAILING: u32 = 5;

/// Most releases whose evidence is asked for again in one pass.
const RECHECKS: usize = 1000;

/// What a pass over the queue came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkPass {
    /// Packages looked at.
    pub packages: usize,
    /// Releases and alerts.
    pub examined: Examined,
    /// Packages put off because something failed.
    pub postponed: usize,
}

/// What one full pass came to.
#[derive(Clone, Debug, Default)]
pub struct PassSummary {
    /// The queue.
    pub work: WorkPass,
    /// Sources that could not be read, with the reason.
    pub failed_sources: Vec<(&'static str, String)>,
    /// Alerts delivered.
    pub delivered: usize,
    /// Deliveries that failed and will be tried again, or were given up.
    pub undelivered: usize,
}

impl Pipeline {
    /// Queues every package that the watchlist names and the store does not know yet.
    ///
    /// # Errors
    /// The store failed.
    pub fn enqueue_unknown(&self) -> Result<usize, PipelineError> {
        let now = self.clock.now();
        let known: BTreeSet<Package> = self.store.packages()?.into_iter().map(|row| row.package).collect();
        let watchlist = self.watchlist();
        let unknown: Vec<Package> = watchlist
            .packages()
            .map(|(package, _)| package)
            .filter(|package| self.registries.contains_key(&package.ecosystem()) && !known.contains(package))
            .cloned()
            .collect();
        self.store.remind(&unknown, "first sight", now)?;
        Ok(unknown.len())
    }

    /// Looks at every package that is due, several at a time, until none is.
    ///
    /// # Errors
    /// The store failed.
    pub async fn work(&self) -> Result<WorkPass, PipelineError> {
        let mut pass = WorkPass::default();
        loop {
            self.enqueue_rechecks()?;
            let due = self.store.due_work(self.clock.now(), 4 * self.settings.concurrency)?;
            if due.is_empty() {
                return Ok(pass);
            }
            self.examine_all(due, &mut pass).await?;
        }
    }

    /// Looks at these packages now, whatever else is queued.
    ///
    /// # Errors
    /// The store failed.
    pub async fn work_on(&self, packages: &BTreeSet<Package>, reason: &str) -> Result<WorkPass, PipelineError> {
        let now = self.clock.now();
        self.store.enqueue(&packages.iter().cloned().collect::<Vec<_>>(), reason, now)?;
        let mut due = self.store.due_work(now, usize::MAX)?;
        due.retain(|work| packages.contains(&work.package));
        let mut pass = WorkPass::default();
        self.examine_all(due, &mut pass).await?;
        Ok(pass)
    }

    async fn examine_all(&self, due: Vec<Work>, pass: &mut WorkPass) -> Result<(), PipelineError> {
        let mut outcomes = stream::iter(due)
            .map(|work| async move { self.try_examine(&work).await })
            .buffer_unordered(self.settings.concurrency);
        while let Some(outcome) = outcomes.next().await {
            match outcome? {
                Some(examined) => pass.add(examined),
                None => pass.postponed += 1,
            }
        }
        Ok(())
    }

    /// Looks at a package; a registry's failure puts it off and is not an error.
    async fn try_examine(&self, work: &Work) -> Result<Option<Examined>, PipelineError> {
        let error = match self.examine(work).await {
            Ok(examined) => {
                self.note_recovery(work)?;
                return Ok(Some(examined));
            }
            Err(error) if concerns_package_only(&error) => error,
            Err(error) => return Err(error),
        };
        let why = super::with_causes(&error);
        let now = self.clock.now();
        self.store.postpone(work, again_at(&error, work.attempts, now), &why)?;
        self.witness.see(&Happening::Postponed { package: &work.package, why: &why });
        if !matches!(error, PipelineError::Registry(RegistryError::Stale { .. })) {
            self.note_failure(work, &why)?;
        }
        Ok(None)
    }

    fn note_failure(&self, work: &Work, why: &str) -> Result<(), PipelineError> {
        let attempts = work.attempts.saturating_add(1);
        if attempts < FAILING {
            return Ok(());
        }
        self.record_operation(&operation::unreadable_package(&work.package, attempts, why), self.clock.now())
    }

    fn note_recovery(&self, work: &Work) -> Result<(), PipelineError> {
        let trouble = operation::unreadable_package(&work.package, work.attempts, "");
        self.resolve_operation(&trouble, "it was looked at", self.clock.now())
    }

    /// Queues every watched package that was not compared with its registry for long: a net below the feeds.
    ///
    /// # Errors
    /// The store failed.
    pub fn enqueue_overdue(&self) -> Result<usize, PipelineError> {
        let now = self.clock.now();
        let watchlist = self.watchlist();
        let overdue = |at: Option<DateTime<Utc>>| at.is_none_or(|at| now - at >= self.settings.reconcile_after);
        let rows = self.store.packages()?.into_iter().filter(|row| overdue(row.checked_at));
        let packages: Vec<Package> = rows
            .map(|row| row.package)
            .filter(|package| {
                self.registries.contains_key(&package.ecosystem()) && watchlist.matches(package).is_some()
            })
            .collect();
        self.store.remind(&packages, "compared once in a while", now)?;
        Ok(packages.len())
    }

    fn enqueue_rechecks(&self) -> Result<(), PipelineError> {
        let now = self.clock.now();
        let due = self.store.due_rechecks(now, RECHECKS)?;
        let packages: Vec<Package> = due.iter().map(|recheck| recheck.purl.package().clone()).collect();
        Ok(self.store.remind(&packages, "evidence could not be checked", now)?)
    }

    /// Reads every source, looks at everything that is due, delivers what is due.
    ///
    /// # Errors
    /// The store failed. A source's or sink's failure is part of the summary.
    pub async fn pass(&self) -> Result<PassSummary, PipelineError> {
        self.store.check_if_suspect()?;
        let mut summary = PassSummary::default();
        self.enqueue_unknown()?;
        self.enqueue_overdue()?;
        for Source { feed, .. } in &self.sources {
            match self.observe(feed.as_ref()).await {
                Ok(_) => {}
                Err(PipelineError::Store(error)) => return Err(error.into()),
                Err(error) => summary.failed_sources.push((feed.name(), super::with_causes(&error))),
            }
        }
        summary.work = self.work().await?;
        let delivered = self.deliver().await?;
        summary.delivered = delivered.delivered;
        summary.undelivered = delivered.retried + delivered.given_up;
        Ok(summary)
    }
}

impl WorkPass {
    fn add(&mut self, examined: Examined) {
        self.packages += 1;
        self.examined.releases += examined.releases;
        self.examined.alerts += examined.alerts;
        self.examined.unchecked += examined.unchecked;
    }
}

/// Whether an error is one package's matter. Any other failure of the store is everybody's.
fn concerns_package_only(error: &PipelineError) -> bool {
    match error {
        // The operator changed the baseline meanwhile: judging again is all that is needed. What cannot be stored is said
        // with the package that it belongs to, and does not keep the others waiting.
        PipelineError::Store(error) => {
            matches!(error, StoreError::BaselineMoved { .. } | StoreError::Unstorable { .. })
        }
        _ => true,
    }
}

fn again_at(error: &PipelineError, attempts: u32, now: DateTime<Utc>) -> DateTime<Utc> {
    let attempts = attempts as usize;
    match error {
        PipelineError::Store(StoreError::BaselineMoved { .. }) => now,
        PipelineError::Registry(RegistryError::Stale { .. }) => match STALE_SECONDS.get(attempts) {
            Some(seconds) => now + TimeDelta::seconds(*seconds),
            None => now + retry_after(attempts - STALE_SECONDS.len()),
        },
        _ => now + retry_after(attempts),
    }
}

fn retry_after(attempts: usize) -> TimeDelta {
    TimeDelta::minutes(RETRY_MINUTES[attempts.min(RETRY_MINUTES.len() - 1)])
}

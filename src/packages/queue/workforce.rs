//! Processes the queue: in one pass, without end, or for selected packages only.

use std::{collections::BTreeSet, convert::Infallible, sync::Arc};

use chrono::TimeDelta;
use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::{
    silent::Silent,
    slots::{Queue, QueueParts},
    worked::{Ended, WorkPass},
};
use crate::{model::Package, progress::Step, store::StoreError, upkeep::Mender};

/// Most packages that are queued at once for missing evidence.
const REMINDERS: usize = 1000;

/// Processes the queue.
#[derive(Debug)]
pub struct Workforce {
    pub parts: QueueParts,
    pub mender: Arc<Mender>,
    /// The longest wait before evidence is requested again.
    pub longest_recheck: TimeDelta,
}

impl Workforce {
    /// Checks every package that is due until none is.
    ///
    /// # Errors
    /// The store failed.
    pub async fn work(&self) -> Result<WorkPass, StoreError> {
        let mut queue = Queue::of_pass(&self.parts);
        loop {
            self.mender.mend()?;
            self.remind_of_evidence()?;
            queue.fill()?;
            if queue.is_idle() && self.mender.mend()? == 0 {
                return Ok(queue.pass());
            }
            // Packages that become due meanwhile fill the slots; missing evidence can wait until they are empty.
            while !queue.is_idle() {
                queue.step().await?;
            }
        }
    }

    /// Checks packages as they become due, without end.
    ///
    /// # Errors
    /// The store failed.
    pub async fn keep_working(&self) -> Result<Infallible, StoreError> {
        let mut queue = Queue::of(&self.parts);
        loop {
            self.mender.mend()?;
            self.remind_of_evidence()?;
            queue.fill()?;
            while !queue.step().await? {}
        }
    }

    /// Checks these packages now, whatever else is queued: each until it is checked or postponed.
    ///
    /// # Errors
    /// The store failed.
    pub async fn work_on(&self, packages: &BTreeSet<Package>, reason: &str) -> Result<WorkPass, StoreError> {
        let packages: Vec<Package> = packages.iter().cloned().collect();
        self.parts.store.enqueue(&packages, reason, self.parts.clock.now())?;
        let silent = &Silent::default();
        let mut passes = stream::iter(packages)
            .map(|package| async move { self.turns_of(&package, silent).await })
            .buffer_unordered(self.parts.concurrency);
        let mut pass = WorkPass::default();
        while let Some(one) = passes.next().await {
            pass.join(one?);
        }
        Ok(pass)
    }

    async fn turns_of(&self, package: &Package, silent: &Silent) -> Result<WorkPass, StoreError> {
        let mut pass = WorkPass::default();
        let registry = package.registry();
        while let Some(work) = self.parts.store.work_of(package)? {
            if let Some(why) = silent.given_up(&registry) {
                let why = format!("not tried, as the registry does not answer: {why}");
                self.parts.progress.report(&Step::Postponed { package, why: &why });
                pass.postponed += 1;
                break;
            }
            let ended = self.parts.turns.take(&work, CancellationToken::new()).await?;
            silent.note(&registry, ended.no_answer());
            let goes_on = matches!(ended, Ended::InPart(_));
            pass.add(&ended);
            if !goes_on {
                break;
            }
        }
        Ok(pass)
    }

    /// Queues the packages whose evidence is due to be requested again.
    fn remind_of_evidence(&self) -> Result<(), StoreError> {
        let now = self.parts.clock.now();
        let packages = self.parts.store.packages_to_recheck(now, self.longest_recheck, REMINDERS)?;
        if packages.is_empty() {
            return Ok(());
        }
        self.parts.store.remind(&packages, "evidence could not be checked", now)
    }
}

//! Delivering what is due: each subscription at its own pace, and what nobody is configured for given up.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::future::join_all;

use super::{
    PipelineError,
    damage::Mender,
    operation::{Troubles, sink_gone},
    outbox::StoreOutbox,
    wall_clock::WallClock,
};
use crate::{
    clock::Clock,
    deliver::{Limits, Queue, Step, Subscription, Subscriptions, Summary, Worker},
    store::{Store, StoreError},
};

/// What is known of every sink between two attempts, by the subscription's name. A lock is held for a whole attempt: no sink
/// is given two messages at once.
#[derive(Debug, Default)]
pub(super) struct Queues(Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<Queue>>>>);

impl Queues {
    fn of(&self, subscription: &str) -> Arc<tokio::sync::Mutex<Queue>> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(queues.entry(subscription.to_owned()).or_default())
    }
}

/// Who takes alerts from the store to the sinks.
#[derive(Debug)]
pub(super) struct Dispatcher {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub subscriptions: Arc<Subscriptions>,
    pub queues: Queues,
    pub troubles: Arc<Troubles>,
    pub mender: Arc<Mender>,
    pub wall_clock: Arc<WallClock>,
}

impl Dispatcher {
    /// Delivers everything that is due, by all sinks at the same time, and gives up what nobody is configured for.
    ///
    /// # Errors
    /// The store failed; the other sinks end their turns first. A sink's failure is part of the summary.
    pub async fn deliver(&self) -> Result<Summary, PipelineError> {
        self.wall_clock.follow()?;
        let given_up = self.give_up_unclaimed()?;
        let mut total = Summary { given_up, ..Summary::default() };
        for summary in join_all(self.subscriptions.iter().map(|one| self.drain(one))).await {
            total.add(summary?);
        }
        for subscription in &total.gone {
            self.troubles.record(&sink_gone(subscription), self.clock.now())?;
        }
        Ok(total)
    }

    /// Makes the next attempt of one subscription's sink. `None`: the configuration no longer has it.
    ///
    /// # Errors
    /// The store failed. A sink's failure is a step like others.
    pub async fn deliver_next(&self, name: &str) -> Result<Option<Step>, PipelineError> {
        let Some(subscription) = self.subscriptions.get(name).cloned() else { return Ok(None) };
        self.wall_clock.follow()?;
        let queue = self.queues.of(name);
        let outbox = self.outbox();
        let step = self.worker(&outbox, &subscription).step(&mut *queue.lock().await, None).await?;
        if step == Step::Gone {
            self.troubles.record(&sink_gone(name), self.clock.now())?;
        }
        Ok(Some(step))
    }

    /// Gives up what waits for subscriptions that the configuration does not have any more. How many deliveries.
    ///
    /// # Errors
    /// The store failed.
    pub fn give_up_unclaimed(&self) -> Result<usize, StoreError> {
        let mut given_up = 0;
        for name in self.store.awaited_subscriptions()? {
            if self.subscriptions.get(&name).is_none() {
                let why = format!("the configuration has no subscription {name:?} any more");
                let alerts = self.store.give_up_all(&name, self.clock.now(), &why)?;
                tracing::error!(subscription = name, alerts, why, "alerts lost");
                given_up += alerts;
            }
        }
        Ok(given_up)
    }

    async fn drain(&self, subscription: &Subscription) -> Result<Summary, PipelineError> {
        let queue = self.queues.of(&subscription.name);
        let outbox = self.outbox();
        let summary = self.worker(&outbox, subscription).drain(&mut *queue.lock().await).await?;
        Ok(summary)
    }

    fn outbox(&self) -> StoreOutbox<'_> {
        StoreOutbox { store: &self.store, mender: &self.mender }
    }

    fn worker<'a>(&'a self, outbox: &'a StoreOutbox<'a>, subscription: &'a Subscription) -> Worker<'a> {
        Worker { outbox, subscription, clock: self.clock.as_ref(), limits: Limits::default() }
    }
}

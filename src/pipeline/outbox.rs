//! The store as the outbox that the sinks' workers work on.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use futures::future::join_all;

use super::{Pipeline, PipelineError, members::member_details, operation};
use crate::{
    deliver::{Due, Ending, Limits, Message, Outbox, OutboxError, Queue, Step, Subscription, Summary, Worker},
    store::{Delivery, Store, StoreError, Turn},
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

impl Pipeline {
    /// Delivers everything that is due, by all sinks at the same time, and gives up what nobody is configured for.
    ///
    /// # Errors
    /// The store failed; the other sinks end their turns first. A sink's failure is part of the summary.
    pub async fn deliver(&self) -> Result<Summary, PipelineError> {
        self.wall_clock.follow()?;
        let given_up = self.give_up_unclaimed()?;
        let mut total = Summary { given_up, ..Summary::default() };
        let subscriptions = self.subscriptions();
        for summary in join_all(subscriptions.iter().map(|one| self.drain(one))).await {
            total.add(summary?);
        }
        for subscription in &total.gone {
            self.troubles.record(&operation::sink_gone(subscription), self.clock.now())?;
        }
        Ok(total)
    }

    /// Makes the next attempt of one subscription's sink. `None`: the configuration no longer has it.
    ///
    /// # Errors
    /// The store failed. A sink's failure is a step like others.
    pub async fn deliver_next(&self, name: &str) -> Result<Option<Step>, PipelineError> {
        let Some(subscription) = self.subscriptions().get(name).cloned() else { return Ok(None) };
        self.wall_clock.follow()?;
        let queue = self.queues.of(name);
        let outbox = StoreOutbox { pipeline: self };
        let step = worker(&outbox, &subscription).step(&mut *queue.lock().await, None).await?;
        if step == Step::Gone {
            self.troubles.record(&operation::sink_gone(name), self.clock.now())?;
        }
        Ok(Some(step))
    }

    /// Gives up what waits for subscriptions that the configuration does not have any more. How many deliveries.
    ///
    /// # Errors
    /// The store failed.
    pub fn give_up_unclaimed(&self) -> Result<usize, PipelineError> {
        let mut given_up = 0;
        for name in self.store.awaited_subscriptions()? {
            if self.subscriptions().get(&name).is_none() {
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
        let outbox = StoreOutbox { pipeline: self };
        let summary = worker(&outbox, subscription).drain(&mut *queue.lock().await).await?;
        Ok(summary)
    }
}

fn worker<'a>(outbox: &'a StoreOutbox<'a>, subscription: &'a Subscription) -> Worker<'a> {
    Worker { outbox, subscription, clock: outbox.pipeline.clock.as_ref(), limits: Limits::default() }
}

/// The store's delivery rows.
#[derive(Debug)]
struct StoreOutbox<'a> {
    pipeline: &'a Pipeline,
}

impl StoreOutbox<'_> {
    fn store(&self) -> &Store {
        &self.pipeline.store
    }

    /// What is next. A damaged row on the way to it is set aside first, and does not keep the others waiting.
    fn read_next(&self, subscription: &str, turn: &Turn) -> Result<Option<Due>, StoreError> {
        let Some(mut delivery) = self.store().next_delivery(subscription, turn)? else { return Ok(None) };
        delivery.alert.member_details = member_details(self.store(), &delivery.alert, Some(subscription))?;
        Ok(Some(due(delivery)))
    }
}

fn failed(operation: &'static str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> OutboxError {
    OutboxError { operation, source: error.into() }
}

fn due(delivery: Delivery) -> Due {
    Due {
        id: delivery.id,
        subscription: delivery.subscription,
        message: Message {
            idempotency_key: delivery.idempotency_key,
            alert: delivery.alert,
            sequence: delivery.sequence,
            attempt: delivery.attempts.saturating_add(1),
            refusals: delivery.refusals,
            created_at: delivery.created_at,
        },
    }
}

/// The row as it was when the attempt began: the end of an attempt is recorded only for that.
fn row(due: &Due) -> Delivery {
    let message = &due.message;
    Delivery {
        id: due.id,
        idempotency_key: message.idempotency_key.clone(),
        subscription: due.subscription.clone(),
        alert: message.alert.clone(),
        attempts: message.attempt.saturating_sub(1),
        sequence: message.sequence,
        refusals: message.refusals,
        created_at: message.created_at,
    }
}

impl Outbox for StoreOutbox<'_> {
    fn next(&self, subscription: &str, turn: &Turn) -> Result<Option<Due>, OutboxError> {
        let read = match self.read_next(subscription, turn) {
            Err(StoreError::DamagedRow { .. }) => {
                self.pipeline.mender.mend().and_then(|_| self.read_next(subscription, turn))
            }
            read => read,
        };
        read.map_err(|error| failed("reading what is due", error))
    }

    fn end(&self, due: &Due, at: DateTime<Utc>, ending: &Ending) -> Result<(), OutboxError> {
        let (store, row) = (self.store(), row(due));
        let outcome = match ending {
            Ending::Delivered { detail, named, left } => store.delivered_naming(&row, at, detail, named, left),
            Ending::Retry { error, next, refused: false } => store.retry_delivery(&row, at, *next, error),
            Ending::Retry { error, next, refused: true } => store.refuse_delivery(&row, at, *next, error),
            Ending::GivenUp(why) => store.give_up(&row, at, why),
        };
        outcome.map(drop).map_err(|error| failed("recording an attempt", error))
    }

    fn waiting(&self, subscription: &str, due_by: DateTime<Utc>) -> Result<usize, OutboxError> {
        self.store().due_count(subscription, due_by).map_err(|error| failed("counting what is due", error))
    }
}

//! The store as the outbox that `deliver` works on.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use super::{Pipeline, PipelineError};
use crate::{
    deliver::{Due, Limits, Message, Outbox, OutboxError, Summary, deliver_due},
    store::{Delivery, Store, StoreError},
};

impl Pipeline {
    /// Delivers everything that is due.
    ///
    /// # Errors
    /// The store failed. A sink's failure is part of the summary.
    pub async fn deliver(&self) -> Result<Summary, PipelineError> {
        self.follow_clock()?;
        let outbox = StoreOutbox { store: Arc::clone(&self.store), handed_out: Mutex::default() };
        let summary = deliver_due(&outbox, &self.subscriptions, self.clock.as_ref(), &Limits::default()).await?;
        for subscription in &summary.gone {
            self.record_operation(&super::operation::sink_gone(subscription), self.clock.now())?;
        }
        Ok(summary)
    }
}

/// The store's delivery rows. Those that were handed out are remembered, because the store records the end of an attempt
/// only for the row as it was when the attempt began.
#[derive(Debug)]
struct StoreOutbox {
    store: Arc<Store>,
    handed_out: Mutex<HashMap<i64, Delivery>>,
}

impl StoreOutbox {
    fn due_now(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<Due>, StoreError> {
        let deliveries = self.store.due_deliveries(now, limit)?;
        let mut handed_out = self.handed_out.lock().unwrap_or_else(PoisonError::into_inner);
        let due = deliveries.into_iter().map(|delivery| {
            let due = due(&delivery);
            handed_out.insert(delivery.id, delivery);
            due
        });
        Ok(due.collect())
    }

    fn end(
        &self,
        id: i64,
        operation: &'static str,
        end: impl FnOnce(&Store, &Delivery) -> Result<bool, StoreError>,
    ) -> Result<(), OutboxError> {
        let delivery = self.handed_out.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        let Some(delivery) = delivery else { return Ok(()) };
        end(&self.store, &delivery).map(drop).map_err(|error| failed(operation, error))
    }
}

fn failed(operation: &'static str, error: StoreError) -> OutboxError {
    OutboxError { operation, source: Box::new(error) }
}

fn due(delivery: &Delivery) -> Due {
    Due {
        id: delivery.id,
        subscription: delivery.subscription.clone(),
        message: Message {
            idempotency_key: delivery.idempotency_key.clone(),
            alert: delivery.alert.clone(),
            sequence: delivery.sequence,
            attempt: delivery.attempts.saturating_add(1),
            created_at: delivery.created_at,
        },
    }
}

impl Outbox for StoreOutbox {
    fn due(&self, now: DateTime<Utc>, limit: usize) -> BoxFuture<'_, Result<Vec<Due>, OutboxError>> {
        let due = self.due_now(now, limit).map_err(|error| failed("reading what is due", error));
        Box::pin(async move { due })
    }

    fn delivered<'a>(&'a self, id: i64, at: DateTime<Utc>, detail: &'a str) -> BoxFuture<'a, Result<(), OutboxError>> {
        let outcome = self.end(id, "recording a delivery", |store, delivery| store.delivered(delivery, at, detail));
        Box::pin(async move { outcome })
    }

    fn retry<'a>(
        &'a self,
        id: i64,
        at: DateTime<Utc>,
        error: &'a str,
        next: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<(), OutboxError>> {
        let outcome =
            self.end(id, "putting a delivery off", |store, delivery| store.retry_delivery(delivery, at, next, error));
        Box::pin(async move { outcome })
    }

    fn give_up<'a>(&'a self, id: i64, at: DateTime<Utc>, why: &'a str) -> BoxFuture<'a, Result<(), OutboxError>> {
        let outcome = self.end(id, "giving a delivery up", |store, delivery| store.give_up(delivery, at, why));
        Box::pin(async move { outcome })
    }
}

//! Implements the outbox of the sinks' workers on the store.

use chrono::{DateTime, Utc};

use super::members::member_details;
use crate::{
    deliver::{Due, Ending, Message, Outbox, OutboxError},
    store::{Acceptance, Delivery, EndpointState, Recipient, Store, StoreError, Turn},
    upkeep::Mender,
};

/// The store's delivery rows.
#[derive(Debug)]
pub struct StoreOutbox<'a> {
    pub store: &'a Store,
    pub mender: &'a Mender,
}

impl StoreOutbox<'_> {
    /// The next delivery, with the current members of a campaign.
    fn read_next(&self, subscription: &str, turn: &Turn) -> Result<Option<Due>, StoreError> {
        let Some(mut delivery) = self.store.next_delivery(subscription, turn)? else { return Ok(None) };
        delivery.alert.member_details = member_details(self.store, &delivery.alert, Some(subscription))?;
        Ok(Some(due(delivery)))
    }
}

fn failed(operation: &'static str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> OutboxError {
    OutboxError { operation, source: error.into() }
}

fn due(delivery: Delivery) -> Due {
    Due { id: delivery.id, subscription: delivery.subscription.clone(), message: Message::of_delivery(delivery) }
}

/// The row at the start of the attempt: the result of an attempt is recorded only for that.
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
        thread: message.thread.clone(),
        recipients: message.recipients.clone(),
    }
}

impl Outbox for StoreOutbox<'_> {
    /// A damaged row before the next delivery is set aside first, and does not delay the others.
    fn next(&self, subscription: &str, turn: &Turn) -> Result<Option<Due>, OutboxError> {
        let read = match self.read_next(subscription, turn) {
            Err(StoreError::DamagedRow { .. }) => self.mender.mend().and_then(|_| self.read_next(subscription, turn)),
            read => read,
        };
        read.map_err(|error| failed("reading what is due", error))
    }

    fn note(&self, delivery: i64, at: DateTime<Utc>, recipients: &[Recipient]) -> Result<(), OutboxError> {
        let noted = self.store.note_recipients(delivery, at, recipients);
        noted.map_err(|error| failed("recording the recipients of a message", error))
    }

    fn end(&self, due: &Due, at: DateTime<Utc>, ending: &Ending) -> Result<(), OutboxError> {
        let (store, row) = (self.store, row(due));
        let outcome = match ending {
            Ending::Delivered { detail, thread, named, left } => {
                store.delivered_as(&row, at, &Acceptance { detail, thread: thread.as_deref(), named, left })
            }
            Ending::Retry { error, next, refused: false } => store.retry_delivery(&row, at, *next, error),
            Ending::Retry { error, next, refused: true } => store.refuse_delivery(&row, at, *next, error),
            Ending::GivenUp(why) => store.give_up(&row, at, why),
            Ending::Gone(why) => store.endpoint_gone(&row, at, why),
        };
        outcome.map(drop).map_err(|error| failed("recording an attempt", error))
    }

    fn endpoint(&self, subscription: &str) -> Result<EndpointState, OutboxError> {
        self.store.endpoint(subscription).map_err(|error| failed("reading the state of the endpoint", error))
    }

    fn waiting(&self, subscription: &str, due_by: DateTime<Utc>) -> Result<usize, OutboxError> {
        self.store.due_count(subscription, due_by).map_err(|error| failed("counting what is due", error))
    }
}

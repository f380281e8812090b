//! One message to one subscription.

use std::fmt::Debug;

use chrono::{DateTime, Utc};

use crate::{
    model::Alert,
    store::{Delivery, Recipient},
};

/// One message to one subscription about one alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The same over all attempts at this message, different for every other message.
    pub idempotency_key: String,
    /// Its subject.
    pub alert: Alert,
    /// The number of the message about this alert: 0 when the alert is raised, then 1, 2, … when it is raised again.
    pub sequence: u32,
    /// The number of the attempt at this message, from 1.
    pub attempt: u32,
    /// The number of refusals by the receiver.
    pub refusals: u32,
    /// The time when the message was put into the outbox, or last back into it.
    pub created_at: DateTime<Utc>,
    /// What a sink needs to go on with the alert at its receiver, by the receipt of an earlier message.
    pub thread: Option<String>,
    /// The recipients that are done since an earlier attempt at this message.
    pub recipients: Vec<Recipient>,
    /// Whether it is the short form of another message.
    pub is_short: bool,
}

impl Message {
    /// The first message about an alert, at its first attempt.
    pub fn first(idempotency_key: impl Into<String>, alert: Alert, created_at: DateTime<Utc>) -> Self {
        let (sequence, attempt, refusals) = (0, 1, 0);
        Self {
            idempotency_key: idempotency_key.into(),
            alert,
            sequence,
            attempt,
            refusals,
            created_at,
            thread: None,
            recipients: Vec::new(),
            is_short: false,
        }
    }

    /// The message of a stored delivery, at its next attempt.
    pub(crate) fn of_delivery(delivery: Delivery) -> Self {
        Self {
            idempotency_key: delivery.idempotency_key,
            alert: delivery.alert,
            sequence: delivery.sequence,
            attempt: delivery.attempts.saturating_add(1),
            refusals: delivery.refusals,
            created_at: delivery.created_at,
            thread: delivery.thread,
            recipients: delivery.recipients,
            is_short: false,
        }
    }
}

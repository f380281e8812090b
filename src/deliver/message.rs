//! One message to one subscription.

use std::fmt::Debug;

use chrono::{DateTime, Utc};

use crate::model::Alert;

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
    /// Where the receiver keeps the alert, by the receipt of an earlier message.
    pub thread: Option<String>,
}

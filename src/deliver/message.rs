//! One message to one subscription.

use std::fmt::Debug;

use chrono::{DateTime, Utc};

use crate::model::Alert;

/// One message to one subscription about one alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The same over all attempts at this message, different for every other message.
    pub idempotency_key: String,
    /// What it is about.
    pub alert: Alert,
    /// Which message about this alert it is: 0 when the alert is raised, then 1, 2, … when it is raised again.
    pub sequence: u32,
    /// Which attempt at this message it is, from 1.
    pub attempt: u32,
    /// How often the other side answered that it does not take it.
    pub refusals: u32,
    /// When the message was recorded.
    pub created_at: DateTime<Utc>,
}

//! The interface to the stored deliveries.

use std::error::Error;

use chrono::{DateTime, Utc};

use crate::{
    deliver::Message,
    model::ReleaseId,
    store::{EndpointState, Recipient, Turn},
};

/// A delivery that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The delivery row.
    pub id: i64,
    /// The subscription's name.
    pub subscription: String,
    /// The message; its `attempt` counts the one that is about to be made.
    pub message: Message,
}

/// The result of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It succeeded.
    Delivered {
        /// The receiver's answer.
        detail: String,
        /// What the sink needs to go on with the alert there.
        thread: Option<String>,
        /// The members of a campaign that the message named.
        named: Vec<ReleaseId>,
        /// The members for which the message had no room: another message follows.
        left: Vec<ReleaseId>,
    },
    /// It failed, and another attempt follows.
    Retry {
        error: String,
        /// The time of the next attempt.
        next: DateTime<Utc>,
        /// Whether the receiver refused this message.
        refused: bool,
    },
    /// It failed, and no other attempt follows; the reason.
    GivenUp(String),
    /// The endpoint answered that it is gone for good; its answer. The message waits, and nothing is sent to the endpoint
    /// before an operator acts.
    Gone(String),
}

/// The delivery rows. The change of a call is durable when it returns.
pub trait Outbox: Send + Sync {
    /// The delivery that a subscription's sink makes next: the severest alert first, and within one alert never a later
    /// message before an earlier one.
    ///
    /// # Errors
    /// The rows cannot be read.
    fn next(&self, subscription: &str, turn: &Turn) -> Result<Option<Due>, OutboxError>;

    /// Records what became of recipients of a message, while the attempt goes on.
    ///
    /// # Errors
    /// The rows cannot be written.
    fn note(&self, delivery: i64, at: DateTime<Utc>, recipients: &[Recipient]) -> Result<(), OutboxError>;

    /// Records the result of the attempt that was made at `at`.
    ///
    /// # Errors
    /// The rows cannot be written.
    fn end(&self, due: &Due, at: DateTime<Utc>, ending: &Ending) -> Result<(), OutboxError>;

    /// The state of a subscription's endpoint, over restarts.
    ///
    /// # Errors
    /// The rows cannot be read.
    fn endpoint(&self, subscription: &str) -> Result<EndpointState, OutboxError>;

    /// The number of due deliveries to a subscription.
    ///
    /// # Errors
    /// The rows cannot be read.
    fn waiting(&self, subscription: &str, due_by: DateTime<Utc>) -> Result<usize, OutboxError>;
}

/// The outbox could not be read or written. An unrecorded delivery is recorded before the next attempt; if this process
/// ends before that, it is delivered again, under the same idempotency key.
#[derive(Debug, thiserror::Error)]
#[error("{operation} in the outbox")]
pub struct OutboxError {
    /// The failed operation: `reading what is due`.
    pub operation: &'static str,
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

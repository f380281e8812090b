//! The interface to the stored deliveries, and the limits on attempts.

use std::{error::Error, time::Duration};

use chrono::{DateTime, Utc};

use super::{Message, Schedule};
use crate::{model::ReleaseId, store::Turn};

/// A delivery whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The delivery row.
    pub id: i64,
    /// The subscription's name.
    pub subscription: String,
    /// What is to be delivered; its `attempt` counts the one that is about to be made.
    pub message: Message,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It succeeded.
    Delivered {
        /// What the other side said.
        detail: String,
        /// The members of a campaign that the message named.
        named: Vec<ReleaseId>,
        /// The members for which the message had no room: another message follows.
        left: Vec<ReleaseId>,
    },
    /// It failed, and the next one is made then.
    Retry {
        error: String,
        /// When to try again.
        next: DateTime<Utc>,
        /// Whether the other side answered that it does not take this message.
        refused: bool,
    },
    /// It failed, and no other is made; why.
    GivenUp(String),
}

/// The delivery rows, wherever they are kept. What a call changed is durable when it returns.
pub trait Outbox: Send + Sync {
    /// The delivery that a subscription's sink makes next: the severest alert first, and within one alert never a later
    /// message before an earlier one.
    ///
    /// # Errors
    /// The rows cannot be read.
    fn next(&self, subscription: &str, turn: &Turn) -> Result<Option<Due>, OutboxError>;

    /// Records how the attempt ended that was made at `at`.
    ///
    /// # Errors
    /// The rows cannot be written.
    fn end(&self, due: &Due, at: DateTime<Utc>, ending: &Ending) -> Result<(), OutboxError>;

    /// How many deliveries to a subscription are due.
    ///
    /// # Errors
    /// The rows cannot be read.
    fn waiting(&self, subscription: &str, due_by: DateTime<Utc>) -> Result<usize, OutboxError>;
}

/// The outbox could not be read or written. What was delivered and not recorded is recorded before the next attempt; if
/// this process ends before that, it is delivered again, under the same idempotency key.
#[derive(Debug, thiserror::Error)]
#[error("{operation} in the outbox")]
pub struct OutboxError {
    /// What was attempted: `reading what is due`.
    pub operation: &'static str,
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

/// How attempts are made.
#[derive(Clone, Debug)]
pub struct Limits {
    /// When to try again.
    pub schedule: Schedule,
    /// Longest time for one attempt. Standard Webhooks recommends 15 to 30 seconds.
    pub attempt: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { schedule: Schedule::default(), attempt: Duration::from_secs(30) }
    }
}

/// The result of a pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Deliveries that were taken.
    pub delivered: usize,
    /// Deliveries that failed and will be tried again.
    pub retried: usize,
    /// Deliveries that will not be tried again, for whatever reason.
    pub given_up: usize,
    /// Due deliveries that were left for the next pass, because the sink failed again and again or asked for a pause.
    pub left: usize,
    /// Subscriptions whose endpoint said that it is gone for good: their alerts wait until an operator mends that.
    pub gone: Vec<String>,
}

impl Summary {
    /// Adds what another sink's pass came to.
    pub fn add(&mut self, other: Self) {
        self.delivered += other.delivered;
        self.retried += other.retried;
        self.given_up += other.given_up;
        self.left += other.left;
        self.gone.extend(other.gone);
    }
}

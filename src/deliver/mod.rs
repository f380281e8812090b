//! From an alert to the people and programs that want to know of it.
//!
//! An alert is recorded together with one delivery row per [`Subscription`] that matches it. Each subscription has a
//! [`Worker`] of its own, which takes the severest alert first, within one alert in order, and picks anew after every
//! attempt. Delivery is at least once: a [`Message`] carries an idempotency key that stays the same over all attempts, and
//! every sink passes it on in its own way.
//!
//! Much of an alert's text was chosen by whoever published the release. No sink shows it raw: it goes through
//! [`plain()`](crate::text::plain()), then through the escaping of the sink's own format.

mod accepting;
mod email;
mod endpoint;
mod outbox;
mod queue;
mod reduced;
mod render;
mod schedule;
mod shown;
mod slack;
mod slack_members;
mod stdout;
mod steps;
mod subscription;
mod view;
mod webhook;

#[cfg(test)]
mod samples;

use std::{error::Error, fmt::Debug, time::Duration};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

pub use accepting::{accept_because, accept_command, needs_reason};
pub use email::{EmailError, EmailSettings, EmailSink, SmtpSecurity};
pub use endpoint::Endpoint;
pub use outbox::{Due, Ending, Limits, Outbox, OutboxError, Summary};
pub use queue::{Queue, Step, Worker};
pub use schedule::{Attempt, LONGEST_STEP, Next, Schedule};
pub use slack::SlackSink;
pub use stdout::{StdoutFormat, StdoutSink};
pub use steps::{NextStep, steps, warning};
pub use subscription::{DuplicateSubscription, Subscription, Subscriptions};
pub use webhook::{InvalidSigningSecret, SigningSecret, WebhookSink, webhook_schema};

use crate::{
    model::Alert,
    text::{plain, with_causes},
};

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

/// Takes messages to where they are read.
pub trait Sink: Send + Sync + Debug {
    /// The kind, as the configuration names it: `email`, `slack`, `webhook`, `stdout`.
    fn kind(&self) -> &'static str;

    /// Makes one attempt. It may be dropped at any time, when the attempt takes too long.
    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>>;
}

/// What the other side said when it took a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// For the record, one line; may quote the other side.
    pub detail: String,
}

/// Why an attempt failed, and whether trying again can help.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// It can: the other side is away, busy, or not set up as it should be.
    #[error("{what}")]
    Temporary {
        /// The operation that failed and how.
        what: String,
        /// For how long the other side asked to be left alone.
        retry_after: Option<Duration>,
        /// The cause below, if it may be shown (an HTTP error names the URL, which may be a secret).
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// It can, and it may be the message that is refused: the other side answered, and did not say that anything else is wrong.
    #[error("{what}")]
    Refused {
        /// The operation that failed and how.
        what: String,
    },
    /// It cannot: this message will never be taken.
    #[error("{what}")]
    Permanent {
        /// The operation that failed and how.
        what: String,
        /// The cause below.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// It cannot, nor can any other message: the other side said that the endpoint is gone for good.
    #[error("{what}")]
    Gone {
        /// What it said.
        what: String,
    },
}

impl SinkError {
    /// A failure that may pass, without a cause below.
    pub fn temporary(what: impl Into<String>) -> Self {
        Self::Temporary { what: what.into(), retry_after: None, source: None }
    }

    /// A failure that will not, without a cause below.
    pub fn permanent(what: impl Into<String>) -> Self {
        Self::Permanent { what: what.into(), source: None }
    }

    /// The whole chain of causes on one line that is safe to print and to store.
    pub fn report(&self) -> String {
        plain(&with_causes(self), shown::SENTENCE)
    }
}

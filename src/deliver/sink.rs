//! The interface of sinks, and the reasons why a delivery fails.

use std::{error::Error, fmt::Debug, time::Duration};

use futures::future::BoxFuture;

use super::{message::Message, shown};
use crate::text::{plain, with_causes};

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
    pub(crate) fn temporary(what: impl Into<String>) -> Self {
        Self::Temporary { what: what.into(), retry_after: None, source: None }
    }

    /// A failure that will not, without a cause below.
    pub(crate) fn permanent(what: impl Into<String>) -> Self {
        Self::Permanent { what: what.into(), source: None }
    }

    /// The whole chain of causes on one line that is safe to print and to store.
    pub fn report(&self) -> String {
        plain(&with_causes(self), shown::SENTENCE)
    }
}

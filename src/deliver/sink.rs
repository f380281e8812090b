//! The interface of sinks, and the reasons why a delivery fails.

use std::{error::Error, fmt::Debug, time::Duration};

use futures::future::BoxFuture;

use super::{message::Message, shown};
use crate::{
    model::Alert,
    store::Recipient,
    text::{plain, with_causes},
    tls,
};

/// Notes what became of the recipients of a message while an attempt goes on, so that an attempt that is cut off sends
/// none of them the message twice.
pub trait Notes: Send + Sync {
    /// Notes recipients that have the message, or never get it.
    fn note(&self, recipients: Vec<Recipient>);
}

/// Notes nothing, because no other attempt follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unnoted;

impl Notes for Unnoted {
    fn note(&self, _recipients: Vec<Recipient>) {}
}

/// Takes messages to their readers.
pub trait Sink: Send + Sync + Debug {
    /// Its type, as the configuration names it: `email`, `slack`, `webhook`, `stdout`.
    fn kind(&self) -> &'static str;

    /// Makes one attempt. It may be dropped at any time, when the attempt takes too long.
    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>>;

    /// As [`Sink::deliver`], where one message goes to several recipients: those that are done are noted, and
    /// [`Message::recipients`] has them at the next attempt.
    fn deliver_noting<'a>(
        &'a self,
        message: &'a Message,
        _notes: &'a dyn Notes,
    ) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        self.deliver(message)
    }

    /// The longest time of an attempt, if the receiver may take longer than others.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// Whether the receiver keeps an alert open until it is told of its end, as a pager does. A trial of such a
    /// receiver ends what it began.
    fn keeps_open(&self) -> bool {
        false
    }

    /// Whether an endpoint that is gone is so only for this process, as standard output is: the next one tries it again.
    fn is_of_the_process(&self) -> bool {
        false
    }

    /// How often the receiver is to be told of every alert that is not resolved, because it forgets; `None`: it does not.
    fn refresh_every(&self) -> Option<Duration> {
        None
    }

    /// Tells a receiver that forgets of some alerts again, none of which is resolved.
    fn refresh<'a>(&'a self, _alerts: &'a [Alert]) -> BoxFuture<'a, Result<(), SinkError>> {
        Box::pin(async { Ok(()) })
    }
}

/// The receiver's answer when it accepted a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// For the record, one line; may quote the receiver.
    pub detail: String,
    /// What the sink needs to go on with the alert, in a form of its own: the number of an issue, the first message of a
    /// thread in a channel, the labels that fire, the last event of an incident. It is stored, and comes back as
    /// [`Message::thread`].
    pub thread: Option<String>,
}

impl Receipt {
    /// The receipt of a receiver that keeps nothing.
    pub fn of(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), thread: None }
    }
}

/// The reason why an attempt failed, and whether another attempt can help.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// It can: the receiver is down, busy, or wrongly configured.
    #[error("{what}")]
    Temporary {
        /// The operation that failed and how.
        what: String,
        /// The pause that the receiver requested.
        retry_after: Option<Duration>,
        /// The underlying error, if it may be shown (an HTTP error names the URL, which may be a secret).
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// It can, and the message may be refused: the receiver answered, and named no other cause.
    #[error("{what}")]
    Refused {
        /// The operation that failed and how.
        what: String,
    },
    /// It can, and the receiver works: some recipients are done, and the message is put off for the others.
    #[error("{what}")]
    PutOff {
        /// The operation, and how each recipient stands.
        what: String,
    },
    /// It cannot: this message will never be accepted.
    #[error("{what}")]
    Permanent {
        /// The operation that failed and how.
        what: String,
        /// The underlying error.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// No message can be delivered: the receiver reported that the endpoint is permanently gone.
    #[error("{what}")]
    Gone {
        /// Its answer.
        what: String,
    },
}

impl SinkError {
    /// A temporary failure without an underlying error.
    pub(crate) fn temporary(what: impl Into<String>) -> Self {
        Self::Temporary { what: what.into(), retry_after: None, source: None }
    }

    /// A permanent failure without an underlying error.
    pub(crate) fn permanent(what: impl Into<String>) -> Self {
        Self::Permanent { what: what.into(), source: None }
    }

    /// The failure with its cause; a refusal has no other cause than the receiver's answer.
    #[must_use]
    pub(crate) fn because(self, cause: impl Error + Send + Sync + 'static) -> Self {
        let source = Some(Box::new(cause) as _);
        match self {
            Self::Temporary { what, retry_after, .. } => Self::Temporary { what, retry_after, source },
            Self::Permanent { what, .. } => Self::Permanent { what, source },
            Self::Refused { .. } | Self::PutOff { .. } | Self::Gone { .. } => self,
        }
    }

    /// Whether the receiver works, and did not take this message.
    pub(crate) const fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Permanent { .. })
    }

    /// The pause that the receiver requested.
    pub(crate) const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Temporary { retry_after, .. } => *retry_after,
            Self::Refused { .. } | Self::PutOff { .. } | Self::Permanent { .. } | Self::Gone { .. } => None,
        }
    }

    /// The whole chain of causes on one line that is safe to print and to store, with the next step if TLS is the cause.
    pub fn report(&self) -> String {
        let next = tls::next_step(self).map(|next| format!("; {next}")).unwrap_or_default();
        plain(&format!("{}{next}", with_causes(self)), shown::SENTENCE)
    }
}

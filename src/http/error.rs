//! Errors of HTTP exchanges, with hints for the operator.

use std::time::Duration;

use url::Url;

use super::{message::Method, retry::is_transient, room};
use crate::text::counted;

/// The reason why one attempt failed.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No connection, reset, TLS, time-out. May be transient.
    #[error("{0}")]
    Failed(String),
    /// No complete answer within the caller's time. Another request at once would take as long.
    #[error("no whole answer within {}", seconds(*limit))]
    Slow {
        /// The time.
        limit: Duration,
    },
    /// The body is larger than the request allows.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// The body needs a place among the large ones; with one the exchange is started again.
    #[error("the body is large and has no place in memory yet")]
    Large {
        /// Its size, if the server announced it.
        announced: Option<u64>,
    },
    /// No place was free for a long time.
    #[error("other large answers fill the memory that is set aside for them; it is asked for again when they are read")]
    Crowded,
    /// The address is forbidden.
    #[error("{0}")]
    Forbidden(String),
    /// A header of the request cannot be sent.
    #[error("the request cannot be sent: {0}")]
    Unsendable(String),
    /// The recording or script has no answer to this request.
    #[error("{player} has no answer to {method} {url}")]
    Unrecorded {
        /// The recording or script.
        player: String,
        /// The method.
        method: Method,
        /// The URL.
        url: Url,
    },
}

impl TransportError {
    /// Whether the next attempt may succeed.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Crowded)
    }
}

/// The reason why an exchange failed, after all retries. URLs are as [`Request::shown_url`](super::Request::shown_url)
/// gives them.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The last attempt failed below HTTP.
    #[error("fetching {url}: no usable answer after {}", counted(*attempts, "attempt"))]
    Transport {
        /// The URL.
        url: Url,
        /// The number of attempts.
        attempts: u32,
        /// The last failure.
        #[source]
        source: TransportError,
    },
    /// An unsuccessful answer, also after retries.
    #[error("fetching {url}: the server answered {status} after {}{hint}", counted(*attempts, "attempt"))]
    Status {
        /// The URL.
        url: Url,
        /// The status code.
        status: u16,
        /// The number of attempts.
        attempts: u32,
        /// The remedy, if there is one; starts with `; `.
        hint: String,
        /// The requested wait before the next request.
        retry_after: Option<Duration>,
        /// The first line of its answer, where only the status was wanted.
        said: String,
    },
    /// The host requested a pause that is not over; nothing was sent.
    #[error("fetching {url}: the server asked for a pause of {} more", seconds(*wait))]
    Paused {
        /// The URL.
        url: Url,
        /// The rest of the pause.
        wait: Duration,
    },
    /// A URL or redirect that the host rules forbid.
    #[error("fetching {url}: {why}")]
    Refused {
        /// The URL.
        url: Url,
        /// The rule.
        why: String,
    },
}

impl HttpError {
    /// Whether the server answered "not found" (404 or 410).
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Status { status: 404 | 410, .. })
    }

    /// Whether the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Transport { source, .. } => source.is_transient(),
            Self::Status { status, .. } => is_transient(*status),
            Self::Paused { .. } => true,
            Self::Refused { .. } => false,
        }
    }

    /// Whether the caller's time was over before the answer arrived.
    pub(crate) fn is_slow(&self) -> bool {
        matches!(self, Self::Transport { source: TransportError::Slow { .. }, .. })
    }

    /// The pause that the server requested, if any.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Paused { wait, .. } => Some(*wait),
            Self::Transport { source: TransportError::Crowded, .. } => Some(room::AGAIN),
            Self::Transport { .. } | Self::Refused { .. } => None,
        }
    }
}

/// The operator's remedy for a status, or nothing.
pub(super) fn hint(status: u16, retry_after: Option<Duration>, has_contact: bool) -> String {
    let text = match status {
        304 => "the request was unconditional, so a cache on the way is broken",
        300..=399 => "the redirect names no usable location",
        401 => "check the credentials that the configuration gives for this host",
        403 if !has_contact => {
            "some registries refuse clients without a contact: set the contact (an e-mail address or a URL) in the \
             configuration"
        }
        403 => "the server refuses this address or these credentials; ask its operators",
        407 => "the proxy wants credentials: put them into its URL in the environment",
        413 => "the request is too large for the server",
        _ => "",
    };
    match (text, retry_after) {
        ("", Some(wait)) => format!("; it wants to be asked again in {}", seconds(wait)),
        ("", None) if is_transient(status) => "; this passes by itself as a rule, and is tried again later".to_owned(),
        ("", None) => String::new(),
        (text, _) => format!("; {text}"),
    }
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_millis().div_ceil(1_000))
}

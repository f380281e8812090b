use std::time::Duration;

use url::Url;

/// Why one attempt failed.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No connection, reset, TLS, time-out.
    #[error("{0}")]
    Failed(String),
    /// The body is larger than the request allows.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// The address is not one that may be reached.
    #[error("{0}")]
    Forbidden(String),
}

/// Why an exchange failed, after all retries.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The last attempt failed below HTTP.
    #[error("fetching {url}: no usable answer after {attempts} attempts")]
    Transport {
        /// The URL.
        url: Url,
        /// How often it was tried.
        attempts: u32,
        /// The last failure.
        #[source]
        source: TransportError,
    },
    /// An answer that is not a success, and that retrying did not mend.
    #[error("fetching {url}: the server answered {status} after {attempts} attempts{hint}")]
    Status {
        /// The URL.
        url: Url,
        /// The status code.
        status: u16,
        /// How often it was tried.
        attempts: u32,
        /// What to do, if there is something; starts with `; `.
        hint: String,
        /// When the server wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// A URL or redirect that the host rules forbid.
    #[error("fetching {url}: {why}")]
    Refused {
        /// The URL.
        url: Url,
        /// Which rule.
        why: String,
    },
}

impl HttpError {
    /// Whether the server said that there is no such thing (404 or 410).
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Status { status: 404 | 410, .. })
    }
}

//! HTTP: the only access to the network.
//!
//! [`Client::fetch`] is one exchange as a caller sees it: limits per port of a host, retries of the whole exchange,
//! validators, size and host rules, all set by a [`Policy`]. Below it a [`Transport`] makes single attempts: the real
//! one, a scripted one for tests, a recorded one that plays a folder.

mod address;
mod allowance;
mod client;
mod credentials;
mod date;
mod error;
mod host;
mod http_date;
mod message;
mod pace;
mod policy;
mod rate_limiter;
mod real;
mod recorded;
mod recording;
mod redirect;
mod retry;
mod room;
#[cfg(test)]
mod scripted;

pub(crate) use allowance::Allowance;
pub use client::Client;
pub(crate) use credentials::Credentials;
pub use error::{HttpError, TransportError};
pub(crate) use host::HostPattern;
pub(crate) use message::{DEFAULT_MAX_BODY, Validators};
pub use message::{Fetched, Method, Request, Response};
pub use policy::{HostLimits, Policy, RetryPolicy};
pub use real::RealTransport;
pub use recorded::RecordedExchange;
pub(crate) use recorded::{RecordedTransport, RecordingError};
pub use recording::RecordingTransport;
#[cfg(test)]
pub(crate) use scripted::ScriptedTransport;

use futures::future::BoxFuture;

/// Makes one attempt at an exchange, body included. The client adds retries, redirects and rate limits.
pub trait Transport: Send + Sync + std::fmt::Debug {
    /// Sends the request and reads the whole answer, of which at most `request.max_body` bytes after decompression.
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>>;
}

/// The answer, if its size is within the request's limit.
fn within_limit(request: &Request, response: Response) -> Result<Response, TransportError> {
    if response.body.len() as u64 > request.max_body {
        return Err(TransportError::TooLarge { limit: request.max_body });
    }
    Ok(response)
}

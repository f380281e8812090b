//! The only door to the network.
//!
//! [`Client::fetch`] is one exchange as a caller sees it: limits per host, retries of the whole exchange, validators,
//! size and host rules. Below it a [`Transport`] makes single attempts: the real one, a scripted one for tests, a
//! recorded one that plays a folder.

mod client;
mod error;
mod message;
mod scripted;

pub use client::Client;
pub use error::{HttpError, TransportError};
pub use message::{Fetched, Method, Request, Response, Validators};
pub use scripted::ScriptedTransport;

use futures::future::BoxFuture;

/// Makes one attempt at an exchange, body included. No retries, no redirects, no rate limits: those are the client's.
pub trait Transport: Send + Sync + std::fmt::Debug {
    /// Sends the request and reads the whole answer, of which at most `request.max_body` bytes after decompression.
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>>;
}

//! A fake web that answers with the fuzzer's bytes. Readers are reached as the daemon reaches them, through the HTTP
//! client.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use provwatch::{
    clock::ManualClock,
    http::{Client, Policy, Request, Response, RetryPolicy, Transport, TransportError},
};

/// When everything happens.
pub const NOW: &str = "2026-06-01T12:00:00Z";

/// Answers by the ends of URLs' paths; whatever is not named is not found.
#[derive(Debug, Default)]
struct Answers(Vec<(&'static str, Bytes)>);

impl Transport for Answers {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        let path = request.url.path();
        let found = self.0.iter().find(|(end, _)| path.ends_with(end)).map(|(_, body)| body.clone());
        let status = if found.is_some() { 200 } else { 404 };
        Box::pin(async move {
            let body = found.unwrap_or_default();
            if body.len() as u64 > request.max_body {
                return Err(TransportError::TooLarge { limit: request.max_body });
            }
            Ok(Response { status, headers: vec![("etag".to_owned(), "\"1\"".to_owned())], body })
        })
    }
}

/// A client of a web with these answers.
pub fn client(answers: impl IntoIterator<Item = (&'static str, Bytes)>) -> Client {
    let retry = RetryPolicy { max_attempts: 1, ..RetryPolicy::default() };
    let policy = Policy { retry, ..Policy::default() };
    Client::with_policy(Arc::new(Answers(answers.into_iter().collect())), Arc::new(ManualClock::at_text(NOW)), policy)
}

/// The fuzzer's bytes as a body.
pub fn body(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

/// A seed as a body, for the documents that stand beside the fuzzer's.
pub fn seed(bytes: &'static [u8]) -> Bytes {
    Bytes::from_static(bytes)
}

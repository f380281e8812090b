//! The transport for tests, which plays scripted answers and keeps the requests.

use std::{collections::VecDeque, sync::Mutex};

use futures::future::BoxFuture;

use super::{Request, Response, Transport, TransportError, within_limit};

/// A transport for tests: plays answers in the order in which they were added, each for its URL, and keeps the
/// requests.
#[derive(Debug, Default)]
pub struct ScriptedTransport {
    answers: Mutex<VecDeque<(String, Result<Response, TransportError>)>>,
    requests: Mutex<Vec<Request>>,
}

impl ScriptedTransport {
    /// A transport without answers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer for the next request to a URL that ends with `url_suffix`.
    pub fn answer(&self, url_suffix: &str, status: u16, headers: &[(&str, &str)], body: impl Into<bytes::Bytes>) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.push(url_suffix, Ok(Response { status, headers, body: body.into() }));
    }

    /// Adds a failure.
    pub fn fail(&self, url_suffix: &str, why: &str) {
        self.push(url_suffix, Err(TransportError::Failed(why.to_owned())));
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no test panics while holding it").clone()
    }

    fn push(&self, url_suffix: &str, answer: Result<Response, TransportError>) {
        self.answers.lock().expect("no test panics while holding it").push_back((url_suffix.to_owned(), answer));
    }

    fn next(&self, request: &Request) -> Result<Response, TransportError> {
        self.requests.lock().expect("no test panics while holding it").push(request.clone());
        let mut answers = self.answers.lock().expect("no test panics while holding it");
        let place = answers.iter().position(|(suffix, _)| request.url.as_str().ends_with(suffix.as_str()));
        match place.and_then(|place| answers.remove(place)) {
            Some((_, answer)) => answer.and_then(|response| within_limit(request, response)),
            None => Err(TransportError::Unrecorded {
                player: "the script".to_owned(),
                method: request.method,
                url: request.shown_url(),
            }),
        }
    }
}

impl Transport for ScriptedTransport {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        let answer = self.next(request);
        Box::pin(async move { answer })
    }
}

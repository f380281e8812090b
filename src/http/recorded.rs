//! The transport that plays a recording of HTTP exchanges.

use std::{
    collections::HashMap,
    path::{Component, Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Method, Request, Response, Transport, TransportError, within_limit};

/// The index of a recording.
pub(super) const INDEX: &str = "exchanges.json";
/// Most bytes of all bodies of a recording; they are kept in memory.
const MAX_BODIES: u64 = 256 * 1024 * 1024;

/// One line of `exchanges.json`, which is an array of them in the order in which they happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedExchange {
    /// The method.
    pub method: Method,
    /// The URL, of any host, as [`url::Url`] spells it.
    pub url: String,
    /// SHA-256 of the request's body in hex; without it any body matches.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_body_sha256: Option<String>,
    /// The status code.
    pub status: u16,
    /// The answer's headers, names in lower case.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The file of the answer's body, relative to the folder; without it the body is empty.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub body_file: Option<String>,
}

/// The reason why a recording cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// A file of the recording.
    #[error("{action} the recording's file {}", path.display())]
    File {
        /// `reading` or `writing`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The index is malformed.
    #[error("the recording's index is not an array of exchanges")]
    Index(#[source] serde_json::Error),
    /// An exchange of the index is not usable.
    #[error("exchange {number} of the recording: {why}")]
    Exchange {
        /// Its number, from one.
        number: usize,
        /// The error.
        why: String,
    },
    /// A file or all bodies together.
    #[error("the recording is too large: {what} more than {limit} bytes")]
    TooLarge {
        /// The part, with its verb.
        what: String,
        /// The limit.
        limit: u64,
    },
}

/// Plays a recording: a folder with `exchanges.json` and files of bodies. Exchanges of the same request are played in
/// order, and the last is repeated; different requests may come in any order.
///
/// It answers conditional requests as the server would have: 304 if the validator is that of the repeated answer, and
/// to a request without a condition never a recorded 304 but the full answer before it.
#[derive(Debug)]
pub struct RecordedTransport {
    name: String,
    by_request: HashMap<(Method, String), Vec<RecordedAnswer>>,
}

#[derive(Debug)]
struct RecordedAnswer {
    request_body_sha256: Option<String>,
    response: Response,
    played: AtomicBool,
}

impl RecordedTransport {
    /// A recording from its index and a reader of its bodies; the name is used in errors.
    ///
    /// # Errors
    /// The index is malformed, or a body is missing or too large.
    pub fn from_parts(
        name: &str,
        index: &[u8],
        read_body: impl Fn(&str) -> Result<Bytes, RecordingError>,
    ) -> Result<Self, RecordingError> {
        let exchanges: Vec<RecordedExchange> = serde_json::from_slice(index).map_err(RecordingError::Index)?;
        let mut bodies = Bodies { read_body, known: HashMap::new(), total: 0 };
        let mut by_request: HashMap<_, Vec<RecordedAnswer>> = HashMap::new();
        for (place, exchange) in exchanges.into_iter().enumerate() {
            let wrong = |why| RecordingError::Exchange { number: place + 1, why };
            check(&exchange).map_err(wrong)?;
            let body = exchange.body_file.as_deref().map(|file| bodies.get(file)).transpose()?.unwrap_or_default();
            let response = Response { status: exchange.status, headers: exchange.headers, body };
            let answer = RecordedAnswer {
                request_body_sha256: exchange.request_body_sha256,
                response,
                played: AtomicBool::new(false),
            };
            by_request.entry((exchange.method, exchange.url)).or_default().push(answer);
        }
        Ok(Self { name: name.to_owned(), by_request })
    }

    fn play(&self, request: &Request) -> Result<Response, TransportError> {
        let answer = self.next(request).ok_or_else(|| TransportError::Unrecorded {
            player: format!("the recording {}", self.name),
            method: request.method,
            url: request.shown_url(),
        })?;
        within_limit(request, answer)
    }

    /// The next answer that was not played, else the last one again.
    fn next(&self, request: &Request) -> Option<Response> {
        let body = request.body.as_deref().map(body_sha256);
        let all = self.by_request.get(&(request.method, request.url.as_str().to_owned()))?;
        let fitting = || all.iter().filter(|answer| answer.takes(body.as_deref()) && answer.suits(request));
        // The swap marks the answer in the same step, so that no two requests play it.
        match fitting().find(|answer| !answer.played.swap(true, Ordering::Relaxed)) {
            Some(answer) => Some(answer.response.clone()),
            None => fitting().next_back().map(|answer| answer.repeated_for(request)),
        }
    }
}

impl RecordedAnswer {
    fn takes(&self, request_body: Option<&str>) -> bool {
        self.request_body_sha256.as_deref().is_none_or(|recorded| Some(recorded) == request_body)
    }

    /// A 304 is only for conditional requests.
    fn suits(&self, request: &Request) -> bool {
        self.response.status != 304 || request.is_conditional()
    }

    fn repeated_for(&self, request: &Request) -> Response {
        let asked = request.header_value("if-none-match");
        if asked.is_some() && asked == self.response.header("etag") {
            return Response { status: 304, body: Bytes::new(), ..self.response.clone() };
        }
        self.response.clone()
    }
}

impl Transport for RecordedTransport {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        let answer = self.play(request);
        Box::pin(async move { answer })
    }
}

/// Bodies by file, each read once.
struct Bodies<F> {
    read_body: F,
    known: HashMap<String, Bytes>,
    total: u64,
}

impl<F: Fn(&str) -> Result<Bytes, RecordingError>> Bodies<F> {
    fn get(&mut self, file: &str) -> Result<Bytes, RecordingError> {
        if let Some(body) = self.known.get(file) {
            return Ok(body.clone());
        }
        let body = (self.read_body)(file)?;
        self.total += body.len() as u64;
        if self.total > MAX_BODIES {
            return Err(RecordingError::TooLarge { what: "its bodies have".to_owned(), limit: MAX_BODIES });
        }
        self.known.insert(file.to_owned(), body.clone());
        Ok(body)
    }
}

fn check(exchange: &RecordedExchange) -> Result<(), String> {
    let url = url::Url::parse(&exchange.url).map_err(|error| format!("`{}` is not a URL: {error}", exchange.url))?;
    if url.as_str() != exchange.url {
        return Err(format!("the URL `{}` must be written `{url}`", exchange.url));
    }
    if !(200..=599).contains(&exchange.status) {
        return Err(format!("{} is not a final status code", exchange.status));
    }
    match &exchange.body_file {
        Some(file) if !is_inside(Path::new(file)) => Err(format!("`{file}` is not a path inside the folder")),
        _ => Ok(()),
    }
}

fn is_inside(path: &Path) -> bool {
    let mut components = path.components().peekable();
    components.peek().is_some() && components.all(|component| matches!(component, Component::Normal(_)))
}

/// The name of a body in a recording.
pub(super) fn body_sha256(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

#[cfg(test)]
mod tests;

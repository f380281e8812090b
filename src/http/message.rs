//! Requests and responses of HTTP.

use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{http_date, room::BodyAllowance};

/// The largest accepted age of a cached answer, in seconds.
const MAX_AGE: i64 = 31 * 24 * 60 * 60;

/// The methods that provwatch uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
}

/// One request.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The URL.
    pub url: Url,
    /// Extra headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, of every method but GET.
    pub body: Option<Bytes>,
    /// Most bytes of the answer's body, after decompression if it is decompressed.
    pub max_body: u64,
    /// The validators of an earlier answer; makes the request conditional.
    pub validators: Option<Validators>,
    /// Most attempts, if not the policy's.
    pub max_attempts: Option<u32>,
    /// Whether the URL's path and query are a secret, as a webhook's are: errors and logs then show only its host.
    pub confidential: bool,
    /// Whether the answer's body is left unread: the caller needs only its status, however slow the rest is. The
    /// beginning of a refusal is read, if it comes soon.
    pub discards_body: bool,
    /// Whether the answer's body is the bytes that are sent, whatever encoding the server names: the digest of a file is
    /// over those.
    pub(super) is_verbatim: bool,
    /// The answers that are the caller's.
    pub(super) takes: Takes,
    /// The size that the body may have without more room.
    pub(super) allowance: BodyAllowance,
}

/// The answers that are handed to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Takes {
    /// Successes only.
    Successes,
    /// Redirects too, which are not followed: the caller needs to know where they lead.
    Redirects,
    /// Refusals too: the caller reads why.
    Refusals,
}

/// Most bytes of an ordinary answer: 8 MiB. Package documents have a limit of their own.
pub const DEFAULT_MAX_BODY: u64 = 8 * 1024 * 1024;

impl Request {
    /// A GET with an ordinary size limit.
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::Get,
            url,
            headers: Vec::new(),
            body: None,
            max_body: DEFAULT_MAX_BODY,
            validators: None,
            max_attempts: None,
            confidential: false,
            discards_body: false,
            is_verbatim: false,
            takes: Takes::Successes,
            allowance: BodyAllowance::default(),
        }
    }

    /// A POST with an ordinary size limit.
    pub(crate) fn post(url: Url, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { method: Method::Post, body: Some(body.into()), ..Self::get(url) }.header("content-type", content_type)
    }

    /// This request with another type of its body.
    #[must_use]
    pub(crate) fn content_type(mut self, media_type: &str) -> Self {
        self.headers.retain(|(name, _)| name != "content-type");
        self.header("content-type", media_type)
    }

    /// This request by another method that has a body.
    #[must_use]
    pub(crate) fn by(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// Adds a header; the name in lower case.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Requests this media type.
    #[must_use]
    pub fn accept(self, media_type: &str) -> Self {
        self.header("accept", media_type)
    }

    /// Sets the size limit.
    #[must_use]
    pub fn max_body(self, max_body: u64) -> Self {
        Self { max_body, ..self }
    }

    /// Makes the request conditional.
    #[must_use]
    pub(crate) fn unless(self, validators: Option<Validators>) -> Self {
        Self { validators, ..self }
    }

    /// Sets the most attempts; one for callers that have a schedule of their own.
    #[must_use]
    pub fn max_attempts(self, attempts: u32) -> Self {
        Self { max_attempts: Some(attempts), ..self }
    }

    /// Keeps the URL's path and query out of errors and logs.
    #[must_use]
    pub(crate) fn confidential(self) -> Self {
        Self { confidential: true, ..self }
    }

    /// Leaves the answer's body unread, except for the first line of a refusal.
    #[must_use]
    pub fn discard_body(self) -> Self {
        Self { discards_body: true, ..self }
    }

    /// Takes the body as it is sent: some servers name the compression of a `.tgz` as an encoding of the answer.
    #[must_use]
    pub fn verbatim(self) -> Self {
        Self { is_verbatim: true, ..self }
    }

    /// Hands redirects (301, 302, 307, 308) to the caller as they are.
    #[must_use]
    pub(crate) fn takes_redirects(self) -> Self {
        Self { takes: self.takes.max(Takes::Redirects), ..self }
    }

    /// Hands redirects and unsuccessful answers (4xx, 5xx) to the caller as they are.
    #[must_use]
    pub(crate) fn takes_refusals(self) -> Self {
        Self { takes: Takes::Refusals, ..self }
    }

    /// The URL in a form that may be shown: without credentials, and if the request is confidential without path and
    /// query.
    pub(crate) fn shown_url(&self) -> Url {
        let mut url = self.url.clone();
        // These fail only for URLs that cannot carry credentials.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        if self.confidential {
            url.set_path("/");
            url.set_query(None);
            url.set_fragment(None);
        }
        url
    }

    /// The first header of that name (lower case).
    pub fn header_value(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// Whether the headers let the server answer "not modified".
    pub(super) fn is_conditional(&self) -> bool {
        ["if-none-match", "if-modified-since"].iter().any(|name| self.header_value(name).is_some())
    }
}

impl fmt::Debug for Request {
    /// Names the headers, and hides their values, the body and the confidential parts of the URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &self.shown_url().as_str())
            .field("headers", &headers)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
        })
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// One answer, its body whole and decompressed.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Response {
    /// The first header of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The time when the answer was sent: a cache passes on the `Date` of its copy, with its age (RFC 9111, section
    /// 5.1).
    pub(crate) fn sent_at(&self) -> Option<DateTime<Utc>> {
        let date = http_date::parse(self.header("date")?)?;
        let age = self.header("age").and_then(|age| age.trim().parse::<i64>().ok()).unwrap_or(0);
        date.checked_add_signed(TimeDelta::seconds(age.clamp(0, MAX_AGE)))
    }

    /// The validators of the answer.
    pub fn validators(&self) -> Option<Validators> {
        let validators = Validators {
            etag: self.header("etag").map(str::to_owned),
            last_modified: self.header("last-modified").map(str::to_owned),
        };
        (validators != Validators::default()).then_some(validators)
    }
}

/// The validators of an answer. The caller stores them in the same transaction as the answer's content, so that a crash
/// in between cannot make a later 304 hide it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub etag: Option<String>,
    /// `Last-Modified`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_modified: Option<String>,
}

/// The outcome of a successful exchange.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// A 2xx answer; for a request that takes redirects or refusals also one of those.
    Fresh(Response),
    /// 304 to a conditional request.
    NotModified,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_errors_nor_logs_show_secrets() {
        let request =
            Request::get("https://me:secret@hooks.example/services/secret?key=secret#secret".parse().unwrap())
                .header("authorization", "Bearer secret")
                .confidential();
        assert_eq!(request.shown_url().as_str(), "https://hooks.example/");
        assert!(!format!("{request:?}").contains("secret"));
        let request = Request::get("https://me:secret@npm.example/axios".parse().unwrap());
        assert_eq!(request.shown_url().as_str(), "https://npm.example/axios");
    }
}

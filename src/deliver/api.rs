//! A service's JSON API: an endpoint with paths, and answers that are read.

use bytes::Bytes;
use serde_json::Value;
use url::Url;

use super::{Endpoint, SinkError};
use crate::{
    http::{Client, HostLimits, Method, Request, Response},
    model::Secret,
};

/// A JSON API below one URL, with a token that goes nowhere else.
#[derive(Debug)]
pub(super) struct Api {
    endpoint: Endpoint,
    headers: Vec<(&'static str, String)>,
}

/// One call of an API.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub method: Method,
    /// The path below the API's URL, by its parts; a part is encoded as a whole.
    pub path: &'a [&'a str],
    pub query: &'a [(&'a str, &'a str)],
    /// The body, of every method but GET.
    pub body: Option<Value>,
    /// The statuses that refuse the message for good.
    pub permanent: &'a [u16],
}

impl Api {
    /// The API below `base`, with the limits that its service publishes and the token as a header: `authorization` and
    /// `Bearer {}`, where `{}` stands for the token.
    pub fn new(http: &Client, base: Url, limits: HostLimits, token: &Secret, (header, form): (&'static str, &str)) -> Self {
        let endpoint = Endpoint::new(http, base).limited(limits).hiding(token.clone());
        Self { endpoint, headers: vec![(header, form.replace("{}", token.expose()))] }
    }

    /// The API with one more header in each call.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Makes one attempt at a call, and reads its answer; an empty one is null.
    ///
    /// # Errors
    /// As [`Endpoint::post`], and an answer that is not JSON.
    pub async fn call(&self, call: &Call<'_>) -> Result<Answer, SinkError> {
        let response = self.endpoint.exchange(self.request(call)?, call.permanent).await?;
        let body = match response.body.as_ref() {
            [] => Value::Null,
            body => serde_json::from_slice(body)
                .map_err(|why| SinkError::temporary(self.failed(&format!("its answer is not JSON: {why}"))))?,
        };
        Ok(Answer { body, response })
    }

    /// What failed at this service, in a form that may be shown.
    pub fn failed(&self, why: &str) -> String {
        self.endpoint.failed(why)
    }

    fn request(&self, call: &Call<'_>) -> Result<Request, SinkError> {
        let url = self.url(call).ok_or_else(|| SinkError::temporary(self.failed("its URL cannot have a path")))?;
        let request = match &call.body {
            Some(body) => Request::post(url, "application/json", Bytes::from(body.to_string())).by(call.method),
            None => Request::get(url),
        };
        let request = request.accept("application/json");
        Ok(self.headers.iter().fold(request, |request, (name, value)| request.header(name, value.clone())))
    }

    fn url(&self, call: &Call<'_>) -> Option<Url> {
        let mut url = self.endpoint.url().clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend(call.path);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(call.query);
        }
        Some(url)
    }
}

/// The answer to a call.
#[derive(Debug)]
pub(super) struct Answer {
    /// The body, or null.
    pub body: Value,
    /// The whole answer.
    pub response: Response,
}

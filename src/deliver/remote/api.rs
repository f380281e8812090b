//! A service's JSON API: an endpoint with paths, and answers that are read.

use std::{fmt, time::Duration};

use bytes::Bytes;
use serde_json::Value;
use url::Url;

use super::Endpoint;
use crate::{
    deliver::SinkError,
    http::{Client, HostLimits, Method, Request, Response},
    model::Secret,
};

/// A JSON API below one URL, with a token that goes nowhere else.
pub(in crate::deliver) struct Api {
    endpoint: Endpoint,
    headers: Vec<(&'static str, String)>,
}

impl fmt::Debug for Api {
    /// Without the headers, one of which is the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Api").field(&self.endpoint).finish()
    }
}

/// One call of an API.
#[derive(Debug)]
pub(in crate::deliver) struct Call<'a> {
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
    pub fn new(
        http: &Client,
        base: Url,
        limits: HostLimits,
        token: &Secret,
        (header, form): (&'static str, &str),
    ) -> Self {
        let endpoint = Endpoint::new(http, base).limited(limits).hiding(token);
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
        self.read(call.method, self.endpoint.exchange(self.request(call)?, call.permanent).await?)
    }

    /// As [`Api::call`], but hands over the answer whatever its status; a refusal that is not JSON reads as null.
    pub async fn any_answer(&self, call: &Call<'_>) -> Result<Answer, SinkError> {
        let response = self.endpoint.any_answer(self.request(call)?).await?;
        if (200..300).contains(&response.status) {
            return self.read(call.method, response);
        }
        let body = serde_json::from_slice(&response.body).unwrap_or_default();
        Ok(Answer { method: call.method, body, response })
    }

    fn read(&self, method: Method, response: Response) -> Result<Answer, SinkError> {
        let body = match response.body.as_ref() {
            [] => Value::Null,
            body => serde_json::from_slice(body).map_err(|why| {
                SinkError::temporary(self.failed_at(method, &format!("its answer is not JSON: {why}")))
            })?,
        };
        Ok(Answer { method, body, response })
    }

    /// The failure that an answer of [`Api::any_answer`] is by its status alone. `said`: its reason.
    pub fn refusal(&self, answer: &Answer, said: &str) -> SinkError {
        self.endpoint.refusal(answer.method, &answer.response, said)
    }

    /// The wait that an answer requests by `Retry-After`.
    pub fn retry_after(&self, answer: &Answer) -> Option<Duration> {
        self.endpoint.retry_after(&answer.response)
    }

    /// What failed when something was posted to this service, in a form that may be shown.
    pub fn failed(&self, why: &str) -> String {
        self.endpoint.failed(why)
    }

    /// As [`Api::failed`], for a call of any method.
    pub fn failed_at(&self, method: Method, why: &str) -> String {
        self.endpoint.failed_at(method, why)
    }

    /// A quotation of the service without the token, on one line.
    pub fn quoted(&self, said: &str, limit: usize) -> String {
        self.endpoint.quoted(said, limit)
    }

    fn request(&self, call: &Call<'_>) -> Result<Request, SinkError> {
        let url = self
            .url(call)
            .ok_or_else(|| SinkError::temporary(self.failed_at(call.method, "its URL cannot have a path")))?;
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
pub(in crate::deliver) struct Answer {
    /// The method of the call.
    pub method: Method,
    /// The body, or null.
    pub body: Value,
    /// The whole answer.
    pub response: Response,
}

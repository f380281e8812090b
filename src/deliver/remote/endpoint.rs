//! A URL that messages are posted to, or below which an API is asked; it counts as a secret.

use std::{fmt, time::Duration};

use bytes::Bytes;
use url::Url;

use super::hidden::Hidden;
use crate::{
    deliver::{SinkError, shown},
    http::{Client, Fetched, HostLimits, HttpError, Method, Request, Response, TransportError},
    model::Secret,
    text::{plain, quoted},
};

/// Most bytes of an answer that is read: the services answer in a few.
const MAX_ANSWER: u64 = 1 << 20;

/// Most characters of an answer that an error shows.
const MAX_SHOWN: usize = 200;
/// Most bytes of an answer that may be a list of long texts: a hundred issues, each as long as GitHub takes them.
const MAX_LIST: u64 = 16 << 20;

/// A URL that messages are posted to. Such URLs usually contain secrets (a Slack webhook's is one), so it shows only
/// its host, in errors too.
#[derive(Clone)]
pub struct Endpoint {
    http: Client,
    url: Url,
    /// What no error may show, in case an answer quotes it.
    hidden: Hidden,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({})", self.host())
    }
}

impl Endpoint {
    /// An endpoint that is reached with this client's settings, with limits of its own: many endpoints share a host,
    /// and load or pauses of one must not delay the others.
    pub fn new(http: &Client, url: Url) -> Self {
        Self { http: http.apart(), hidden: Hidden::of_url(&url), url }
    }

    /// The endpoint with the limits that its service publishes; those of the configuration come before them.
    #[must_use]
    pub(in crate::deliver) fn limited(self, limits: HostLimits) -> Self {
        Self { http: self.http.limited(limits), ..self }
    }

    /// The endpoint, whose errors do not show this secret.
    #[must_use]
    pub(in crate::deliver) fn hiding(self, secret: &Secret) -> Self {
        Self { hidden: self.hidden.and(secret.expose()), ..self }
    }

    /// The URL itself; never in an error or a log.
    pub(in crate::deliver) const fn url(&self) -> &Url {
        &self.url
    }

    /// The host, which may be shown.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or("no host")
    }

    /// Makes one attempt to post a JSON body. A status in `permanent` is a permanent refusal of the message, 410 one of
    /// the endpoint; all other failures are temporary.
    pub(in crate::deliver) async fn post(
        &self,
        body: Bytes,
        headers: Vec<(&'static str, String)>,
        permanent: &[u16],
    ) -> Result<Response, SinkError> {
        self.exchange(self.request(body, headers).discard_body(), permanent).await
    }

    /// As [`Endpoint::post`], with the body of the answer.
    pub(in crate::deliver) async fn ask(
        &self,
        body: Bytes,
        headers: Vec<(&'static str, String)>,
        permanent: &[u16],
    ) -> Result<Response, SinkError> {
        self.exchange(self.request(body, headers), permanent).await
    }

    /// Makes one attempt at a request to this service. A redirect is a failure: a message goes only where the
    /// configuration says.
    pub(in crate::deliver) async fn exchange(
        &self,
        request: Request,
        permanent: &[u16],
    ) -> Result<Response, SinkError> {
        let method = request.method;
        match self.fetch(request.max_body(MAX_ANSWER), permanent).await? {
            response if response.status < 300 => Ok(response),
            redirect => Err(SinkError::temporary(self.redirected(method, &redirect))),
        }
    }

    /// Makes one attempt at a request to this service, and hands over its answer whatever its status, for a service whose
    /// refusals say more than that.
    pub(in crate::deliver) async fn any_answer(&self, request: Request) -> Result<Response, SinkError> {
        self.fetch(request.takes_refusals().max_body(MAX_LIST), &[]).await
    }

    async fn fetch(&self, request: Request, permanent: &[u16]) -> Result<Response, SinkError> {
        let method = request.method;
        let request = request.max_attempts(1).confidential().takes_redirects();
        match self.http.fetch(request).await {
            Ok(Fetched::Fresh(response)) => Ok(response),
            Ok(Fetched::NotModified) => Err(SinkError::temporary(self.failed_at(method, "it answered 304"))),
            Err(error) => Err(self.judge(method, &error, permanent)),
        }
    }

    /// The failure that an answer of [`Endpoint::any_answer`] is by its status alone. `said`: its reason.
    pub(in crate::deliver) fn refusal(&self, method: Method, response: &Response, said: &str) -> SinkError {
        match response.status {
            300..=399 => SinkError::temporary(self.redirected(method, response)),
            status => self.judge_status(method, (status, self.retry_after(response)), said, &[]),
        }
    }

    /// The wait that an answer requests.
    pub(in crate::deliver) fn retry_after(&self, response: &Response) -> Option<Duration> {
        self.http.retry_after(response)
    }

    /// The host of the target is enough to correct the configuration; the rest may be a secret.
    fn redirected(&self, method: Method, response: &Response) -> String {
        let target = response.header("location").and_then(|location| self.url.join(location).ok());
        let host = target.as_ref().and_then(Url::host_str).unwrap_or("nowhere");
        let what = format!("it answered {}, a redirect to {host}; configure the URL that it leads to", response.status);
        self.failed_at(method, &what)
    }

    /// Requests the URL once, without a body.
    ///
    /// # Errors
    /// It did not accept the request.
    pub(crate) async fn ping(&self, method: Method) -> Result<(), SinkError> {
        let request = match method {
            Method::Get => Request::get(self.url.clone()),
            _ => Request::post(self.url.clone(), "text/plain", Bytes::new()),
        };
        match self.http.fetch(request.max_attempts(1).confidential().discard_body()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.judge(method, &error, &[])),
        }
    }

    /// Posts JSON once.
    ///
    /// # Errors
    /// It did not accept the document.
    pub(crate) async fn send_json(&self, document: String) -> Result<(), SinkError> {
        self.post(Bytes::from(document), Vec::new(), &[]).await.map(drop)
    }

    /// The request for one attempt: the one place with the client's settings for it.
    fn request(&self, body: Bytes, headers: Vec<(&'static str, String)>) -> Request {
        let request = Request::post(self.url.clone(), "application/json", body);
        headers.into_iter().fold(request, |request, (name, value)| match name {
            "content-type" => request.content_type(&value),
            _ => request.header(name, value),
        })
    }

    fn judge(&self, method: Method, error: &HttpError, permanent: &[u16]) -> SinkError {
        let failed = |why: &str| SinkError::temporary(self.failed_at(method, why));
        match error {
            HttpError::Status { status, retry_after, said, .. } => {
                self.judge_status(method, (*status, *retry_after), said, permanent)
            }
            HttpError::Transport { source: TransportError::Failed(why), .. } | HttpError::Refused { why, .. } => {
                failed(why)
            }
            HttpError::Transport { source, .. } => failed(&source.to_string()),
            HttpError::Paused { wait, .. } => SinkError::Temporary {
                what: self.failed_at(method, "it asked for a pause"),
                retry_after: Some(*wait),
                source: None,
            },
        }
    }

    /// `said`: the first line of the answer, which is more informative than its number.
    fn judge_status(
        &self,
        method: Method,
        (status, retry_after): (u16, Option<Duration>),
        said: &str,
        permanent: &[u16],
    ) -> SinkError {
        let said = if said.is_empty() { String::new() } else { format!(", {:?}", self.quoted(said, MAX_SHOWN)) };
        let what = |more: &str| self.failed_at(method, &format!("it answered {status}{said}{more}"));
        match status {
            410 => SinkError::Gone { what: what(": the endpoint is gone for good") },
            _ if permanent.contains(&status) => SinkError::permanent(what(", and a retry will not help")),
            _ if retry_after.is_none() && may_be_the_message(status) => SinkError::Refused { what: what("") },
            _ => SinkError::Temporary { what: what(""), retry_after, source: None },
        }
    }

    /// The refusal of a message by an answer with the status of a success, which lacks something: `success`.
    pub(in crate::deliver) fn without(&self, response: &Response, lacks: &str) -> SinkError {
        let said = self.quoted(&String::from_utf8_lossy(&response.body), MAX_SHOWN);
        SinkError::Refused { what: self.failed(&format!("it answered {} without {lacks}: {said:?}", response.status)) }
    }

    /// What failed when a message was posted to this service, and why, in a form that may be shown.
    pub(in crate::deliver) fn failed(&self, why: &str) -> String {
        self.failed_at(Method::Post, why)
    }

    /// As [`Endpoint::failed`], for a request of any method.
    pub(in crate::deliver) fn failed_at(&self, method: Method, why: &str) -> String {
        let why = &self.hidden.hide(why);
        plain(&format!("{} {}: {why}", doing(method), self.host()), shown::SENTENCE)
    }

    /// A quotation of the service, in which it may have quoted secrets: they are hidden before it is cut.
    pub(in crate::deliver) fn quoted(&self, said: &str, limit: usize) -> String {
        quoted(self.hidden.hide(said), limit)
    }
}

/// What a request of this method does, as its errors say it.
const fn doing(method: Method) -> &'static str {
    match method {
        Method::Get => "asking",
        Method::Post | Method::Put | Method::Patch => "posting to",
    }
}

/// Whether a status may be a refusal of the message: a client error that is not about the sender, the address or the
/// rate.
const fn may_be_the_message(status: u16) -> bool {
    matches!(status, 400..=499) && !matches!(status, 401 | 404 | 407 | 408 | 410 | 425 | 429)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{clock::ManualClock, deliver::testing::verdict, http::ScriptedTransport};

    const SECRET: &str = "https://hooks.slack.com/services/T000/B000/s3cr3t?token=t0k3n";

    fn endpoint(transport: &Arc<ScriptedTransport>) -> Endpoint {
        let clock = Arc::new(ManualClock::at_text("2026-03-31T00:25:00Z"));
        Endpoint::new(&Client::new(transport.clone(), clock), SECRET.parse().unwrap())
    }

    async fn post(transport: ScriptedTransport) -> Result<Response, SinkError> {
        endpoint(&Arc::new(transport)).post(Bytes::from_static(b"{}"), Vec::new(), &[400]).await
    }

    #[tokio::test]
    async fn statuses_are_judged() {
        for (status, expected) in [
            (200, "taken"),
            (204, "taken"),
            (301, "temporary"),
            (400, "permanent"),
            (401, "temporary"),
            (403, "refused"),
            (404, "temporary"),
            (410, "gone"),
            (413, "refused"),
            (422, "refused"),
            (429, "temporary"),
            (503, "temporary"),
        ] {
            let transport = ScriptedTransport::new();
            for _ in 0..10 {
                transport.answer("t0k3n", status, &[], "");
            }
            assert_eq!(verdict(&post(transport).await), expected, "{status}");
        }
    }

    #[test]
    fn the_wait_asked_for_is_handed_on() {
        let endpoint = endpoint(&Arc::new(ScriptedTransport::new()));
        let error = HttpError::Status {
            url: SECRET.parse().unwrap(),
            status: 429,
            attempts: 1,
            hint: String::new(),
            retry_after: Some(Duration::from_secs(30)),
            said: "slow down".to_owned(),
        };
        let verdict = endpoint.judge(Method::Post, &error, &[]);
        assert!(matches!(&verdict, SinkError::Temporary { retry_after: Some(wait), .. } if wait.as_secs() == 30));
        assert!(verdict.report().ends_with("it answered 429, \"slow down\""), "{}", verdict.report());
    }

    #[tokio::test]
    async fn the_first_line_of_a_refusal_is_kept() {
        let transport = ScriptedTransport::new();
        transport.answer("t0k3n", 403, &[], "\n <h1>blocked</h1> \nmore");
        let report = post(transport).await.unwrap_err().report();
        assert_eq!(report, r#"posting to hooks.slack.com: it answered 403, "<h1>blocked</h1>""#);
        let transport = ScriptedTransport::new();
        transport.answer("t0k3n", 403, &[], "x".repeat(9_000));
        assert!(post(transport).await.unwrap_err().report().len() < 300);
    }

    #[tokio::test]
    async fn an_error_names_what_was_done() {
        for (method, said) in
            [(Method::Get, "asking hooks.slack.com: "), (Method::Post, "posting to hooks.slack.com: ")]
        {
            let transport = Arc::new(ScriptedTransport::new());
            transport.answer("t0k3n", 403, &[], "");
            let report = endpoint(&transport).ping(method).await.unwrap_err().report();
            assert!(report.starts_with(said), "{report}");
        }
    }

    #[test]
    fn the_secret_url_is_never_shown() {
        let endpoint = endpoint(&Arc::new(ScriptedTransport::new()));
        assert_eq!(format!("{endpoint:?}"), "Endpoint(hooks.slack.com)");
        for why in [
            format!("error sending request for url ({SECRET})"),
            "bad path /services/T000/B000/s3cr3t?token=t0k3n".to_owned(),
        ] {
            let url: Url = SECRET.parse().unwrap();
            for error in [
                HttpError::Transport { url: url.clone(), attempts: 1, source: TransportError::Failed(why.clone()) },
                HttpError::Refused { url, why: why.clone() },
            ] {
                let report = endpoint.judge(Method::Post, &error, &[]).report();
                assert!(!report.contains("s3cr3t") && !report.contains("t0k3n"), "{report}");
                assert!(report.starts_with("posting to hooks.slack.com: "), "{report}");
            }
        }
    }
}

//! Tests of the HTTP client over scripted answers: retries, pauses, conditional requests, and errors.

mod large_bodies;
mod limits;
mod redirects;

use chrono::{DateTime, Utc};
use url::Url;

use super::*;
use crate::{
    clock::ManualClock,
    http::{RetryPolicy, ScriptedTransport, Validators},
};

const START: &str = "2026-03-31T00:00:00Z";

struct Lab {
    script: Arc<ScriptedTransport>,
    clock: Arc<ManualClock>,
    client: Client,
}

impl Lab {
    fn new(change: impl FnOnce(&mut Policy)) -> Self {
        let retry = RetryPolicy { jitter_seed: Some(7), ..RetryPolicy::default() };
        let mut policy = Policy { contact: Some("ops@corp.example".to_owned()), retry, ..Policy::default() };
        change(&mut policy);
        let (script, clock) = (Arc::new(ScriptedTransport::new()), Arc::new(ManualClock::at_text(START)));
        let client = Client::with_policy(script.clone(), clock.clone(), policy);
        Self { script, clock, client }
    }

    fn answers(&self, statuses: &[u16]) {
        for status in statuses {
            self.script.answer("", *status, &[], "body");
        }
    }

    async fn get(&self, url: &str) -> Result<Fetched, HttpError> {
        self.client.fetch(get(url)).await
    }

    fn requests(&self) -> usize {
        self.script.requests().len()
    }

    fn elapsed(&self) -> Duration {
        (self.clock.now() - START.parse::<DateTime<Utc>>().unwrap()).to_std().unwrap()
    }
}

fn get(url: &str) -> Request {
    Request::get(url.parse().unwrap())
}

fn body(fetched: Result<Fetched, HttpError>) -> String {
    match fetched {
        Ok(Fetched::Fresh(response)) => String::from_utf8(response.body.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The error and its cause, as the edge prints them.
fn told(fetched: Result<Fetched, HttpError>) -> String {
    let error = fetched.unwrap_err();
    match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

#[tokio::test]
async fn what_passes_by_itself_is_tried_again() {
    for status in [408, 425, 429, 500, 502, 503, 504] {
        let lab = Lab::new(|_| {});
        lab.answers(&[status, status, 200]);
        assert_eq!(body(lab.get("https://npm.example/axios").await), "body", "{status}");
        assert_eq!(lab.requests(), 3, "{status}");
    }
}

#[tokio::test]
async fn a_reset_in_mid_body_repeats_the_whole_exchange() {
    let lab = Lab::new(|_| {});
    lab.script.fail("axios", "connection reset");
    lab.script.answer("axios", 200, &[], "whole");
    assert_eq!(body(lab.get("https://npm.example/axios").await), "whole");
}

#[tokio::test]
async fn what_does_not_pass_is_not_tried_again() {
    for status in [400, 401, 403, 404, 410, 418, 422, 501] {
        let lab = Lab::new(|_| {});
        lab.answers(&[status]);
        let error = lab.get("https://npm.example/axios").await.unwrap_err();
        assert!(matches!(error, HttpError::Status { attempts: 1, .. }), "{error}");
        assert_eq!(error.is_not_found(), matches!(status, 404 | 410));
        assert!(!error.is_transient());
    }
}

#[tokio::test]
async fn attempts_are_limited_by_the_policy_or_the_request() {
    let lab = Lab::new(|policy| policy.retry.max_attempts = 3);
    lab.answers(&[500; 4]);
    let error = lab.get("https://npm.example/axios").await.unwrap_err();
    assert!(matches!(error, HttpError::Status { attempts: 3, status: 500, .. }), "{error}");
    assert!(error.is_transient());
    let once = lab.client.fetch(get("https://npm.example/axios").max_attempts(1)).await.unwrap_err();
    assert!(matches!(once, HttpError::Status { attempts: 1, .. }), "{once}");
}

#[tokio::test]
async fn backoff_grows_within_its_bounds() {
    let lab = Lab::new(|policy| {
        policy.retry.max_attempts = 8;
        policy.retry.backoff_base = Duration::from_secs(1);
        policy.retry.backoff_cap = Duration::from_secs(4);
    });
    lab.answers(&[503; 8]);
    lab.get("https://npm.example/axios").await.unwrap_err();
    // At most 1 + 2 + 4 + 4 + 4 + 4 + 4 seconds, and with jitter not all of them.
    assert!(lab.elapsed() > Duration::from_secs(1), "{:?}", lab.elapsed());
    assert!(lab.elapsed() < Duration::from_secs(23), "{:?}", lab.elapsed());
}

#[tokio::test]
async fn retry_after_is_honoured_in_both_forms() {
    for value in ["30", "Tue, 31 Mar 2026 00:00:30 GMT"] {
        let lab = Lab::new(|_| {});
        lab.script.answer("axios", 429, &[("retry-after", value)], "");
        lab.answers(&[200]);
        body(lab.get("https://npm.example/axios").await);
        assert_eq!(lab.elapsed(), Duration::from_secs(30), "{value}");
    }
}

#[tokio::test]
async fn a_long_retry_after_ends_the_call_and_pauses_the_host_for_everybody() {
    let lab = Lab::new(|_| {});
    lab.script.answer("axios", 429, &[("retry-after", "600")], "");
    let error = lab.get("https://npm.example/axios").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "fetching https://npm.example/axios: the server answered 429 after 1 attempt; it wants to be asked again in 600 s"
    );
    assert_eq!(error.retry_after(), Some(Duration::from_mins(10)));

    lab.clock.advance(Duration::from_mins(4));
    let paused = lab.get("https://npm.example/lodash").await.unwrap_err();
    assert_eq!(paused.retry_after(), Some(Duration::from_mins(6)));
    assert!(paused.is_transient());
    assert_eq!(lab.requests(), 1);

    lab.answers(&[200, 200]);
    body(lab.get("https://pypi.example/simple").await);
    lab.clock.advance(Duration::from_mins(6));
    body(lab.get("https://npm.example/lodash").await);
}

#[tokio::test]
async fn an_absurd_retry_after_is_believed_for_an_hour() {
    let lab = Lab::new(|_| {});
    lab.script.answer("axios", 503, &[("retry-after", "999999999999999999999")], "");
    let error = lab.get("https://npm.example/axios").await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_hours(1)));
}

#[tokio::test]
async fn validators_make_a_request_conditional() {
    let lab = Lab::new(|_| {});
    let validators = Validators { etag: Some("\"v1\"".to_owned()), last_modified: Some("yesterday".to_owned()) };
    lab.answers(&[304]);
    let fetched = lab.client.fetch(get("https://npm.example/axios").unless(Some(validators))).await.unwrap();
    assert!(matches!(fetched, Fetched::NotModified));
    let sent = &lab.script.requests()[0];
    assert_eq!(sent.header_value("if-none-match"), Some("\"v1\""));
    assert_eq!(sent.header_value("if-modified-since"), Some("yesterday"));
}

#[tokio::test]
async fn a_304_that_nobody_asked_for_is_asked_again_past_the_caches() {
    let unsendable = Validators { etag: Some("\u{fffd}\n".to_owned()), last_modified: None };
    for validators in [None, Some(unsendable)] {
        let lab = Lab::new(|_| {});
        lab.answers(&[304, 200]);
        assert_eq!(body(lab.client.fetch(get("https://npm.example/axios").unless(validators)).await), "body");
        assert_eq!(lab.script.requests()[1].header_value("cache-control"), Some("no-cache"));
    }
    let lab = Lab::new(|_| {});
    lab.answers(&[304, 304]);
    let error = told(lab.get("https://npm.example/axios").await);
    assert!(error.ends_with("a cache on the way is broken"), "{error}");
    assert_eq!(lab.requests(), 2);
}

#[tokio::test]
async fn errors_say_what_to_do() {
    let lab = Lab::new(|policy| policy.contact = None);
    lab.answers(&[403, 502]);
    insta::assert_snapshot!(told(lab.get("https://crates.example/api/v1/crates/serde").await), @"fetching https://crates.example/api/v1/crates/serde: the server answered 403 after 1 attempt; some registries refuse clients without a contact: set the contact (an e-mail address or a URL) in the configuration");
    let request = get("https://crates.example/api").max_attempts(1);
    insta::assert_snapshot!(told(lab.client.fetch(request).await), @"fetching https://crates.example/api: the server answered 502 after 1 attempt; this passes by itself as a rule, and is tried again later");
    for _ in 0..4 {
        lab.script.fail("", "connection reset by peer");
    }
    insta::assert_snapshot!(told(lab.get("https://crates.example/api").await), @"fetching https://crates.example/api: no usable answer after 4 attempts: connection reset by peer");
    insta::assert_snapshot!(told(lab.get("https://10.0.0.5/").await), @"fetching https://10.0.0.5/: 10.0.0.5 is a private address; if this host is meant, name it in `[http] allow_private`");
    lab.script.answer("large", 200, &[], "too much");
    let request = get("https://crates.example/large").max_body(3);
    insta::assert_snapshot!(told(lab.client.fetch(request).await), @"fetching https://crates.example/large: no usable answer after 1 attempt: the body is larger than 3 bytes");
}

#[tokio::test]
async fn a_confidential_url_is_never_told() {
    let lab = Lab::new(|_| {});
    lab.answers(&[404]);
    let url: Url = "https://hooks.slack.com/services/T0/B0/secret".parse().unwrap();
    let error = lab.client.fetch(Request::post(url, "application/json", "{}").confidential()).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
}

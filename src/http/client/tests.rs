//! Tests of the HTTP client over scripted answers.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use chrono::{DateTime, Utc};
use futures::future::{BoxFuture, join_all};
use url::Url;

use super::*;
use crate::{
    clock::ManualClock,
    http::{HostLimits, RetryPolicy, ScriptedTransport, Validators},
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

/// The error and its cause, as the command line prints them.
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
async fn redirects_are_followed_where_the_rules_allow() {
    let lab = Lab::new(|policy| policy.redirect_hosts = vec!["static.example".parse().unwrap()]);
    lab.script.answer("/a", 301, &[("location", "/b?x=1")], "");
    lab.script.answer("/b?x=1", 302, &[("location", "//static.example/c")], "");
    lab.script.answer("/c", 200, &[], "there");
    let request = get("https://npm.example/a").header("authorization", "Bearer secret").accept("application/json");
    assert_eq!(body(lab.client.fetch(request).await), "there");
    let sent = lab.script.requests();
    assert_eq!(sent[1].header_value("authorization"), Some("Bearer secret"));
    assert_eq!(sent[2].url.as_str(), "https://static.example/c");
    assert_eq!(sent[2].header_value("authorization"), None);
    assert_eq!(sent[2].header_value("accept"), Some("application/json"));
    assert!(sent[2].header_value("user-agent").is_some());
}

#[tokio::test]
async fn redirects_that_the_rules_forbid_end_the_exchange() {
    let table = [
        ("http://npm.example/b", "redirects from https to plain http"),
        ("https://evil.example/b", "redirects to the host evil.example, which is not among"),
        ("https://169.254.169.254/latest/meta-data/", "redirects to the host 169.254.169.254"),
        ("https://metadata.example/", "metadata.example"),
        ("file:///etc/passwd", "redirects from https to plain http"),
    ];
    for (location, expected) in table {
        let lab = Lab::new(|_| {});
        lab.script.answer("/a", 307, &[("location", location)], "");
        let error = lab.get("https://npm.example/a").await.unwrap_err();
        assert!(matches!(error, HttpError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{location}: {error}");
        assert_eq!(lab.requests(), 1);
    }
}

#[tokio::test]
async fn credentials_stay_with_the_origin_they_were_meant_for() {
    let lab = Lab::new(|policy| policy.redirect_hosts = vec!["static.example".parse().unwrap()]);
    lab.script.answer("/a", 302, &[("location", "https://evil:evil@npm.example/b")], "");
    lab.script.answer("/b", 302, &[("location", "https://evil:evil@static.example/c")], "");
    lab.answers(&[404]);
    let error = lab.get("https://me:secret@npm.example/a").await.unwrap_err();
    let sent: Vec<_> = lab.script.requests().iter().map(|request| request.url.to_string()).collect();
    let expected = ["https://me:secret@npm.example/a", "https://me:secret@npm.example/b", "https://static.example/c"];
    assert_eq!(sent, expected);
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let lab = Lab::new(|_| {});
    for _ in 0..10 {
        lab.script.answer("/a", 302, &[("location", "/a")], "");
    }
    let error = told(lab.get("https://npm.example/a").await);
    assert!(error.ends_with("the server redirects more than 5 times"), "{error}");
    assert_eq!(lab.requests(), 6);
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_a_status() {
    for headers in [&[][..], &[("location", "https://[::1")]] {
        let lab = Lab::new(|_| {});
        lab.script.answer("/a", 302, headers, "");
        let error = told(lab.get("https://npm.example/a").await);
        assert!(error.ends_with("the redirect names no usable location"), "{error}");
    }
}

#[tokio::test]
async fn a_post_keeps_its_body_or_is_not_redirected() {
    let post = || Request::post("https://hooks.example/a".parse().unwrap(), "text/plain", "hello");
    let lab = Lab::new(|_| {});
    lab.script.answer("/a", 308, &[("location", "/b")], "");
    lab.script.answer("/b", 200, &[], "done");
    assert_eq!(body(lab.client.fetch(post()).await), "done");
    assert_eq!(lab.script.requests()[1].body.as_deref(), Some(&b"hello"[..]));
    for status in [301, 302, 303] {
        let lab = Lab::new(|_| {});
        lab.script.answer("/a", status, &[("location", "/b")], "");
        assert!(told(lab.client.fetch(post()).await).contains("loses its body"), "{status}");
    }
}

#[tokio::test]
async fn a_caller_who_takes_redirects_gets_them_as_they_are() {
    for status in [301, 302, 307, 308] {
        let lab = Lab::new(|_| {});
        lab.script.answer("/a", status, &[("location", "https://evil.example/b")], "");
        let fetched = lab.client.fetch(get("https://forge.example/a").takes_redirects()).await;
        let Ok(Fetched::Fresh(response)) = fetched else { panic!("{fetched:?}") };
        assert_eq!((response.status, response.header("location")), (status, Some("https://evil.example/b")));
        assert_eq!(lab.requests(), 1);
    }
    for status in [300, 303, 304] {
        let lab = Lab::new(|_| {});
        lab.answers(&[status, status]);
        let error = lab.client.fetch(get("https://forge.example/a").takes_redirects()).await.unwrap_err();
        assert!(matches!(error, HttpError::Status { .. }), "{status}: {error:?}");
    }
}

#[tokio::test]
async fn private_hosts_are_refused_before_anything_is_sent() {
    for url in
        ["https://127.0.0.1/", "https://[fd00::1]/", "https://localhost/", "http://npm.example/", "ftp://npm.example/"]
    {
        let lab = Lab::new(|_| {});
        assert!(matches!(lab.get(url).await, Err(HttpError::Refused { .. })), "{url}");
        assert_eq!(lab.requests(), 0);
    }
    let lab = Lab::new(|policy| policy.allow_private = vec!["127.0.0.1:4873".parse().unwrap()]);
    lab.answers(&[200]);
    assert_eq!(body(lab.get("http://127.0.0.1:4873/axios").await), "body");
}

#[tokio::test]
async fn each_host_has_its_own_rate() {
    let lab = Lab::new(|policy| {
        let limits = HostLimits::strict(1, Duration::from_secs(1));
        policy.host_limits.insert("crates.example".to_owned(), limits);
    });
    lab.answers(&[200; 20]);
    for _ in 0..10 {
        body(lab.get("https://npm.example/axios").await);
    }
    assert_eq!(lab.elapsed(), Duration::ZERO);
    for _ in 0..10 {
        body(lab.get("https://CRATES.example./api").await);
    }
    assert_eq!(lab.elapsed(), Duration::from_secs(9));
}

#[tokio::test]
async fn retries_count_against_the_rate_too() {
    let lab = Lab::new(|policy| {
        policy.default_limits = HostLimits::strict(1, Duration::from_secs(10));
        policy.retry.backoff_cap = Duration::from_millis(1);
    });
    lab.answers(&[500, 500, 200]);
    body(lab.get("https://npm.example/axios").await);
    assert!(lab.elapsed() >= Duration::from_secs(20));
}

/// Counts the simultaneous exchanges.
#[derive(Debug, Default)]
struct Crowd {
    now: AtomicUsize,
    most: AtomicUsize,
    by_host: Mutex<Vec<String>>,
}

impl Transport for Crowd {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        Box::pin(async move {
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            self.now.fetch_sub(1, Ordering::SeqCst);
            self.by_host.lock().unwrap().push(crate::http::host::host_of(&request.url));
            Ok(Response { status: 200, headers: Vec::new(), body: bytes::Bytes::new() })
        })
    }
}

#[tokio::test]
async fn a_host_has_only_so_many_requests_under_way() {
    let crowd = Arc::new(Crowd::default());
    let default_limits = HostLimits { burst: 100, concurrency: 3, ..HostLimits::default() };
    let clock = Arc::new(ManualClock::at_text(START));
    let client = Client::with_policy(crowd.clone(), clock, Policy { default_limits, ..Policy::default() });
    let fetches = |host: &'static str| (0..20).map(move |n| format!("https://{host}/{n}"));
    let all = fetches("npm.example").chain(fetches("pypi.example"));
    for outcome in join_all(all.map(|url| client.fetch(get(&url)))).await {
        outcome.unwrap();
    }
    assert_eq!(crowd.most.load(Ordering::SeqCst), 6);
    assert_eq!(crowd.by_host.lock().unwrap().len(), 40);
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

#[tokio::test]
async fn a_receiver_that_asks_for_a_pause_holds_neither_its_host_nor_its_neighbours() {
    let lab = Lab::new(|_| {});
    let (one, other) = (lab.client.apart(), lab.client.apart());
    let asked = |client: &Client| {
        let client = client.clone();
        async move { client.fetch(get("https://hooks.example/in").max_attempts(1)).await }
    };
    lab.script.answer("/in", 429, &[("retry-after", "3600")], "");
    let error = asked(&one).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_hours(1)), "the caller is told, and keeps it as he sees fit");
    for client in [&other, &lab.client, &one] {
        lab.script.answer("/in", 200, &[], "");
        asked(client).await.unwrap();
    }
    assert_eq!(lab.script.requests().len(), 4);
}

/// Answers with a body of so many MiB, the path's number, where the request allows it.
#[derive(Debug)]
struct Heavy;

impl Transport for Heavy {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        let size: usize = request.url.path().trim_matches('/').parse::<usize>().unwrap() << 20;
        let answer = if size as u64 > request.max_body {
            Err(TransportError::TooLarge { limit: request.max_body })
        } else if size as u64 > request.allowance.bytes {
            Err(TransportError::Large { announced: None })
        } else {
            Ok(Response { status: 200, headers: Vec::new(), body: vec![0; size].into() })
        };
        Box::pin(async move { answer })
    }
}

fn heavy_client() -> (Client, impl Fn(u64) -> Request) {
    let default_limits = HostLimits { burst: 1000, concurrency: 1, ..HostLimits::default() };
    let clock = Arc::new(ManualClock::at_text(START));
    let client = Client::with_policy(Arc::new(Heavy), clock, Policy { default_limits, ..Policy::default() });
    (client, |mib| get(&format!("https://npm.example/{mib}")).max_body(64 << 20))
}

#[tokio::test]
async fn large_bodies_have_places_as_long_as_their_bytes_are_there() {
    let (client, heavy) = heavy_client();
    let mut bodies = Vec::new();
    for _ in 0..2 {
        let Fetched::Fresh(response) = client.fetch(heavy(20)).await.unwrap() else { panic!("unasked 304") };
        assert_eq!(response.body.len(), 20 << 20);
        bodies.push(response.body);
    }
    let crowded = client.fetch(heavy(40)).await.unwrap_err();
    assert!(crowded.to_string().contains("no usable answer after 1 attempt"), "{crowded}");
    assert_eq!((crowded.is_transient(), crowded.retry_after()), (true, Some(Duration::from_secs(10))));
    client.fetch(heavy(3)).await.expect("what is small needs no place, nor the slot of one who waits");
    client.fetch(heavy(12)).await.expect("there is room for it");
    bodies.pop();
    client.fetch(heavy(40)).await.unwrap();
    let refused = client.fetch(heavy(65)).await.unwrap_err();
    assert!(!refused.is_transient(), "{refused}");
}

#[tokio::test]
async fn a_large_document_counts_until_it_was_worked_on() {
    let (client, heavy) = heavy_client();
    let reader = client.for_document();
    drop(reader.fetch(heavy(50)).await.unwrap());
    let other = client.for_document();
    assert!(other.fetch(heavy(50)).await.is_err(), "the parsed form of the first is still there");
    client.fetch(heavy(50)).await.expect("what is asked for beside a document waits for no document");
    reader.keep(1 << 20);
    other.fetch(heavy(50)).await.expect("little stays of the first");
    drop(other);
    reader.fetch(heavy(50)).await.unwrap();
}

#[tokio::test]
async fn an_answer_to_a_post_is_not_asked_for_twice() {
    let (client, _) = heavy_client();
    let url: Url = "https://npm.example/7".parse().unwrap();
    client.fetch(Request::post(url, "text/plain", "x")).await.unwrap();
}

/// Never answers a URL that has `hang` in it.
#[derive(Debug)]
struct Hanging;

impl Transport for Hanging {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        if request.url.path().contains("hang") {
            return Box::pin(std::future::pending());
        }
        Box::pin(async { Ok(Response { status: 200, headers: Vec::new(), body: bytes::Bytes::new() }) })
    }
}

/// A client over hosts that take one request at a time.
fn one_at_a_time() -> (Client, Arc<ManualClock>) {
    let default_limits = HostLimits { burst: 100, concurrency: 1, ..HostLimits::default() };
    let clock = Arc::new(ManualClock::at_text(START));
    (Client::with_policy(Arc::new(Hanging), clock.clone(), Policy { default_limits, ..Policy::default() }), clock)
}

#[tokio::test]
async fn an_answer_that_does_not_come_keeps_nobody_from_its_host() {
    let (client, clock) = one_at_a_time();
    let mut hanging = Box::pin(client.fetch(get("https://npm.example/hang")));
    assert!(futures::poll!(&mut hanging).is_pending());
    let mut next = Box::pin(client.fetch(get("https://npm.example/next")));
    assert!(futures::poll!(&mut next).is_pending(), "the host takes one at a time");
    clock.advance(SLOW);
    assert!(futures::poll!(&mut hanging).is_pending(), "it is still waited for");
    assert!(matches!(next.await, Ok(Fetched::Fresh(_))));
}

#[tokio::test]
async fn an_allowance_ends_what_takes_too_long_and_is_not_tried_again() {
    let (client, clock) = one_at_a_time();
    let seconds = Duration::from_secs;
    let allowance = Allowance { patience: seconds(5), exchange: seconds(10), together: seconds(12) };
    let client = client.within(allowance);
    for (limit, left) in [(10, 2), (2, 0), (0, 0)] {
        let mut hanging = Box::pin(client.fetch(get("https://npm.example/hang")));
        if limit > 0 {
            assert!(futures::poll!(&mut hanging).is_pending());
            clock.advance(seconds(limit - 1));
            assert!(futures::poll!(&mut hanging).is_pending(), "{limit}");
            clock.advance(seconds(1));
        }
        let error = hanging.await.unwrap_err();
        assert!(error.is_slow(), "{error:?}");
        assert_eq!(client.purse.as_ref().unwrap().next(), seconds(left));
    }
}

#[tokio::test]
async fn a_pause_that_is_longer_than_an_allowances_patience_ends_the_call_at_once() {
    let lab = Lab::new(|_| {});
    lab.script.answer("", 429, &[("retry-after", "20")], "");
    let seconds = Duration::from_secs;
    let hasty = lab.client.within(Allowance { patience: seconds(5), exchange: seconds(10), together: seconds(10) });
    let error = hasty.fetch(get("https://npm.example/a")).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(seconds(20)), "{error:?}");
    let error = hasty.fetch(get("https://npm.example/b")).await.unwrap_err();
    assert!(matches!(error, HttpError::Paused { .. }), "{error:?}");
    assert_eq!((lab.requests(), lab.elapsed()), (1, Duration::ZERO));
}

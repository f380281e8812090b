//! Tests of what each host and each receiver is spared: rates, pauses, and requests under way at once.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use futures::future::{BoxFuture, join_all};

use super::*;
use crate::http::HostLimits;

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

/// Counts how many exchanges are under way at once.
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

/// Answers nothing to a URL that has `hang` in it.
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

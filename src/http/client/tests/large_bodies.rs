//! Tests of large bodies: the permits that they need, and for how long.

use futures::future::BoxFuture;

use super::*;
use crate::http::HostLimits;

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

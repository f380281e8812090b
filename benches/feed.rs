//! Benchmarks of reading a full page of npm's change feed, 10,000 rows, and matching it against a watchlist of 10,000
//! entries.

#![allow(clippy::unwrap_used, reason = "a bench may fail where it stands")]

use std::{fmt::Write, hint::black_box, path::Path, sync::Arc};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::{executor::block_on, future::BoxFuture};
use provwatch::{
    clock::SystemClock,
    http::{Client, HostLimits, Policy, Request, Response, Transport, TransportError},
    model::Package,
    registry::{Cursor, Feed, FeedPage, NpmFeed},
    watchlist::Watchlist,
};

mod support;

use support::{filled, history};

const ROWS: usize = 10_000;

/// A registry that answers everything with one page, from memory.
#[derive(Debug)]
struct Memory(Bytes);

impl Transport for Memory {
    fn exchange<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        Box::pin(async { Ok(Response { status: 200, headers: Vec::new(), body: self.0.clone() }) })
    }
}

/// Every second row is of a package that the watchlist names.
fn page() -> Bytes {
    let mut body = r#"{"results":["#.to_owned();
    for row in 0..ROWS {
        let watched = Some(history::package(row / 2)).filter(|_| row % 2 == 0);
        let name = watched.as_ref().map_or_else(|| format!("unknown-{row}"), |package| package.name().to_owned());
        let comma = if row == 0 { "" } else { "," };
        let seq = 89_797_387 + row;
        write!(
            body,
            r#"{comma}{{"seq":{seq},"id":"{name}","changes":[{{"rev":"37-492fb14479b1ae44c0150d53ab2ce6ba"}}]}}"#
        )
        .unwrap();
    }
    write!(body, r#"],"last_seq":{}}}"#, 89_797_387 + ROWS).unwrap();
    body.into()
}

fn client(page: Bytes) -> Client {
    let unlimited = HostLimits { requests: u32::MAX, burst: u32::MAX, ..HostLimits::default() };
    let policy = Policy { default_limits: unlimited, ..Policy::default() };
    Client::with_policy(Arc::new(Memory(page)), Arc::new(SystemClock), policy)
}

fn read(feed: &NpmFeed, client: &Client) -> FeedPage {
    let page = block_on(feed.poll(client, Some(&Cursor("89797000".to_owned())))).unwrap();
    assert_eq!(page.events.len(), ROWS);
    page
}

fn watched<'a>(watchlist: &Watchlist, page: &'a FeedPage) -> Vec<&'a Package> {
    let packages = page.events.iter().map(|event| &event.package);
    packages.filter(|package| watchlist.matches(package).is_some()).collect()
}

/// 10,000 globs that share their beginnings by the hundred, the hardest list of this size.
fn globs() -> Watchlist {
    let globs =
        (0..filled::PACKAGES).map(|number| format!("pkg:npm/%40scope-{}/package-{}*", number / 100, number % 100));
    Watchlist::parse(&filled::listing(globs), Path::new("globs.toml")).unwrap()
}

fn feed(c: &mut Criterion) {
    let text = filled::watchlist_text();
    let watchlist = Watchlist::parse(&text, Path::new("watchlist.toml")).unwrap();
    let feed = NpmFeed::new("https://replicate.example/".parse().unwrap());
    let client = client(page());
    let page = read(&feed, &client);
    let found = watched(&watchlist, &page).len();
    assert!((2_500..=5_000).contains(&found), "{found} rows of watched npm packages");

    let mut group = c.benchmark_group("feed page");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("read", |b| b.iter(|| read(&feed, &client)));
    group.bench_function("match", |b| b.iter(|| watched(&watchlist, black_box(&page)).len()));
    group.bench_function("read and match", |b| b.iter(|| watched(&watchlist, &read(&feed, &client)).len()));
    let globs = globs();
    group.bench_function("match globs", |b| b.iter(|| watched(&globs, black_box(&page)).len()));
    group.finish();

    c.bench_function("watchlist/parse", |b| {
        b.iter(|| Watchlist::parse(&text, Path::new("watchlist.toml")).unwrap());
    });
}

criterion_group!(benches, feed);
criterion_main!(benches);

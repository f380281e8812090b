//! Benchmarks of the log client inside the library: a scan for 500 repositories, an hour of tailing, and a Rekor v1.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::TryStreamExt;
use provwatch::{
    clock::SystemClock,
    http::{Client, Fetched, HostLimits, Policy, RealTransport, Request},
    model::Package,
    tlog::{
        CompactRange, Consistency, Log, LogKey, Protocol, Signer, Watch,
        page::{LeafForm, read_page},
        rekor_v1::{Budget, RekorV1},
        rekor_v2::TilesLog,
    },
};

use crate::{
    peak,
    served::{HIT_EVERY, ORIGIN, spki},
    server::Server,
};

const WATCHED: usize = 500;

pub async fn scan_tiles(server: &Server, entries: u64) {
    let tiles = TilesLog::new(client(16), server.url("/v2/"), 8);
    let log = Log::new(
        Signer::Note { origin: ORIGIN.to_owned(), key: LogKey::from_spki(&spki()).unwrap() },
        Protocol::Tiles(tiles),
    );
    let head = log.heads().await.unwrap().pop().unwrap();
    let signed = head.checkpoint.unwrap();
    assert_eq!(signed.size(), entries);
    let watch = watch();
    let (mut range, mut bytes, mut hits) = (CompactRange::default(), 0, 0);
    let began = Instant::now();
    let mut pages = log.pages(&head.tree, 0, entries, &signed);
    while let Some(page) = pages.try_next().await.unwrap() {
        let read = read_page(&page, LeafForm::Rekor, watch.filter(), &mut range);
        bytes += read.bytes;
        hits += read.candidates.len();
    }
    let seconds = began.elapsed().as_secs_f64();
    assert_eq!(range.root(), *signed.root(), "every leaf is hashed, and the root is the signed one");
    assert_eq!(hits, entries.div_ceil(HIT_EVERY as u64) as usize);
    println!(
        "client, tiles: {entries} entries of {} bytes in {seconds:.1} s: {:.0} entries/s, {:.0} MB/s, {WATCHED} repositories watched, \
         {hits} hits; peak memory {} MiB, the server {} MiB",
        bytes / entries,
        entries as f64 / seconds,
        bytes as f64 / seconds / 1e6,
        peak("self").unwrap() / 1024,
        peak(&server.id()).unwrap() / 1024,
    );
}

/// An hour of the public log at its sixteen entries a second: a poll every 20 seconds, each with a checkpoint that is
/// compared with the one before and 320 entries that are proven. What the store costs is in the benchmark of the store.
pub async fn tail(server: &Server) {
    const POLLS: u64 = 180;
    let key = || LogKey::from_spki(&spki()).unwrap();
    let client = client(16);
    let at = |size: u64| {
        let tiles = TilesLog::new(client.clone(), server.url(&format!("/at/{size}/v2/")), 8);
        Log::new(Signer::Note { origin: ORIGIN.to_owned(), key: key() }, Protocol::Tiles(tiles))
    };
    let watch = watch();
    let head = at(100_000).heads().await.unwrap().pop().unwrap();
    let mut before = head.checkpoint.unwrap();
    let mut range = at(100_000).prefix(&head.tree, 100_000, &before).await.unwrap().range;
    let began = cpu();
    for poll in 1..=POLLS {
        let log = at(100_000 + 320 * poll);
        let signed = log.heads().await.unwrap().pop().unwrap().checkpoint.unwrap();
        let consistency = log.consistency(&head.tree, &before, &signed).await.unwrap();
        assert!(matches!(consistency, Consistency::Proven(_)));
        let mut pages = log.pages(&head.tree, before.size(), signed.size(), &signed);
        while let Some(page) = pages.try_next().await.unwrap() {
            read_page(&page, LeafForm::Rekor, watch.filter(), &mut range);
        }
        assert_eq!(range.root(), *signed.root());
        before = signed;
    }
    let seconds = cpu().saturating_sub(began).as_secs_f64();
    println!(
        "tail: an hour of 16 entries a second in {POLLS} polls costs {seconds:.2} s of processor time, {:.2} % of one core",
        seconds / 3600.0 * 100.0
    );
}

/// Processor time of this process so far, from `/proc/self/stat` in hundredths of a second.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<u64> =
        stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2).map(|it| it.parse().unwrap()).collect();
    Duration::from_millis(10 * (fields[0] + fields[1]))
}

/// A server that takes 100 ms for each request.
pub async fn scan_v1(server: &Server, entries: u64) {
    for (in_flight, entries_per_second) in [(32, None), (32, Some(1000))] {
        let budget = Budget { in_flight, entries_per_second };
        let v1 = RekorV1::new(client(64), server.url("/v1/"), Arc::new(SystemClock), budget);
        let began = Instant::now();
        let mut pages = v1.pages(0, 0, entries, entries);
        let mut read = 0;
        while let Some(page) = pages.try_next().await.unwrap() {
            read += page.entries.len() as u64;
        }
        assert_eq!(read, entries);
        println!(
            "rekor v1: {entries} entries, 100 ms a request, {in_flight} in flight, at most {} entries/s: {:.0} entries/s",
            entries_per_second.map_or("as many as it answers".to_owned(), |budget: u32| budget.to_string()),
            entries as f64 / began.elapsed().as_secs_f64(),
        );
    }
    let most: usize = text_at(&server.url("/v1/most")).await.parse().unwrap();
    println!("rekor v1: at most {most} requests in flight at once, as the server saw them");
}

async fn text_at(url: &url::Url) -> String {
    let answer = client(1).fetch(Request::get(url.clone())).await.unwrap();
    match answer {
        Fetched::Fresh(response) => String::from_utf8(response.body.to_vec()).unwrap(),
        Fetched::NotModified => String::new(),
    }
}

fn client(concurrency: u32) -> Client {
    let policy = Policy { allow_private: vec!["127.0.0.1".parse().unwrap()], ..Policy::default() };
    let transport = RealTransport::new(&policy).unwrap();
    let client = Client::with_policy(Arc::new(transport), Arc::new(SystemClock), policy);
    client.limited(HostLimits::as_it_answers(concurrency))
}

fn watch() -> Watch {
    let packages: Vec<(Package, String)> = (0..WATCHED)
        .map(|n| {
            (format!("pkg:npm/package-{n}").parse().unwrap(), format!("https://github.com/owner-{n}/repository-{n}"))
        })
        .collect();
    Watch::new(Vec::new()).with_repositories(packages.iter().map(|(package, url)| (package, url.as_str(), None)))
}

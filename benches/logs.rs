//! How fast logs are read: a scan of a log of tiles and of a Rekor v1 over loopback, every leaf hashed and the root checked.
//! The server is a process of its own, so that the memory that is measured is the reader's.
//!
//! `cargo bench --bench logs` scans 200,000 entries; `cargo bench --bench logs -- 1000000` as many as that.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark may fail where it stands")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "small numbers, and figures for people"
)]

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use aws_lc_rs::signature::Ed25519KeyPair;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    response::Response,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use futures::TryStreamExt;
use provwatch::{
    clock::SystemClock,
    http::{Client, HostLimits, Policy, RealTransport},
    model::Package,
    tlog::{
        CompactRange, Consistency, Log, LogKey, Protocol, Signer, Watch,
        merkle::{Hash, leaf_hash, node_hash},
        rekor_v1::{Budget, RekorV1},
        rekor_v2::TilesLog,
        sift::{LeafForm, sift},
    },
};

const WATCHED: usize = 500;
const DISTINCT: usize = 64;
const SEED: [u8; 32] = [7; 32];
const ORIGIN: &str = "bench.example";
/// Of so many entries one is by somebody who is watched.
const HIT_EVERY: usize = 5000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|argument| argument == "serve") {
        return serve(arguments[2].parse().unwrap());
    }
    let entries = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(200_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let server = Server::start(entries);
    runtime.block_on(scan_tiles(&server, entries));
    runtime.block_on(scan_v1(&server, 4000));
    runtime.block_on(tail(&server));
}

async fn scan_tiles(server: &Server, entries: u64) {
    let tiles = TilesLog::new(client(16), server.url("/"), 8);
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
        let sifted = sift(&page, LeafForm::Rekor, watch.filter(), &mut range);
        bytes += sifted.bytes;
        hits += sifted.candidates.len();
    }
    let seconds = began.elapsed().as_secs_f64();
    assert_eq!(range.root(), *signed.root(), "every leaf is hashed, and the root is the signed one");
    assert_eq!(hits, entries.div_ceil(HIT_EVERY as u64) as usize);
    println!(
        "tiles: {entries} entries of {} bytes in {seconds:.1} s: {:.0} entries/s, {:.0} MB/s, {WATCHED} repositories watched, \
         {hits} hits; peak memory {} MiB, the server {} MiB",
        bytes / entries,
        entries as f64 / seconds,
        bytes as f64 / seconds / 1e6,
        peak("self") / 1024,
        peak(&server.child.id().to_string()) / 1024,
    );
}

/// An hour of the public log at its sixteen entries a second: a poll every 20 seconds, each with a checkpoint that is
/// compared with the one before and 320 entries that are proven. What the store costs is in the benchmark of the store.
async fn tail(server: &Server) {
    const POLLS: u64 = 180;
    let key = || LogKey::from_spki(&spki()).unwrap();
    let client = client(16);
    let at = |size: u64| {
        let tiles = TilesLog::new(client.clone(), server.url(&format!("/at/{size}/")), 8);
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
        assert_eq!(consistency, Consistency::Proven);
        let mut pages = log.pages(&head.tree, before.size(), signed.size(), &signed);
        while let Some(page) = pages.try_next().await.unwrap() {
            sift(&page, LeafForm::Rekor, watch.filter(), &mut range);
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
async fn scan_v1(server: &Server, entries: u64) {
    for (in_flight, entries_per_second) in [(32, 1_000_000), (32, 1000)] {
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
            "rekor v1: {entries} entries, 100 ms a request, {in_flight} in flight, at most {entries_per_second} entries/s: {:.0} entries/s",
            entries as f64 / began.elapsed().as_secs_f64(),
        );
    }
    let most: usize = text_at(&server.url("/v1/most")).await.parse().unwrap();
    println!("rekor v1: at most {most} requests in flight at once, as the server saw them");
}

async fn text_at(url: &url::Url) -> String {
    let answer = client(1).fetch(provwatch::http::Request::get(url.clone())).await.unwrap();
    match answer {
        provwatch::http::Fetched::Fresh(response) => String::from_utf8(response.body.to_vec()).unwrap(),
        provwatch::http::Fetched::NotModified => String::new(),
    }
}

fn client(concurrency: u32) -> Client {
    let limits = HostLimits { requests: 1_000_000, burst: 1_000_000, concurrency, ..HostLimits::default() };
    let policy =
        Policy { default_limits: limits, allow_private: vec!["127.0.0.1".parse().unwrap()], ..Policy::default() };
    let transport = RealTransport::new(&policy).unwrap();
    Client::with_policy(Arc::new(transport), Arc::new(SystemClock), policy)
}

fn watch() -> Watch {
    let packages: Vec<(Package, String)> = (0..WATCHED)
        .map(|n| {
            (format!("pkg:npm/package-{n}").parse().unwrap(), format!("https://github.com/owner-{n}/repository-{n}"))
        })
        .collect();
    Watch::new(Vec::new()).with_repositories(packages.iter().map(|(package, url)| (package, url.as_str(), None)))
}

fn peak(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn spki() -> Vec<u8> {
    use aws_lc_rs::signature::KeyPair;
    let key = Ed25519KeyPair::from_seed_unchecked(&SEED).unwrap();
    let prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    [prefix.as_slice(), key.public_key().as_ref()].concat()
}

struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(entries: u64) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["serve", &entries.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, port: line.trim().parse().unwrap() }
    }

    fn url(&self, path: &str) -> url::Url {
        format!("http://127.0.0.1:{}{path}", self.port).parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the server has: bundles that repeat, and a true tree over them.
struct Served {
    entries: usize,
    bodies: Vec<Bytes>,
    levels: Vec<Vec<Hash>>,
    checkpoint: Bytes,
    now: AtomicUsize,
    most: AtomicUsize,
}

fn body(number: usize) -> Vec<u8> {
    let who = if number.is_multiple_of(HIT_EVERY) {
        "owner-7/repository-7".to_owned()
    } else {
        format!("stranger-{number}/tool")
    };
    let mut certificate = vec![0x30; 600];
    certificate.extend(format!("https://github.com/{who}/.github/workflows/release.yml@refs/heads/main").as_bytes());
    certificate.extend((0..900).map(|n| (n * 31 % 251) as u8));
    let signature = BASE64_STANDARD.encode(vec![number as u8; 500]);
    let (digest, certificate) = (BASE64_STANDARD.encode([number as u8; 32]), BASE64_STANDARD.encode(certificate));
    format!(
        r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{{"hashedRekordV002":{{"data":{{"algorithm":"SHA2_256","digest":"{digest}"}},"signature":{{"content":"{signature}","verifier":{{"keyDetails":"PKIX_ECDSA_P256_SHA_256","x509Certificate":{{"rawBytes":"{certificate}"}}}}}}}}}}}}"#
    )
    .into_bytes()
}

impl Served {
    fn new(entries: usize) -> Self {
        let distinct = DISTINCT * 256;
        let stranger = |number: usize| if number.is_multiple_of(HIT_EVERY) { number + 1 } else { number };
        let plain: Vec<Bytes> = (0..distinct).map(|number| body(stranger(number)).into()).collect();
        let hit: Bytes = body(0).into();
        let hashes: Vec<Hash> = plain.iter().map(|body| leaf_hash(body)).collect();
        let hit_hash = leaf_hash(&hit);
        let leaves: Vec<Hash> = (0..entries)
            .map(|index| if index.is_multiple_of(HIT_EVERY) { hit_hash } else { hashes[index % distinct] })
            .collect();
        let root = root(&leaves);
        let mut levels = vec![leaves];
        while levels.last().unwrap().len() >= 256 {
            let next = levels.last().unwrap().chunks_exact(256).map(perfect).collect();
            levels.push(next);
        }
        let checkpoint = checkpoint(entries, &root);
        Self {
            entries,
            bodies: [plain, vec![hit]].concat(),
            levels,
            checkpoint,
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        }
    }

    fn body(&self, index: usize) -> &Bytes {
        let distinct = self.bodies.len() - 1;
        &self.bodies[if index.is_multiple_of(HIT_EVERY) { distinct } else { index % distinct }]
    }

    fn bundle(&self, from: usize, to: usize) -> Bytes {
        let mut out = Vec::with_capacity((to - from) * 3200);
        for index in from..to {
            let body = self.body(index);
            out.extend((body.len() as u16).to_be_bytes());
            out.extend_from_slice(body);
        }
        out.into()
    }

    /// The log when it had fewer entries.
    fn at(&self, path: &str) -> Option<Bytes> {
        let (size, path) = path.strip_prefix("/at/")?.split_once('/')?;
        if path != "checkpoint" {
            return self.answer(&format!("/{path}"));
        }
        let size = size.parse().ok()?;
        Some(checkpoint(size, &root(&self.levels[0][..size])))
    }

    fn answer(&self, path: &str) -> Option<Bytes> {
        if path == "/checkpoint" {
            return Some(self.checkpoint.clone());
        }
        let (level, rest) = path.strip_prefix("/tile/")?.split_once('/')?;
        let (number, width) =
            rest.split_once(".p/").map_or((rest, 256), |(number, width)| (number, width.parse().unwrap()));
        let number =
            number.split('/').fold(0, |sum, part| sum * 1000 + part.trim_start_matches('x').parse::<usize>().unwrap());
        let (from, to) = (number * 256, number * 256 + width);
        if level == "entries" {
            return (to <= self.entries).then(|| self.bundle(from, to));
        }
        Some(self.levels.get(level.parse::<usize>().ok()?)?.get(from..to)?.concat().into())
    }
}

fn checkpoint(entries: usize, root: &Hash) -> Bytes {
    let text = format!("{ORIGIN}\n{entries}\n{}\n", BASE64_STANDARD.encode(root));
    let key = Ed25519KeyPair::from_seed_unchecked(&SEED).unwrap();
    let id = LogKey::from_spki(&spki()).unwrap().note_ids(ORIGIN)[0];
    let signature = [&id, key.sign(text.as_bytes()).as_ref()].concat();
    format!("{text}\n\u{2014} {ORIGIN} {}\n", BASE64_STANDARD.encode(signature)).into()
}

fn perfect(leaves: &[Hash]) -> Hash {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        level = level.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
    }
    level[0]
}

fn root(leaves: &[Hash]) -> Hash {
    let mut range = CompactRange::default();
    for leaf in leaves {
        range.push(*leaf);
    }
    range.root()
}

fn serve(entries: usize) {
    let served = Arc::new(Served::new(entries));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap().port());
        axum::serve(listener, Router::new().fallback(handle).with_state(served)).await.unwrap();
    });
}

async fn handle(State(served): State<Arc<Served>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if path == "/v1/most" {
        return Response::new(Body::from(served.most.load(Ordering::SeqCst).to_string()));
    }
    if path.starts_with("/v1/") {
        return v1(&served, request).await;
    }
    match served.at(&path).or_else(|| served.answer(&path)) {
        Some(body) => Response::new(Body::from(body)),
        None => Response::builder().status(404).body(Body::empty()).unwrap(),
    }
}

#[allow(clippy::disallowed_methods, reason = "the server takes its time in real time")]
async fn v1(served: &Served, request: Request) -> Response {
    let now = served.now.fetch_add(1, Ordering::SeqCst) + 1;
    served.most.fetch_max(now, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let asked: HashMap<String, Vec<u64>> = serde_json::from_slice(&body).unwrap();
    let entry = |index: &u64| {
        let body = BASE64_STANDARD.encode(served.body(*index as usize));
        serde_json::json!({format!("{index:080x}"): {"body": body, "integratedTime": 0, "logID": "", "logIndex": index}})
    };
    let answer: Vec<_> = asked["logIndexes"].iter().map(entry).collect();
    served.now.fetch_sub(1, Ordering::SeqCst);
    Response::new(Body::from(serde_json::Value::from(answer).to_string()))
}

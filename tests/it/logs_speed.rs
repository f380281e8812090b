//! Tests of the reading speed of logs within their limits, and of the reported progress.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use lab::{
    World,
    follower::{CONFIG, Follower},
    ledger::{Api, Hosts, Ledger, Misbehaviour},
    rig::{START, config, folder, verifier, watchlist},
};
use provwatch::{
    app::{App, Parts, assemble, client_over},
    clock::{Clock, ManualClock},
    http::{Request, Response, Transport, TransportError},
    logwatch::Poll,
    progress::NoProgress,
    store::{LogProgress, LogRow, Store},
};
use tempfile::TempDir;

/// Entries of 32 bundles, more than the twenty requests that every host takes at once.
const MUCH: usize = 32 * 256;

/// A log whose server answers at once, or refuses what comes too early and does not say how long to wait.
struct Scene {
    clock: Arc<ManualClock>,
    ledger: Ledger,
    app: App,
    server: Arc<Busy>,
    _folder: TempDir,
}

impl Scene {
    /// What is there to read when the first poll is over.
    async fn reading(host: &'static str, (api, entries): (Api, usize), apart: Duration, settings: &str) -> Self {
        let (folder, clock) = (folder(), Arc::new(ManualClock::at_text(START)));
        let ledger = Ledger::new(host, api);
        std::fs::write(folder.path().join("log.pem"), ledger.public_key_pem()).unwrap();
        let usual =
            CONFIG.replace("entries_per_second = 100_000\n", "").replace("max_attempts = 1", "max_attempts = 5");
        let instance = ledger.instance(&folder.path().join("log.pem"), &format!("https://{host}:8443/"));
        let config = config(&format!("{usual}{instance}{settings}"));
        let world = World::new();
        let hosts = Hosts { ledgers: vec![ledger.clone()], world: world.clone() };
        let server = Arc::new(Busy {
            hosts,
            clock: clock.clone(),
            apart,
            free: Mutex::default(),
            refused: AtomicUsize::new(0),
            broken: Mutex::default(),
        });
        let timer: Arc<dyn Clock> = clock.clone();
        let parts = Parts {
            store: Arc::new(Store::open(&folder.path().join("provwatch.db")).unwrap()),
            watchlist: watchlist("packages = []"),
            http: client_over(&config, server.clone(), Arc::clone(&timer)).unwrap(),
            verifier: verifier(world.lab()),
            clock: timer,
            progress: Arc::new(NoProgress),
        };
        let app = assemble(&config, parts).unwrap();
        let scene = Self { clock, ledger, app, server, _folder: folder };
        scene.honest_poll().await;
        scene.ledger.grow(entries);
        scene
    }

    async fn poll(&self) -> Poll {
        let log = self.app.logs.followed_logs().remove(0);
        self.app.logs.poll_log(&log).await.unwrap()
    }

    /// How long a poll takes in which nothing goes wrong.
    async fn honest_poll(&self) -> TimeDelta {
        let began = self.clock.now();
        assert_eq!(self.poll().await.troubled, 0, "{:?}", self.row().last_error);
        self.clock.now() - began
    }

    fn row(&self) -> LogRow {
        self.app.store.logs().unwrap().remove(0)
    }

    fn verified(&self) -> usize {
        usize::try_from(self.row().tail.unwrap().verified).unwrap()
    }
}

struct Busy {
    hosts: Hosts,
    clock: Arc<ManualClock>,
    apart: Duration,
    free: Mutex<Option<DateTime<Utc>>>,
    refused: AtomicUsize,
    /// What is answered with 500.
    broken: Mutex<Option<&'static str>>,
}

impl std::fmt::Debug for Busy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Busy")
    }
}

impl Transport for Busy {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        if self.broken.lock().unwrap().is_some_and(|part| request.url.path().contains(part)) {
            return Box::pin(async { Ok(answer(500)) });
        }
        let (now, mut free) = (self.clock.now(), self.free.lock().unwrap());
        if free.is_some_and(|free| now < free) {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Box::pin(async { Ok(answer(429)) });
        }
        *free = Some(now + self.apart);
        self.hosts.exchange(request)
    }
}

fn answer(status: u16) -> Response {
    Response { status, headers: Vec::new(), body: bytes::Bytes::new() }
}

#[tokio::test]
async fn a_log_of_one_s_own_is_read_as_fast_as_it_answers_and_a_public_one_politely() {
    const OWN: &str = "log.example";
    const LIMITED: &str = "[http.hosts.\"log.example\"]\nrequests_per_minute = 600\n";
    for (api, entries, host, settings, least, most) in [
        (Api::Tiles, MUCH, OWN, "", 0, 0),
        (Api::RekorV1, 500, OWN, "", 0, 0),
        (Api::Ct, 6_000, OWN, "", 0, 0),
        (Api::Tiles, MUCH, OWN, LIMITED, 1_000, 5_000),
        (Api::RekorV1, 500, "rekor.sigstore.dev", "", 2_000, 10_000),
    ] {
        let scene = Scene::reading(host, (api, entries), Duration::ZERO, settings).await;
        let took = scene.honest_poll().await.num_milliseconds();
        assert_eq!(scene.verified(), entries, "{api:?} {host}");
        assert!((least..=most).contains(&took), "{api:?} {host} {settings}: {took} ms");
    }
}

#[tokio::test]
async fn a_log_that_refuses_is_asked_more_slowly_and_read_whole() {
    let apart = Duration::from_millis(20);
    let scene = Scene::reading("log.example", (Api::Tiles, MUCH), apart, "").await;
    let took = scene.honest_poll().await;
    assert_eq!(scene.verified(), MUCH);
    assert!(took < TimeDelta::seconds(10), "{took}");
    let refused = scene.server.refused.load(Ordering::SeqCst);
    assert!((1..40).contains(&refused), "{refused} of more than 32 requests");
}

#[tokio::test]
async fn how_far_a_long_reading_has_come_is_stored_until_it_is_at_its_end() {
    let follower = Follower::tiles(10).await;
    follower.ledger.grow(3 * 4096);
    follower.ledger.misbehave(Misbehaviour::Withhold("tile/entries/035"));
    follower.poll().await;
    let progress = follower.row().progress.unwrap();
    let LogProgress { first, next, past, .. } = progress;
    assert_eq!((first, next, past), (10, 35 * 256, 10 + 3 * 4096));
    assert_eq!(progress.percent(), 72);

    let follower = follower.restarted();
    follower.poll().await;
    let progress = follower.row().progress.unwrap();
    assert_eq!(
        (progress.first, progress.next),
        (10, 35 * 256),
        "nothing was read since, and what was is not forgotten"
    );

    follower.ledger.behave();
    follower.honest_poll().await;
    assert_eq!(follower.row().progress, None);
    follower.ledger.grow(100);
    follower.honest_poll().await;
    assert_eq!(follower.row().progress, None, "what is read in one go is not long");
}

/// A tail that goes on behind entries that were stored and turn out to be wrong must not say that the fault lies behind them.
#[tokio::test]
async fn the_place_of_a_lie_is_found_where_the_reading_was_interrupted() {
    let scene = Scene::reading("log.example", (Api::Tiles, MUCH), Duration::ZERO, "").await;
    scene.ledger.misbehave(Misbehaviour::LieInBody(300));
    *scene.server.broken.lock().unwrap() = Some("tile/entries/020");
    scene.poll().await;
    assert_eq!(scene.row().progress.unwrap().next, 20 * 256);
    *scene.server.broken.lock().unwrap() = None;
    scene.poll().await;
    let error = scene.row().last_error.unwrap();
    assert!(error.contains("the first of them among 0 to 5119"), "{error}");
    scene.poll().await;
    let error = scene.row().last_error.unwrap();
    assert!(
        error.contains("the first of them among 256 to 511"),
        "what was stored is forgotten, and read again: {error}"
    );
}

//! One run of the benchmark: simulated registries, a daemon that watches them, one fault, and three takeovers.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use provwatch::{
    app::{App, Parts, assemble, client},
    clock::{Clock, SystemClock},
    daemon::{self, Health, HealthProgress, Options, Renewal},
    model::Ecosystem,
    store::Store,
    upkeep::OnDisk,
};

use crate::{
    cases::Case,
    lab::{
        Publication, World,
        rig::{by_workflow, config, verifier, watchlist, workflow},
    },
    web::{Addresses, Web, sleep},
};

/// How long a takeover may stay untold.
const PATIENCE: Duration = Duration::from_mins(4);
/// Packages beside the victims in each registry.
pub const OTHERS: usize = 10;

/// The system's time, or a wrong one.
#[derive(Debug, Default)]
pub struct WrongClock(AtomicI64);

impl WrongClock {
    pub fn skew(&self, by: TimeDelta) {
        self.0.store(by.num_seconds(), Ordering::Relaxed);
    }
}

impl Clock for WrongClock {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + TimeDelta::seconds(self.0.load(Ordering::Relaxed))
    }

    fn steady(&self) -> Duration {
        SystemClock.steady()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(sleep(duration))
    }

    fn timer(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(sleep(duration))
    }
}

/// What a case can do something to.
pub struct Scene {
    pub web: Arc<Web>,
    pub clock: Arc<WrongClock>,
    pub store: PathBuf,
}

impl Scene {
    pub fn publish(&self, ecosystem: Ecosystem, name: &str, version: &str, publication: &Publication) {
        let publication = publication.clone().at(SystemClock.now());
        publish(&self.web.world, ecosystem, name, version, &publication);
    }

    /// The usual release of another package.
    pub fn release(&self, ecosystem: Ecosystem, number: usize) {
        let name = other(number);
        self.publish(ecosystem, &name, "1.1.0", &by_workflow(&workflow(&name)));
    }
}

pub fn other(number: usize) -> String {
    format!("other-{number}")
}

fn publish(world: &World, ecosystem: Ecosystem, name: &str, version: &str, publication: &Publication) {
    match ecosystem {
        Ecosystem::NPM => world.publish_npm(name, version, publication),
        Ecosystem::PYPI => world.publish_pypi(name, version, publication),
        _ => world.publish_crate(name, version, publication),
    }
}

fn names() -> Vec<String> {
    (0..OTHERS).map(other).chain(["victim".to_owned()]).collect()
}

/// A year of releases of everything.
fn world() -> World {
    let world = World::new();
    for ecosystem in Ecosystem::ALL {
        for name in names() {
            for month in 1..=4 {
                let at = SystemClock.now() - TimeDelta::days(30 * month);
                let version = format!("1.0.{}", 4 - month);
                publish(&world, ecosystem, &name, &version, &by_workflow(&workflow(&name)).at(at));
            }
        }
    }
    world
}

/// Plays a case: how many seconds after its release the takeover in each registry was told.
pub fn play(case: &Case) -> [Option<f64>; 3] {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let told = runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let web = Web::new(world());
        let addresses = web.serve().await;
        let clock = Arc::new(WrongClock::default());
        let store = folder.path().join("provwatch.db");
        let scene = Scene { web, clock, store };
        let app = Arc::new(app(&scene, &addresses));
        let options = Options {
            reload: Box::new(|_| Renewal::Refused { why: "nobody asks for it".to_owned(), watchlist: None }),
            on_disk: Arc::new(OnDisk::default),
            health: Arc::default(),
            trust_interval: None,
            grace: Duration::from_secs(1),
        };
        tokio::select! {
            told = takeovers(&scene, &app, case) => told,
            ended = daemon::run(Arc::clone(&app), options) => panic!("the daemon ended: {ended:?}"),
        }
    });
    runtime.shutdown_background();
    told
}

async fn takeovers(scene: &Scene, app: &App, case: &Case) -> [Option<f64>; 3] {
    while app.store.packages().unwrap().iter().filter(|row| row.backfilled_at.is_some()).count() < 3 * names().len() {
        sleep(Duration::from_millis(200)).await;
    }
    sleep(Duration::from_secs(2)).await;
    (case.begin)(scene);
    sleep(Duration::from_secs(case.ahead)).await;
    let began = Instant::now();
    for (ecosystem, publication) in case.takeovers() {
        scene.publish(ecosystem, "victim", "1.1.0", &publication);
    }
    let purls = ["npm", "pypi", "cargo"].map(|registry| format!("pkg:{registry}/victim@1.1.0"));
    let expected: Vec<usize> = case.takeovers().iter().map(|(ecosystem, _)| ecosystem.index()).collect();
    let is_over = || expected.iter().all(|place| scene.web.told(&purls[*place]).is_some());
    while !is_over() && began.elapsed() < PATIENCE {
        sleep(Duration::from_millis(50)).await;
        if began.elapsed() > Duration::from_mins(1) {
            (case.end)(scene);
        }
    }
    purls.map(|purl| scene.web.told(&purl).map(|at| (at - began).as_secs_f64()))
}

fn app(scene: &Scene, addresses: &Addresses) -> App {
    let config = config(&configuration(addresses));
    let clock: Arc<dyn Clock> = Arc::clone(&scene.clock) as _;
    let watched: Vec<String> = ["npm", "pypi", "cargo"]
        .iter()
        .flat_map(|registry| names().into_iter().map(move |name| format!("pkg:{registry}/{name}")))
        .collect();
    let parts = Parts {
        store: Arc::new(Store::open(&scene.store).unwrap()),
        watchlist: watchlist(&format!("packages = {watched:?}")),
        http: client(&config, Arc::clone(&clock)).unwrap(),
        verifier: verifier(scene.web.world.lab()),
        clock: Arc::clone(&clock),
        progress: Arc::new(HealthProgress { health: Arc::new(Health::default()), clock }),
    };
    assemble(&config, parts).unwrap()
}

/// Everything as it comes, but the addresses. Registries that are one host share its limits, so crates.io's are lifted.
fn configuration(addresses: &Addresses) -> String {
    let Addresses { npm, pypi, cargo, hooks } = addresses;
    format!(
        r#"
[http]
contact = "bench@example.org"
proxy_from_environment = false
allow_private = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"]

[http.hosts]
"127.0.0.3" = {{ requests_per_minute = 600, concurrency = 4 }}

[registries]
npm = {{ registry = "http://{npm}/npm.example", replicate = "http://{npm}/replicate.example" }}
pypi = {{ index = "http://{pypi}/pypi.example" }}
cargo = {{ api = "http://{cargo}/crates.example", index = "http://{cargo}/index.example", files = "http://{cargo}/static.example" }}

[forges]
enabled = false

[logs]
enabled = false

[trust]
source = "embedded"

[[subscriptions]]
name = "healthy"
type = "webhook"
url = "http://{hooks}/hooks.example/healthy"
min_severity = "info"

[[subscriptions]]
name = "other"
type = "webhook"
url = "http://{hooks}/hooks.example/other"
min_severity = "info"
"#
    )
}

//! The whole pipeline over simulated registries and a stopped clock. A test reads like a conversation: publish a
//! release, let time pass, make a pass, and look at the result.

mod publications;

use std::{collections::BTreeSet, path::Path, pin::pin, sync::Arc, task::Poll, time::Duration};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use provwatch::{
    app::{self, App, Parts, PassSummary, assemble, client_over},
    attest::{TrustMaterial, Verifier},
    clock::{Clock, ManualClock},
    config::Config,
    health::{Finding, LockState, judge},
    model::{Alert, AlertKind, Ecosystem, Package, Provenance, ReleaseId},
    progress::{NoProgress, Progress},
    store::{AlertFilter, Outcome, ReleaseRow, Store},
    watchlist::Watchlist,
};
use tempfile::TempDir;

use super::{Lab, Publication, World, due};
pub use publications::{by_ada, by_ada_attested, by_mallory, by_workflow, workflow};

/// When every test begins.
pub const START: &str = "2026-06-01T12:00:00Z";

/// How often work is asked whether it can go on before time passes.
const IDLE: usize = 40;

/// The registries of the world, and two receivers of alerts: one of everything, one of the worst.
pub const CONFIG: &str = r#"
[http]
contact = "operator@example.org"
max_attempts = 2
max_document = 1_048_576
proxy_from_environment = false
default_limit = { requests_per_minute = 60_000, concurrency = 16 }

[http.hosts]
"crates.example" = { requests_per_minute = 60_000, concurrency = 16 }
"index.example" = { requests_per_minute = 60_000, concurrency = 16 }

[registries]
npm = { registry = "https://npm.example", replicate = "https://replicate.example" }
pypi = { index = "https://pypi.example" }
cargo = { api = "https://crates.example", index = "https://index.example", files = "https://static.example" }

[forges]
enabled = false

[logs]
enabled = false

[trust]
source = "embedded"

[daemon]
recheck = ["5m", "30m", "2h"]

[[subscriptions]]
name = "everything"
type = "webhook"
url = "https://hooks.example/everything"
min_severity = "info"

[[subscriptions]]
name = "worst"
type = "webhook"
url = "https://hooks.example/worst"
min_severity = "high"
"#;

/// A pipeline in a world.
pub struct Rig {
    pub world: World,
    pub clock: Arc<ManualClock>,
    pub app: App,
    watched: String,
    folder: TempDir,
}

impl Rig {
    /// A pipeline that watches these packages or patterns.
    pub fn watching(patterns: &[&str]) -> Self {
        let folder = folder();
        let world = World::new();
        let clock = Arc::new(ManualClock::at_text(START));
        let watched = format!("packages = {patterns:?}");
        let app = app(&world, &clock, &watched, &folder.path().join("provwatch.db"), Arc::new(NoProgress));
        Self { world, clock, app, watched, folder }
    }

    /// A pipeline that would refresh its trust root, if only its repository had one.
    pub fn with_tuf(patterns: &[&str]) -> Self {
        let rig = Self::watching(patterns);
        let Self { world, clock, app, watched, folder } = rig;
        drop(app);
        let cache = folder.path().join("tuf").to_string_lossy().into_owned();
        let tuf = format!("source = \"tuf\"\ntuf_url = \"https://tuf.example\"\ncache = {cache:?}");
        let config = config(&CONFIG.replace("source = \"embedded\"", &tuf));
        let path = folder.path().join("provwatch.db");
        let app = app_of(&config, &world, &clock, &watched, &path, Arc::new(NoProgress));
        Self { world, clock, app, watched, folder }
    }

    /// A pipeline with another configuration.
    pub fn configured(text: &str, patterns: &[&str]) -> Self {
        let Self { world, clock, app, watched, folder } = Self::watching(patterns);
        drop(app);
        let path = folder.path().join("provwatch.db");
        let app = app_of(&config(text), &world, &clock, &watched, &path, Arc::new(NoProgress));
        Self { world, clock, app, watched, folder }
    }

    /// Another process takes over: nothing is left but the store.
    #[must_use]
    pub fn restarted(self) -> Self {
        self.restarted_with(Arc::new(NoProgress))
    }

    /// As [`Rig::restarted`], with its progress reported.
    #[must_use]
    pub fn restarted_with(self, progress: Arc<dyn Progress>) -> Self {
        let Self { world, clock, app, watched, folder } = self;
        drop(app);
        let app = self::app(&world, &clock, &watched, &folder.path().join("provwatch.db"), progress);
        Self { world, clock, app, watched, folder }
    }

    /// The database.
    pub fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("provwatch.db")
    }

    pub fn store(&self) -> &Store {
        &self.app.store
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub fn days_pass(&self, days: u64) {
        self.clock.advance(Duration::from_hours(24 * days));
    }

    pub fn minutes_pass(&self, minutes: u64) {
        self.clock.advance(Duration::from_mins(minutes));
    }

    /// Publishes now.
    pub fn publish(&self, release: &str, publication: &Publication) {
        self.publish_at(self.now(), release, publication);
    }

    /// Publishes so many days before now.
    pub fn published_before(&self, days: i64, release: &str, publication: &Publication) {
        self.publish_at(self.now() - TimeDelta::days(days), release, publication);
    }

    /// Publishes at a time.
    pub fn publish_at(&self, at: DateTime<Utc>, release: &str, publication: &Publication) {
        let id: ReleaseId = release.parse().unwrap();
        let publication = publication.clone().at(at);
        let (name, version) = (id.package().name(), id.version());
        match id.package().ecosystem() {
            Ecosystem::NPM => self.world.publish_npm(name, version, &publication),
            Ecosystem::PYPI => self.world.publish_pypi(name, version, &publication),
            _ => self.world.publish_crate(name, version, &publication),
        }
    }

    /// A history of `1.0.0` to `1.0.<count - 1>`, one release a month, the last one a month ago.
    pub fn history(&self, package: &str, count: i64, publication: &Publication) {
        for number in 0..count {
            self.published_before(30 * (count - number), &format!("{package}@1.0.{number}"), publication);
        }
    }

    /// One pass over everything that is due.
    pub async fn pass(&self) -> PassSummary {
        let summary = self.app.pass().await.expect("the store works");
        self.check();
        summary
    }

    /// A pass in which nothing may go wrong.
    pub async fn smooth_pass(&self) -> PassSummary {
        let summary = self.pass().await;
        assert_eq!(summary.failed_sources, []);
        assert_eq!((summary.work.postponed, summary.undelivered), (0, 0));
        summary
    }

    /// Does some work while time passes, a second after whatever can be done was done: for what waits and is not to be
    /// waited for.
    pub async fn as_time_passes<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        for _ in 0..100_000 {
            for _ in 0..IDLE {
                if let Poll::Ready(done) = futures::poll!(work.as_mut()) {
                    return done;
                }
                tokio::task::yield_now().await;
            }
            self.clock.advance(Duration::from_secs(1));
        }
        panic!("the work never ends");
    }

    /// The queue is worked off for so many seconds, as the daemon does it.
    pub async fn works_for(&self, seconds: u64) {
        let work = self.app.packages.queue.keep_working();
        let time = self.clock.timer(Duration::from_secs(seconds));
        let daemon = async {
            tokio::select! {
                biased;
                ended = work => ended.map(|never| match never {}).expect("the store works"),
                () = time => {}
            }
        };
        self.as_time_passes(daemon).await;
    }

    /// Reads every feed.
    pub async fn feeds_are_read(&self) {
        for source in &self.app.sources {
            self.app.packages.feeds.observe(source.feed.as_ref()).await.expect("the feed answers");
        }
    }

    /// Passes until the queue is empty, a minute between them.
    pub async fn settle(&self) {
        for _ in 0..500 {
            self.pass().await;
            if self.store().work_summary(self.now()).unwrap().waiting == 0 {
                return;
            }
            self.minutes_pass(1);
        }
        panic!("the queue never empties");
    }

    pub fn release(&self, release: &str) -> ReleaseRow {
        self.store().release(&release.parse().unwrap()).unwrap().unwrap_or_else(|| panic!("{release} is not stored"))
    }

    pub fn outcome(&self, release: &str) -> Outcome {
        self.release(release).outcome
    }

    /// The alerts about releases, the oldest first.
    pub fn alerts(&self) -> Vec<Alert> {
        self.alerts_of(AlertKind::Release)
    }

    /// The alerts about provwatch itself, the oldest first.
    pub fn troubles(&self) -> Vec<Alert> {
        self.alerts_of(AlertKind::Operation)
    }

    /// What `status` finds while the process lives.
    pub fn judged(&self) -> Vec<Finding> {
        let runner = provwatch::upkeep::runner(self.store(), LockState::Held).unwrap();
        let watchlist = self.app.watchlist.now();
        let setup = app::setup(&config(CONFIG));
        judge(
            &provwatch::upkeep::snapshot(self.store(), &setup, Some(&watchlist), runner, self.now()).unwrap(),
            self.now(),
        )
    }

    fn alerts_of(&self, kind: AlertKind) -> Vec<Alert> {
        let mut alerts = self.store().alerts(&AlertFilter { limit: 1000, ..AlertFilter::default() }).unwrap();
        alerts.retain(|alert| alert.kind == kind);
        alerts.reverse();
        alerts
    }

    /// The only alert about a release.
    pub fn the_alert(&self) -> Alert {
        let alerts = self.alerts();
        assert_eq!(alerts.len(), 1, "{:?}", alerts.iter().map(|alert| &alert.title).collect::<Vec<_>>());
        alerts.into_iter().next().unwrap()
    }

    /// What must hold at any time: nothing that is published is lost, nothing unverified is called verified, and no
    /// feed is believed to be further than it is.
    pub fn check(&self) {
        self.nothing_is_lost();
        self.nothing_false_is_verified();
        self.no_cursor_runs_ahead();
    }

    fn nothing_is_lost(&self) {
        let forever = self.now() + TimeDelta::days(10_000);
        let rechecks = self.store().packages_to_recheck(forever, TimeDelta::days(1), 10_000).unwrap();
        let queued = due::work(self.store(), forever).into_iter().map(|work| work.package);
        let waiting: BTreeSet<Package> = queued.chain(rechecks).collect();
        let watchlist = self.app.watchlist.now();
        // What a pattern means is known only when a feed names it.
        let known: BTreeSet<Package> = watchlist.packages().map(|(package, _)| package.clone()).collect();
        let is_known = |package: &Package| known.contains(package) || self.store().package(package).unwrap().is_some();
        for release in self.listed().into_iter().filter(|release| is_known(release.package())) {
            let feed_is_behind = self.failing_source(release.package().ecosystem());
            let stored = self.store().release(&release).unwrap().is_some();
            assert!(stored || feed_is_behind || waiting.contains(release.package()), "{release} is lost");
        }
    }

    /// Every release that the registries list.
    fn listed(&self) -> Vec<ReleaseId> {
        let npm = self.world.npm().releases();
        let pypi = self.world.pypi().releases();
        let cargo = self.world.crates().releases();
        [(Ecosystem::NPM, npm), (Ecosystem::PYPI, pypi), (Ecosystem::CARGO, cargo)]
            .into_iter()
            .flat_map(|(ecosystem, releases)| {
                releases.into_iter().map(move |(name, version)| {
                    let package = Package::new(ecosystem, &name).unwrap();
                    package.at(version)
                })
            })
            .collect()
    }

    /// Whether the last that was heard of the ecosystem's feed is an error.
    fn failing_source(&self, ecosystem: Ecosystem) -> bool {
        let name = match ecosystem {
            Ecosystem::NPM => "npm-changes",
            Ecosystem::PYPI => "pypi-changelog",
            _ => "crates-updates",
        };
        let sources = self.store().sources().unwrap();
        sources.iter().any(|source| source.name == name && source.last_error_at > source.last_success)
    }

    fn nothing_false_is_verified(&self) {
        let published = self.world.published();
        for (purl, publications) in published {
            let Some(row) = self.store().release(&purl.parse().unwrap()).unwrap() else { continue };
            let Some(observation) = row.observation else { continue };
            for provenance in observation.provenances().chain([&observation.attestation]) {
                let Provenance::Verified(verified) = provenance else { continue };
                let true_ones = publications.iter().filter(|publication| publication.broken.is_none());
                let honest = true_ones.filter_map(Publication::attesting).any(|workflow| {
                    workflow.subject == verified.identity.subject && workflow.claims == verified.identity.claims
                });
                assert!(honest, "{purl} is called verified and is not");
            }
        }
    }

    fn no_cursor_runs_ahead(&self) {
        let at = |source: &str| -> u64 {
            self.store().cursor(source).unwrap().map_or(0, |cursor| cursor.parse().expect("a number"))
        };
        assert!(at("npm-changes") <= self.world.npm().sequence());
        assert!(at("pypi-changelog") <= self.world.pypi().last_serial());
    }
}

/// A pipeline over a store.
pub fn app(world: &World, clock: &Arc<ManualClock>, watched: &str, store: &Path, progress: Arc<dyn Progress>) -> App {
    app_of(&config(CONFIG), world, clock, watched, store, progress)
}

fn app_of(
    config: &Config,
    world: &World,
    clock: &Arc<ManualClock>,
    watched: &str,
    store: &Path,
    progress: Arc<dyn Progress>,
) -> App {
    let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
    let parts = Parts {
        store: Arc::new(Store::open(store).unwrap()),
        watchlist: watchlist(watched),
        http: client_over(config, Arc::new(world.clone()), Arc::clone(&clock)).unwrap(),
        verifier: verifier(world.lab()),
        clock,
        progress,
    };
    assemble(config, parts).unwrap()
}

/// A configuration, read as from a file.
pub fn config(text: &str) -> Config {
    Config::parse(text, Path::new("rig.toml")).unwrap_or_else(|problems| panic!("{problems}"))
}

/// A watchlist, read as from a file.
pub fn watchlist(text: &str) -> Watchlist {
    Watchlist::parse(text, Path::new("watchlist.toml")).unwrap()
}

/// What trusts the lab and nobody else.
pub fn verifier(lab: &Lab) -> Verifier {
    let folder = folder();
    write_trust(lab, folder.path());
    read_trust(folder.path())
}

/// Writes what vouches for the lab, for another process.
pub fn write_trust(lab: &Lab, folder: &Path) {
    std::fs::write(folder.join("trusted_root.json"), lab.trusted_root().to_string()).unwrap();
    std::fs::write(folder.join("keys.json"), lab.npm_keys().to_string()).unwrap();
}

/// What trusts what was written there.
pub fn read_trust(folder: &Path) -> Verifier {
    let material = TrustMaterial::from_files(&folder.join("trusted_root.json"), Some(&folder.join("keys.json")));
    Verifier::new(&material.unwrap())
}

/// A folder in memory where there is such a thing: the store waits for the disk at every commit, and the tests make many
/// thousands.
pub fn folder() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}

/// A time as the registries write it.
pub fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

//! A pipeline over simulated registries and one log, for tests that compare signed entries with releases.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use provwatch::{
    app::{App, Parts, assemble, client_over},
    clock::{Clock, ManualClock},
    http::{Request, Response, Transport, TransportError},
    model::{Alert, AlertKind, Claim, Severity},
    progress::NoProgress,
    store::{AlertFilter, Store},
};
use tempfile::TempDir;

use super::{
    Authority, Publication, Workflow, World,
    forge::LabForge,
    ledger::{Api, Hosts, Ledger, hashedrekord},
    rig::{self, START, by_workflow, folder, verifier, watchlist, workflow},
};

/// The registries of the world, and one log beside them.
pub struct Town {
    pub world: World,
    pub ledger: Ledger,
    pub forge: LabForge,
    pub clock: Arc<ManualClock>,
    pub app: App,
    setting: Setting,
    folder: TempDir,
}

/// What a town watches, and the rest of its configuration.
#[derive(Clone, Debug)]
pub struct Setting {
    pub watched: String,
    /// What stands in `[forges]`.
    pub forges: String,
    /// More of the configuration, after `[logs]`.
    pub more: String,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            watched: "packages = [\"pkg:npm/widget\"]".to_owned(),
            forges: "enabled = false".to_owned(),
            more: String::new(),
        }
    }
}

/// The hosts of a town: its log, its registries, and a forge.
#[derive(Debug)]
struct Neighbours(Hosts, LabForge);

impl Transport for Neighbours {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        if request.url.host_str() == Some("api.github.com") {
            self.1.exchange(request)
        } else {
            self.0.exchange(request)
        }
    }
}

impl Town {
    /// A package with a year of releases by its workflow, and a log that has been followed for a month.
    pub async fn settled(api: Api, host: &str) -> Self {
        Self::settled_with(api, host, "").await
    }

    /// The same with more of the configuration.
    pub async fn settled_with(api: Api, host: &str, more: &str) -> Self {
        Self::settled_as(api, host, Setting { more: more.to_owned(), ..Setting::default() }).await
    }

    /// The same with another watchlist or other forges.
    pub async fn settled_as(api: Api, host: &str, setting: Setting) -> Self {
        let ledger = Ledger::new(host, api);
        Self::settled_over(World::new(), ledger, setting, |town| town.ledger.grow(3)).await
    }

    /// The same over the log that its attestations are logged in.
    pub async fn settled_over_the_log_of_attestations() -> Self {
        let world = World::new();
        let ledger = Ledger::of_log(&world.lab().log);
        Self::settled_over(world, ledger, Setting::default(), Self::log_is_caught_up).await
    }

    async fn settled_over(world: World, ledger: Ledger, setting: Setting, grow: impl Fn(&Self)) -> Self {
        let forge = LabForge::default();
        let clock = Arc::new(ManualClock::at_text(START));
        let folder = folder();
        let app = app(&Neighbours(hosts(&ledger, &world), forge.clone()), &clock, &folder, &setting);
        let town = Self { world, ledger, forge, clock, app, setting, folder };
        for number in 0..12 {
            let at = town.clock.now() - chrono::TimeDelta::days(30 * (12 - number));
            town.world.publish_npm("widget", &format!("1.0.{number}"), &usual().at(at));
        }
        grow(&town);
        town.pass().await;
        town.clock.advance(Duration::from_hours(24 * 30));
        town.pass().await;
        assert_eq!(town.alerts(), []);
        town
    }

    /// Another process over the same store.
    pub fn restarted(self) -> Self {
        let Self { world, ledger, forge, clock, app, setting, folder } = self;
        drop(app);
        let app = self::app(&Neighbours(hosts(&ledger, &world), forge.clone()), &clock, &folder, &setting);
        Self { world, ledger, forge, clock, app, setting, folder }
    }

    /// The log shows what was attested.
    pub fn log_is_caught_up(&self) {
        self.ledger.catch_up(&self.world.lab().log);
    }

    /// The folder of the database.
    pub fn path(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub fn store(&self) -> &Store {
        &self.app.store
    }

    pub async fn pass(&self) {
        self.app.pass().await.unwrap();
    }

    pub async fn minutes_pass(&self, minutes: u64) {
        for _ in 0..minutes / 5 {
            self.clock.advance(Duration::from_mins(5));
            self.pass().await;
        }
    }

    /// Logs what a workflow signs now.
    pub fn sign(&self, workflow: &Workflow) {
        let der = self.world.lab().authority.issue(workflow, self.clock.now()).der;
        self.ledger.append(hashedrekord(&der, &[7; 32]));
        self.ledger.publish();
    }

    pub fn publish(&self, version: &str, publication: &Publication) {
        self.world.publish_npm("widget", version, &publication.clone().at(self.clock.now()));
    }

    pub fn alerts(&self) -> Vec<Alert> {
        let mut alerts = self.app.store.alerts(&AlertFilter { limit: 100, ..AlertFilter::default() }).unwrap();
        alerts.retain(|alert| alert.kind == AlertKind::Log);
        alerts
    }

    pub fn the_signal(&self) -> (String, Severity) {
        let [alert] = self.alerts().try_into().expect("one alert");
        (alert.signals[0].detector.to_string(), alert.severity)
    }
}

fn hosts(ledger: &Ledger, world: &World) -> Hosts {
    Hosts { ledgers: vec![ledger.clone()], world: world.clone() }
}

fn app(neighbours: &Neighbours, clock: &Arc<ManualClock>, folder: &TempDir, setting: &Setting) -> App {
    let Neighbours(Hosts { ledgers, world }, forge) = neighbours;
    let key = folder.path().join("log.pem");
    std::fs::write(&key, ledgers[0].public_key_pem()).unwrap();
    let instance = ledgers[0].instance(&key, &format!("https://{}/", ledgers[0].host()));
    let Setting { watched, forges, more } = setting;
    let logs = format!("[logs]\ntrust_root = false\nstale_after = \"2000h\"\n{instance}\n{more}\n");
    let text = rig::CONFIG.replace("[logs]\nenabled = false\n", &logs);
    let config = rig::config(&text.replace("[forges]\nenabled = false\n", &format!("[forges]\n{forges}\n")));
    let shared: Arc<dyn Clock> = Arc::clone(clock) as _;
    let transport = Neighbours(hosts(&ledgers[0], world), forge.clone());
    let parts = Parts {
        store: Arc::new(Store::open(&folder.path().join("provwatch.db")).unwrap()),
        watchlist: watchlist(watched),
        http: client_over(&config, Arc::new(transport), Arc::clone(&shared)).unwrap(),
        verifier: verifier(world.lab()),
        clock: shared,
        progress: Arc::new(NoProgress),
    };
    assemble(&config, parts).unwrap()
}

pub fn usual() -> Publication {
    by_workflow(&workflow("widget"))
}

pub fn run(number: u32) -> Workflow {
    let uri = format!("https://github.com/acme/widget/actions/runs/{number}/attempts/1");
    workflow("widget").with(Claim::RunInvocationUri, &uri)
}

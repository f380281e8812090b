//! A pipeline over simulated registries and one log, for tests that compare signed entries with releases.

use std::{sync::Arc, time::Duration};

use provwatch::{
    app::{App, Parts, assemble, client_over},
    clock::{Clock, ManualClock},
    model::{Alert, AlertKind, Claim, Severity},
    progress::NoProgress,
    store::{AlertFilter, Store},
};
use tempfile::TempDir;

use super::{
    Authority, Publication, Workflow, World,
    ledger::{Api, Hosts, Ledger, hashedrekord},
    rig::{self, START, by_workflow, folder, verifier, watchlist, workflow},
};

/// The registries of the world, and one log beside them.
pub struct Town {
    pub world: World,
    pub ledger: Ledger,
    pub clock: Arc<ManualClock>,
    pub app: App,
    more: String,
    folder: TempDir,
}

impl Town {
    /// A package with a year of releases by its workflow, and a log that has been followed for a month.
    pub async fn settled(api: Api, host: &str) -> Self {
        Self::settled_with(api, host, "").await
    }

    /// The same with more of the configuration.
    pub async fn settled_with(api: Api, host: &str, more: &str) -> Self {
        let world = World::new();
        let clock = Arc::new(ManualClock::at_text(START));
        let ledger = Ledger::new(host, api);
        let folder = folder();
        let app = app(&ledger, &world, &clock, &folder, more);
        let town = Self { world, ledger, clock, app, more: more.to_owned(), folder };
        for number in 0..12 {
            let at = town.clock.now() - chrono::TimeDelta::days(30 * (12 - number));
            town.world.publish_npm("widget", &format!("1.0.{number}"), &usual().at(at));
        }
        town.ledger.grow(3);
        town.pass().await;
        town.clock.advance(Duration::from_hours(24 * 30));
        town.pass().await;
        assert_eq!(town.alerts(), []);
        town
    }

    /// Another process over the same store.
    pub fn restarted(self) -> Self {
        let Self { world, ledger, clock, app, more, folder } = self;
        drop(app);
        let app = self::app(&ledger, &world, &clock, &folder, &more);
        Self { world, ledger, clock, app, more, folder }
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

fn app(ledger: &Ledger, world: &World, clock: &Arc<ManualClock>, folder: &TempDir, more: &str) -> App {
    let key = folder.path().join("log.pem");
    std::fs::write(&key, ledger.public_key_pem()).unwrap();
    let instance = ledger.instance(&key, &format!("https://{}/", ledger.host()));
    let logs = format!("[logs]\ntrust_root = false\nstale_after = \"2000h\"\n{instance}\n{more}\n");
    let config = rig::config(&rig::CONFIG.replace("[logs]\nenabled = false\n", &logs));
    let shared: Arc<dyn Clock> = Arc::clone(clock) as _;
    let hosts = Hosts { ledgers: vec![ledger.clone()], world: world.clone() };
    let parts = Parts {
        store: Arc::new(Store::open(&folder.path().join("provwatch.db")).unwrap()),
        watchlist: watchlist("packages = [\"pkg:npm/widget\"]"),
        http: client_over(&config, Arc::new(hosts), Arc::clone(&shared)).unwrap(),
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

//! A pipeline that follows logs, with the invariants that hold after every step.

use std::{sync::Arc, time::Duration};

use provwatch::{
    app::{App, Parts, assemble, client_over},
    clock::{Clock, ManualClock},
    logwatch::Poll,
    model::{Alert, AlertKind, Severity},
    progress::NoProgress,
    store::{AlertFilter, LogEntryFilter, LogRow, Store},
    tlog::{Judgement, LogEvidence, LogKey, Signer},
};
use tempfile::TempDir;

use super::{
    Workflow, World,
    ledger::{Api, Hosts, Ledger, hashedrekord},
    rig::{self, START, folder, verifier, watchlist},
};

/// A pipeline that follows one log, and looks for what `acme` signs.
pub struct Follower {
    pub ledger: Ledger,
    pub world: World,
    pub clock: Arc<ManualClock>,
    pub app: App,
    pub folder: TempDir,
    config: String,
}

pub const CONFIG: &str = r#"
[http]
contact = "operator@example.org"
max_attempts = 1
[registries.npm]
enabled = false
[registries.pypi]
enabled = false
[registries.cargo]
enabled = false
[trust]
source = "embedded"
[forges]
enabled = false
[logs]
trust_root = false
[logs.rekor_v1]
in_flight = 8
entries_per_second = 100_000
[[logs.match]]
name = "acme"
san = "https://github\\.com/acme/.*"
"#;

impl Follower {
    pub fn of(ledger: Ledger) -> Self {
        Self::of_in(ledger, World::new())
    }

    pub fn of_in(ledger: Ledger, world: World) -> Self {
        Self::configured(ledger, world, CONFIG)
    }

    /// One with a configuration of its own, to which the log is added.
    pub fn configured(ledger: Ledger, world: World, config: &str) -> Self {
        let folder = folder();
        let clock = Arc::new(ManualClock::at_text(START));
        let app = app(&ledger, &world, &clock, &folder, config);
        Self { ledger, world, clock, app, folder, config: config.to_owned() }
    }

    /// A log of tiles that has so many entries when it is first seen.
    pub async fn tiles(size: usize) -> Self {
        let follower = Self::of(Ledger::new("log.example", Api::Tiles));
        follower.ledger.grow(size);
        follower.honest_poll().await;
        follower
    }

    pub fn restarted(self) -> Self {
        let config = self.config.clone();
        self.restarted_with(&config)
    }

    /// Another process over the same store, with another configuration.
    pub fn restarted_with(self, config: &str) -> Self {
        let Self { ledger, world, clock, app, folder, .. } = self;
        drop(app);
        let app = self::app(&ledger, &world, &clock, &folder, config);
        Self { ledger, world, clock, app, folder, config: config.to_owned() }
    }

    pub fn store(&self) -> &Store {
        &self.app.store
    }

    pub async fn poll(&self) -> Poll {
        let followed = self.app.logs.followed_logs();
        assert_eq!(followed.len(), 1);
        let poll = self.app.logs.poll_log(&followed[0]).await.unwrap();
        self.app.logs.judge_entries().unwrap();
        self.check();
        self.clock.advance(Duration::from_secs(20));
        poll
    }

    /// A poll in which nothing goes wrong.
    pub async fn honest_poll(&self) -> u64 {
        let poll = self.poll().await;
        assert_eq!(poll.troubled, 0, "{:?}", self.row().last_error);
        poll.verified
    }

    /// Polls for so long, in which everything goes wrong.
    pub async fn troubled_polls(&self, minutes: u64) {
        for _ in 0..=minutes {
            assert_eq!(self.poll().await.troubled, 1);
            self.clock.advance(Duration::from_mins(1));
        }
    }

    pub fn row(&self) -> LogRow {
        self.store().logs().unwrap().pop().unwrap()
    }

    pub fn alerts(&self) -> Vec<Alert> {
        let mut alerts = self.store().alerts(&AlertFilter { limit: 100, ..AlertFilter::default() }).unwrap();
        alerts.retain(|alert| alert.kind == AlertKind::Log && alert.severity > Severity::Info);
        alerts
    }

    /// The only alert about the log.
    pub fn the_alert(&self) -> Alert {
        let [alert] = self.alerts().try_into().expect("one alert");
        alert
    }

    /// What must hold at any time.
    pub fn check(&self) {
        for row in self.store().logs().unwrap() {
            let Some(tail) = &row.tail else { continue };
            assert!(tail.start <= tail.verified && tail.verified <= tail.downloaded);
            let covered: u64 = self.store().coverage(&row.name).unwrap().iter().map(|it| it.past - it.first).sum();
            assert_eq!(covered, tail.verified - tail.start, "nothing is skipped");
            for entry in self.store().log_entries(LogEntryFilter { log: Some(&row.name), limit: 10_000 }).unwrap() {
                assert!(entry.entry.index < tail.verified, "nothing is believed before it is proven");
            }
        }
    }

    /// An entry that `acme/tool` signed now.
    pub fn signed(&self, workflow: &Workflow) -> Vec<u8> {
        hashedrekord(&self.world.lab().authority.issue(workflow, self.clock.now()).der, &[7; 32])
    }

    pub fn matches(&self) -> Vec<u64> {
        let entries = self.store().log_entries(LogEntryFilter { log: None, limit: 10_000 }).unwrap();
        let mut indexes: Vec<_> = entries.iter().map(|row| row.entry.index).collect();
        indexes.sort_unstable();
        indexes
    }

    pub fn judgement(&self, kind: &str) -> Judgement {
        let all = self.store().evidence(None).unwrap();
        let one = all.iter().find(|one| one.kind == kind).unwrap_or_else(|| panic!("no evidence of {kind}: {all:?}"));
        LogEvidence::parse(one.document.as_bytes()).unwrap().judge().unwrap()
    }
}

fn app(ledger: &Ledger, world: &World, clock: &Arc<ManualClock>, folder: &TempDir, config: &str) -> App {
    let key = folder.path().join("log.pem");
    std::fs::write(&key, ledger.public_key_pem()).unwrap();
    let config = rig::config(&format!("{config}{}", ledger.instance(&key, "https://log.example/")));
    let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
    let hosts = Hosts { ledgers: vec![ledger.clone()], world: world.clone() };
    let parts = Parts {
        store: Arc::new(Store::open(&folder.path().join("provwatch.db")).unwrap()),
        watchlist: watchlist("packages = []"),
        http: client_over(&config, Arc::new(hosts), Arc::clone(&clock)).unwrap(),
        verifier: verifier(world.lab()),
        clock,
        progress: Arc::new(NoProgress),
    };
    assemble(&config, parts).unwrap()
}

pub fn acme(file: &str) -> Workflow {
    Workflow::github("acme/tool", file, "refs/heads/main")
}

/// Who signs for a ledger of tiles.
pub fn signer(ledger: &Ledger) -> Signer {
    let key = LogKey::from_pem(&ledger.public_key_pem()).unwrap();
    Signer::Note { origin: ledger.host().to_owned(), key }
}

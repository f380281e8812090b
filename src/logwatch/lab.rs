//! Test fixtures of the log services: their parts without a configuration, and one small log of tiles in memory.

use std::sync::{Arc, Mutex};

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use rcgen::{KeyPair, PublicKeyData, SigningKey};
use tempfile::TempDir;

use super::{
    log_list::{FollowedLog, Instance},
    report::ViolationReporter,
    rows::open_tree,
    settings::LogSettings,
    shown::Shown,
    wiring::LogParts,
};
use crate::{
    attest::{TrustMaterial, Verifier},
    clock::{Clock, ManualClock},
    deliver::Subscriptions,
    detect::Tuning,
    http::{Client, Request, Response, Transport, TransportError},
    progress::{Progress, Step},
    store::{LogKind, LogRow, Store},
    tlog::{CompactRange, LogKey, SignedCheckpoint, Tree, merkle::leaf_hash},
    upkeep::{Freshness, Mender, OperationalIssues, TrustKeeper, WallClock},
    watchlist::{InUse, Watchlist},
};

/// The name of the small log.
pub const LOG: &str = "log.example";

/// The start of the tests.
pub const START: &str = "2026-06-01T12:00:00Z";

/// A log of fewer entries than one tile holds.
#[derive(Debug)]
pub struct SmallLog {
    key: KeyPair,
    leaves: Mutex<Vec<String>>,
    asked: Mutex<Vec<String>>,
    /// It serves other entries than the signed ones.
    pub lies: Mutex<bool>,
}

impl SmallLog {
    fn new() -> Self {
        let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        Self { key, leaves: Mutex::default(), asked: Mutex::default(), lies: Mutex::default() }
    }

    /// Writes the entries up to this one; each holds its number and this text.
    pub fn grow(&self, to: usize, text: &str) {
        let mut leaves = self.leaves.lock().unwrap();
        for number in leaves.len()..to {
            leaves.push(format!("{{\"kind\":\"{text}\",\"number\":{number}}}"));
        }
    }

    /// Forgets all entries.
    pub fn forget(&self) {
        self.leaves.lock().unwrap().clear();
    }

    /// The requested paths.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn note(&self, leaves: &[String]) -> Vec<u8> {
        let mut range = CompactRange::default();
        for leaf in leaves {
            range.push(leaf_hash(leaf.as_bytes()));
        }
        let text = format!("{LOG}\n{}\n{}\n", leaves.len(), BASE64_STANDARD.encode(range.root()));
        let id = LogKey::from_spki(&self.key.subject_public_key_info()).unwrap().note_ids(LOG)[0];
        let signature = [id.to_vec(), self.key.sign(text.as_bytes()).unwrap()].concat();
        format!("{text}\n— {LOG} {}\n", BASE64_STANDARD.encode(signature)).into_bytes()
    }

    fn answer(&self, path: &str) -> Option<Vec<u8>> {
        let leaves = self.leaves.lock().unwrap();
        if path == "/checkpoint" {
            return Some(self.note(&leaves));
        }
        let (kind, width) = path.strip_prefix("/tile/")?.split_once("/000.p/")?;
        let leaves = leaves.iter().take(width.parse().ok()?);
        let lie = if *self.lies.lock().unwrap() { " " } else { "" };
        let entry = |leaf: &String| {
            let leaf = format!("{leaf}{lie}");
            [u16::try_from(leaf.len()).unwrap().to_be_bytes().to_vec(), leaf.into_bytes()].concat()
        };
        match kind {
            "0" => Some(leaves.flat_map(|leaf| leaf_hash(leaf.as_bytes())).collect()),
            "entries" => Some(leaves.flat_map(entry).collect()),
            _ => None,
        }
    }
}

impl Transport for SmallLog {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        let path = request.url.path().to_owned();
        let body = self.answer(&path);
        self.asked.lock().unwrap().push(path);
        let status = if body.is_some() { 200 } else { 404 };
        let answer = Response { status, headers: Vec::new(), body: body.unwrap_or_default().into() };
        Box::pin(async move { Ok(answer) })
    }
}

/// Keeps the titles of the alerts that it receives.
#[derive(Debug, Default)]
pub struct Told(Mutex<Vec<String>>);

impl Told {
    /// The titles since the last call.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Progress for Told {
    fn report(&self, step: &Step<'_>) {
        if let Step::LogAlert { alert } = step {
            self.0.lock().unwrap().push(alert.title.clone());
        }
    }
}

/// The parts of the services over a small log.
pub struct Lab {
    pub parts: LogParts,
    pub clock: Arc<ManualClock>,
    pub log: Arc<SmallLog>,
    pub told: Arc<Told>,
    _folder: TempDir,
}

impl Lab {
    /// The log is configured, and tailed.
    pub fn new() -> Self {
        let log = Arc::new(SmallLog::new());
        let settings = LogSettings {
            enabled: true,
            trust_root: false,
            instances: vec![instance(&log, "https://log.example/")],
            ..LogSettings::default()
        };
        Self::over(log, settings)
    }

    fn over(log: Arc<SmallLog>, settings: LogSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let manual = Arc::new(ManualClock::at_text(START));
        let (clock, told): (Arc<dyn Clock>, _) = (Arc::clone(&manual) as _, Arc::new(Told::default()));
        let store = Arc::new(Store::open(&folder.path().join("provwatch.db")).unwrap());
        let http = Client::new(Arc::clone(&log) as _, Arc::clone(&clock));
        let subscriptions = Arc::new(Subscriptions::default());
        let issues = Arc::new(OperationalIssues::new(Arc::clone(&store), Arc::clone(&subscriptions)));
        let parts = LogParts {
            mender: Arc::new(Mender::new(Arc::clone(&store), Arc::clone(&clock), issues)),
            wall_clock: Arc::new(WallClock::starting(Arc::clone(&store), Arc::clone(&clock), http.clone())),
            trust: trust(&store, &clock, &http, &TrustMaterial::embedded()),
            watchlist: Arc::new(InUse::new(Watchlist::default())),
            progress: Arc::clone(&told) as _,
            settings: Arc::new(settings),
            tuning: Tuning::default(),
            forges: None,
            store,
            clock,
            http,
            subscriptions,
        };
        Self { parts, clock: manual, log, told, _folder: folder }
    }

    /// The same with other settings, and with a store of its own.
    pub fn with(self, change: impl FnOnce(LogSettings, &SmallLog) -> LogSettings) -> Self {
        let settings = Arc::into_inner(self.parts.settings).unwrap();
        let settings = change(settings, &self.log);
        Self::over(self.log, settings)
    }

    /// Without a trust root.
    pub fn without_trust_root(mut self) -> Self {
        let LogParts { store, clock, http, .. } = &self.parts;
        self.parts.trust = trust(store, clock, http, &TrustMaterial::unread());
        self
    }

    /// The time.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The log as it is followed.
    pub fn followed(&self) -> Arc<FollowedLog> {
        self.parts.listing().list.followed().remove(0)
    }

    /// The current state of the log, after the tree was stored.
    pub async fn look(&self) -> Look {
        let followed = self.followed();
        let head = followed.log.heads().await.unwrap().remove(0);
        open_tree(&self.parts.store, &followed, &head.tree, self.now()).unwrap();
        Look { followed, tree: head.tree, signed: head.checkpoint.unwrap(), now: self.now() }
    }

    /// The stored row of the log.
    pub fn row(&self) -> LogRow {
        self.parts.store.log(LOG).unwrap().unwrap()
    }

    /// The reporter of log violations.
    pub fn reporter(&self) -> Arc<ViolationReporter> {
        self.parts.telling().reporter
    }
}

/// An observation of the small log, owned.
pub struct Look {
    pub followed: Arc<FollowedLog>,
    pub tree: Tree,
    pub signed: SignedCheckpoint,
    pub now: DateTime<Utc>,
}

impl Look {
    /// The observation as the services take it.
    pub fn shown(&self) -> Shown<'_> {
        Shown { followed: &self.followed, tree: &self.tree, signed: &self.signed, now: self.now }
    }
}

/// The small log as the configuration names it, at this URL.
pub fn instance(log: &SmallLog, url: &str) -> Instance {
    Instance {
        name: "small".to_owned(),
        kind: LogKind::Tiles,
        url: url.parse().unwrap(),
        origin: LOG.to_owned(),
        spki: log.key.subject_public_key_info(),
        tail: None,
        since: None,
        until: None,
        guess: None,
    }
}

fn trust(store: &Arc<Store>, clock: &Arc<dyn Clock>, http: &Client, material: &TrustMaterial) -> Arc<TrustKeeper> {
    let verifier = Verifier::new(material);
    Arc::new(TrustKeeper::new(Arc::clone(store), Arc::clone(clock), http.clone(), Freshness::never(), verifier))
}

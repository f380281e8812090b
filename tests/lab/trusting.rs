//! A pipeline that follows the logs of a trust root, real ones and the lab's.

use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures::future::BoxFuture;
use provwatch::{
    app::{App, Parts, assemble, client_over},
    attest::Verifier,
    clock::{Clock, ManualClock},
    http::{Request, Response, Transport, TransportError},
    progress::NoProgress,
    store::{LogKind, Store},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    World, b64,
    files::{Files, folder},
    follower::CONFIG,
    keys::sha256,
    ledger::{Hosts, Ledger},
    rig::{self, START, config, watchlist},
};

/// What a trust root names, and where that is served.
pub struct Trusting {
    pub folder: TempDir,
    pub clock: Arc<ManualClock>,
    pub world: World,
    pub ledgers: Vec<Ledger>,
    /// Folders of real logs by host.
    pub files: BTreeMap<&'static str, PathBuf>,
    /// What is served instead, by host and path; `None`: nothing.
    pub spoiled: Arc<Mutex<BTreeMap<String, Option<Bytes>>>>,
}

impl Trusting {
    /// Two real logs: `ecdsa.example`, a Rekor v2, and `ct.example`, a static CT log.
    pub fn new() -> Self {
        Self {
            folder: rig::folder(),
            clock: Arc::new(ManualClock::at_text(START)),
            world: World::new(),
            ledgers: Vec::new(),
            files: BTreeMap::from([("ecdsa.example", folder("ecdsa")), ("ct.example", folder("static-ct"))]),
            spoiled: Arc::default(),
        }
    }

    pub fn app(&self, tlogs: &[Value], ctlogs: &[Value], more: &str) -> App {
        let mut root = self.world.lab().trusted_root();
        // A root without any log is refused; where the configuration's logs are all that there is, it is not followed.
        let follows_root = !(tlogs.is_empty() && ctlogs.is_empty());
        if follows_root {
            (root["tlogs"], root["ctlogs"]) = (tlogs.into(), ctlogs.into());
        }
        std::fs::write(self.folder.path().join("trusted_root.json"), root.to_string()).unwrap();
        std::fs::write(self.folder.path().join("keys.json"), self.world.lab().npm_keys().to_string()).unwrap();
        self.assembled(rig::read_trust(self.folder.path()), follows_root, more)
    }

    pub fn app_with(&self, verifier: Verifier, more: &str) -> App {
        self.assembled(verifier, true, more)
    }

    fn assembled(&self, verifier: Verifier, follows_root: bool, more: &str) -> App {
        let logs = format!("trust_root = {follows_root}\ntail = [\"tiles\", \"static-ct\"]");
        let settings = CONFIG.replace("trust_root = false", &logs);
        let config = config(&format!("{settings}{more}"));
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let parts = Parts {
            store: Arc::new(Store::open(&self.folder.path().join("provwatch.db")).unwrap()),
            watchlist: watchlist("packages = []"),
            http: client_over(&config, Arc::new(self.places()), Arc::clone(&clock)).unwrap(),
            verifier,
            clock,
            progress: Arc::new(NoProgress),
        };
        assemble(&config, parts).unwrap()
    }

    fn places(&self) -> Places {
        Places {
            files: Files(self.files.clone()),
            hosts: Hosts { ledgers: self.ledgers.clone(), world: self.world.clone() },
            spoiled: Arc::clone(&self.spoiled),
        }
    }

    /// Serves something else, or nothing, at a place.
    pub fn spoil(&self, place: &str, with: Option<Bytes>) {
        self.spoiled.lock().unwrap().insert(place.to_owned(), with);
    }

    pub fn mend(&self) {
        self.spoiled.lock().unwrap().clear();
    }

    /// Polls for so many minutes. How many trees gave trouble the last time.
    pub async fn minutes(&self, app: &App, minutes: u64) -> usize {
        let mut troubled = 0;
        for _ in 0..minutes {
            troubled = app.logs.poll_logs().await.unwrap().iter().map(|(_, poll)| poll.troubled).sum();
            self.clock.advance(Duration::from_mins(1));
        }
        troubled
    }
}

/// A log as a trust root names it.
pub fn trusted(base: &str, spki: &[u8]) -> Value {
    json!({
        "baseUrl": base, "hashAlgorithm": "SHA2_256", "logId": {"keyId": b64(&sha256(spki))},
        "publicKey": {
            "rawBytes": b64(spki), "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": {"start": "2020-01-01T00:00:00Z"},
        },
    })
}

/// A ledger as a trust root names it: at a URL, with a key that signs from some time on.
pub fn ledger_at(ledger: &Ledger, url: &str, since: &str) -> Value {
    let mut log = ledger.trusted(None);
    log["baseUrl"] = json!(url);
    log["publicKey"]["validFor"]["start"] = json!(since);
    log
}

/// What a key is known by.
pub fn key_id(spki: &[u8]) -> String {
    hex::encode(sha256(spki))
}

pub fn kinds(app: &App) -> Vec<(String, LogKind)> {
    app.logs.followed_logs().iter().map(|log| (log.name().to_owned(), log.kind)).collect()
}

/// Ledgers and folders by host, some of it spoiled.
#[derive(Clone)]
struct Places {
    files: Files,
    hosts: Hosts,
    spoiled: Arc<Mutex<BTreeMap<String, Option<Bytes>>>>,
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Places")
    }
}

impl Transport for Places {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        let host = request.url.host_str().unwrap_or_default();
        let spoiled = self.spoiled.lock().unwrap().get(&format!("{host}{}", request.url.path())).cloned();
        if let Some(body) = spoiled {
            let status = if body.is_some() { 200 } else { 404 };
            let (body, limit) = (body.unwrap_or_default(), request.max_body);
            return Box::pin(async move {
                let is_large = body.len() as u64 > limit;
                if is_large {
                    Err(TransportError::TooLarge { limit })
                } else {
                    Ok(Response { status, headers: Vec::new(), body })
                }
            });
        }
        if self.hosts.ledgers.iter().any(|ledger| ledger.host() == host) {
            return self.hosts.exchange(request);
        }
        self.files.exchange(request)
    }
}

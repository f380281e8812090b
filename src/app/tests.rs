//! A registry costs one row and one folder: here a made-up one, of `src/model/ecosystem/tests/attic.rs` and
//! `src/registry/tests/attic` alone, is configured, watched, observed, checked, judged and reported.

use std::{path::Path, pin::pin, sync::Arc, task::Poll, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{App, Parts, assemble, client_over};
use crate::{
    attest::{TrustMaterial, Verifier},
    clock::{Clock, ManualClock},
    config::{self, Config},
    http::ScriptedTransport,
    inventory::{self, Mirrors},
    model::{Alert, AlertKind, Aspect, Ecosystem, RegistryId, ecosystem_tests::Listed, ecosystem_tests::attic::ATTIC},
    progress::NoProgress,
    store::{AlertFilter, Outcome, Store},
    watchlist::Watchlist,
};

const CONFIG: &str = r#"
[http]
contact = "operator@example.org"
proxy_from_environment = false
max_attempts = 1
[registries]
npm = { enabled = false }
pypi = { enabled = false }
cargo = { enabled = false }
[[registries.attic]]
shelves = "https://shelves.example/attic"
interval = "30s"
[[registries.attic]]
name = "acme"
url = "https://attic.acme.example"
[forges]
enabled = false
[logs]
enabled = false
[trust]
source = "embedded"
[[subscriptions]]
name = "all"
type = "webhook"
url = "https://hooks.example/all"
min_severity = "high"
"#;

fn read(text: &str) -> Config {
    Config::parse(text, Path::new("attic.toml")).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn its_section_is_read_checked_and_documented() {
    let listed = Listed::here();
    let registries = read(CONFIG).registries;
    let titles: Vec<_> = registries.keys().iter().map(|key| registries.title(key)).collect();
    assert_eq!(titles, ["the Attic", "attic acme"]);
    assert_eq!(registries.base_url(RegistryId::ATTIC).as_str(), "https://shelves.example/attic/");
    assert_eq!(registries.interval(ATTIC).to_string(), "30s");
    let located = registries.located(&"pkg:attic/Hat?repository_url=shelves.example/attic".parse().unwrap());
    assert_eq!(located.unwrap().to_string(), "pkg:attic/hat", "what stands in its place is the public one");
    let usual = read("").registries;
    assert_eq!(usual.base_url(RegistryId::ATTIC).as_str(), "https://attic.example/");
    assert_eq!(usual.interval(ATTIC).to_string(), "20s");
    for (text, said) in [
        ("[registries.attic]\nintervall = \"9s\"\n", "did you mean \"interval\""),
        ("[registries.attic]\nregistry = \"https://a.example\"\n", "registries.attic.registry: unknown key"),
        ("[registries.npm]\nshelves = \"https://a.example\"\n", "registries.npm.shelves: unknown key"),
    ] {
        let problems = Config::parse(text, Path::new("attic.toml")).unwrap_err().to_string();
        assert!(problems.contains(said), "{problems}");
    }
    for (interval, said) in [("2s", "use at least 5s"), ("5m", "nobody remembers news for longer")] {
        let config = read(&format!("[registries.attic]\ninterval = \"{interval}\"\n"));
        let found = config.check(&[]);
        let found = found.iter().find(|finding| finding.key == "registries.attic.interval").unwrap();
        assert!(found.what.contains(said), "{found}");
    }
    let page = config::markdown();
    assert!(page.contains("## `[registries.attic]`") && page.contains("Base URL of the shelves."), "{page}");
    drop(listed);
    assert!(!config::markdown().contains("attic"), "nobody else sees it");
    assert!(Config::parse(CONFIG, Path::new("attic.toml")).is_err());
}

#[test]
fn its_packages_are_listed_by_bills_of_materials() {
    let bill = json!({"bomFormat": "CycloneDX", "components": [
        {"name": "hat", "purl": "pkg:attic/Hat@e9"},
        {"name": "cat", "purl": "pkg:attic/Cat@e9?repository_url=https://attic.example"},
        {"name": "rat", "purl": "pkg:attic/Rat@e9?repository_url=https://cellar.example"},
    ]});
    let imported = inventory::parse(&bill.to_string(), Path::new("bom.json"), &Mirrors::default()).unwrap();
    let packages: Vec<_> = imported.packages().iter().map(ToString::to_string).collect();
    assert_eq!(packages, ["pkg:attic/cat", "pkg:attic/hat"]);
    assert!(imported.skipped[0].why.contains("from cellar.example, not from the Attic"), "{:?}", imported.skipped);
}

/// The Attic, a program that watches one of its hats, and a stopped clock.
struct House {
    web: Arc<ScriptedTransport>,
    clock: Arc<ManualClock>,
    app: App,
    editions: Vec<Value>,
    news: u64,
}

impl House {
    fn new() -> Self {
        let config = read(CONFIG);
        let (web, clock) = (Arc::new(ScriptedTransport::new()), Arc::new(ManualClock::at_text("2026-06-01T12:00:00Z")));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let watched = "packages = [\"pkg:attic/Hat\"]";
        let parts = Parts {
            store: Arc::new(Store::in_memory().unwrap()),
            watchlist: Watchlist::parse(watched, Path::new("watchlist.toml")).unwrap(),
            http: client_over(&config, Arc::clone(&web) as _, Arc::clone(&shared)).unwrap(),
            verifier: Verifier::new(&TrustMaterial::embedded()),
            clock: shared,
            progress: Arc::new(NoProgress),
        };
        Self { web, clock, app: assemble(&config, parts).unwrap(), editions: Vec::new(), news: 0 }
    }

    fn publish(&mut self, edition: &str, at: DateTime<Utc>, by: &str, method: &str) {
        let sha256 = format!("{:064}", self.editions.len());
        self.editions.push(json!({"edition": edition, "at": at, "by": by, "method": method, "sha256": sha256}));
    }

    /// Runs a pass in which the Attic announces these editions.
    async fn tells(&mut self, editions: &[&str]) {
        let since = if self.news == 0 { "latest".to_owned() } else { self.news.to_string() };
        self.news += 1;
        let boxes: Vec<_> = editions.iter().map(|edition| ["hat", *edition]).collect();
        let news = json!({"last": self.news, "boxes": boxes});
        self.web.answer(&format!("shelves.example/attic/news/{since}"), 200, &[], news.to_string());
        self.web.answer("shelves.example/attic/boxes/hat", 200, &[], json!(self.editions).to_string());
        self.web.answer("hooks.example/all", 200, &[], "");
        let summary = self.as_time_passes(self.app.pass()).await.unwrap();
        assert_eq!(summary.failed_sources, []);
    }

    async fn as_time_passes<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        for _ in 0..1000 {
            for _ in 0..40 {
                if let Poll::Ready(done) = futures::poll!(work.as_mut()) {
                    return done;
                }
                tokio::task::yield_now().await;
            }
            self.clock.advance(Duration::from_secs(1));
        }
        panic!("the work never ends");
    }

    fn store(&self) -> &Store {
        &self.app.store
    }

    fn alerts(&self) -> Vec<Alert> {
        let mut alerts = self.store().alerts(&AlertFilter::default()).unwrap();
        alerts.retain(|alert| alert.kind == AlertKind::Release);
        alerts
    }
}

#[tokio::test]
async fn a_takeover_in_it_is_told() {
    let _listed = Listed::here();
    let mut house = House::new();
    let now = house.clock.now();
    for day in 0..8 {
        house.publish(&format!("e{}", 10 + day), now - TimeDelta::days(80 - 8 * day), "ada", "trusted_publisher");
    }
    house.tells(&[]).await;
    let release = |edition: &str| {
        let id = format!("pkg:attic/hat@{edition}").parse().unwrap();
        house.store().release(&id).unwrap().unwrap_or_else(|| panic!("{edition} is not stored"))
    };
    assert_eq!((release("e17").outcome, release("e17").line.as_str()), (Outcome::Learned, "1"), "its line rule");
    let baseline = house.store().baseline(&"pkg:attic/hat".parse().unwrap()).unwrap().baseline;
    assert_eq!(baseline.lines.values().next().unwrap().highest.as_deref(), Some("e17"), "its version scheme");

    house.publish("e18", now, "ada", "trusted_publisher");
    house.tells(&["e18"]).await;
    let row = house.store().release(&"pkg:attic/hat@e18".parse().unwrap()).unwrap().unwrap();
    assert_eq!((row.outcome, row.unchecked), (Outcome::Clean, Vec::new()), "what it never tells is not missed");
    assert_eq!(house.alerts(), []);

    house.publish("e19", now, "mallory", "token");
    house.tells(&["e19"]).await;
    let alerts = house.alerts();
    let [alert] = &alerts[..] else { panic!("{alerts:?}") };
    assert_eq!(alert.purl.as_ref().unwrap().to_string(), "pkg:attic/hat@e19");
    let detectors: Vec<_> = alert.signals.iter().map(|signal| &*signal.detector).collect();
    assert!(detectors.contains(&"evidence-downgrade"), "its evidence ranks: {detectors:?}");
    assert_eq!(alert.links.registry.as_deref(), Some("https://shelves.example/attic/look/hat/e19"), "its page");
    let told = house.web.requests();
    let told = told.iter().filter(|request| request.url.as_str() == "https://hooks.example/all").count();
    assert_eq!(told, 1, "one delivery");
    assert_eq!(house.store().cursor("attic-news").unwrap().as_deref(), Some("3"));
}

#[tokio::test]
async fn it_is_called_by_its_title() {
    let _listed = Listed::here();
    let house = House::new();
    house.web.fail("news/latest", "no route");
    let summary = house.as_time_passes(house.app.pass()).await.unwrap();
    let [(feed, why)] = &summary.failed_sources[..] else { panic!("{summary:?}") };
    assert!(*feed == "attic-news" && why.starts_with("asking the Attic"), "{feed}: {why}");
    assert_eq!(ATTIC.never_told().collect::<Vec<_>>(), [Aspect::Attestation, Aspect::Signature, Aspect::Owners]);
    assert_eq!("attic".parse(), Ok(ATTIC));
    assert!(Ecosystem::all().any(|ecosystem| ecosystem == ATTIC));
}

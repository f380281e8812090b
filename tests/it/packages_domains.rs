//! Tests of a pipeline that asks RDAP about maintainers' e-mail domains before it judges.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use futures::{FutureExt, future::BoxFuture};
use lab::{World, rig::*};
use provwatch::{
    app::{App, Parts, assemble, client_over},
    clock::{Clock, ManualClock},
    http::{Request, Response, Transport, TransportError},
    model::{Alert, AlertKind, Fact, Severity},
    progress::NoProgress,
    store::{AlertFilter, Store},
};
use serde_json::json;

/// The registries of the world, and beside them the list of RDAP servers and that of `.org`.
#[derive(Clone, Debug)]
struct Network {
    world: World,
    /// Whether `example.org` is registered.
    is_registered: Arc<AtomicBool>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Network {
    fn rdap(&self, path: &str) -> Response {
        self.asked.lock().unwrap().push(path.to_owned());
        let (status, body) = match path {
            "/dns.json" => (200, json!({"services": [[["org"], ["https://rdap.example/"]]]})),
            "/help" => (200, json!({"rdapConformance": ["rdap_level_0"]})),
            "/domain/example.org" if self.is_registered.load(SeqCst) => (200, json!({"objectClassName": "domain"})),
            _ => (404, json!({"errorCode": 404})),
        };
        Response { status, headers: Vec::new(), body: body.to_string().into() }
    }
}

impl Transport for Network {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        match request.url.host_str() {
            Some("iana.example" | "rdap.example") => async { Ok(self.rdap(request.url.path())) }.boxed(),
            _ => self.world.exchange(request),
        }
    }
}

struct Town {
    network: Network,
    clock: Arc<ManualClock>,
    app: App,
    _folder: tempfile::TempDir,
}

impl Town {
    /// A package with a year of releases by an account whose address is at `example.org`.
    async fn settled(rdap: &str) -> Self {
        let network = Network { world: World::new(), is_registered: Arc::default(), asked: Arc::default() };
        let clock = Arc::new(ManualClock::at_text(START));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let folder = folder();
        let config = config(&format!("{CONFIG}\n[rdap]\n{rdap}\n"));
        let parts = Parts {
            store: Arc::new(Store::open(&folder.path().join("provwatch.db")).unwrap()),
            watchlist: watchlist("packages = [\"pkg:npm/widget\"]"),
            http: client_over(&config, Arc::new(network.clone()), Arc::clone(&shared)).unwrap(),
            verifier: verifier(network.world.lab()),
            clock: shared,
            progress: Arc::new(NoProgress),
        };
        let town = Self { app: assemble(&config, parts).unwrap(), network, clock, _folder: folder };
        for number in 0..12 {
            let at = town.clock.now() - chrono::TimeDelta::days(30 * (12 - number));
            town.network.world.publish_npm("widget", &format!("1.0.{number}"), &by_ada().at(at));
        }
        town.app.pass().await.unwrap();
        assert_eq!(town.asked(), [] as [&str; 0], "nothing is asked about history");
        town
    }

    async fn publish(&self, version: &str) {
        self.network.world.publish_npm("widget", version, &by_ada().at(self.clock.now()));
        self.app.pass().await.unwrap();
        self.clock.advance(std::time::Duration::from_hours(24));
    }

    fn asked(&self) -> Vec<String> {
        self.network.asked.lock().unwrap().clone()
    }

    fn alerts(&self) -> Vec<Alert> {
        let mut alerts = self.app.store.alerts(&AlertFilter::default()).unwrap();
        alerts.retain(|alert| alert.kind == AlertKind::Release && alert.repeats.is_none());
        alerts
    }
}

const ON: &str = "enabled = true\nbootstrap = \"https://iana.example/dns.json\"";

#[tokio::test]
async fn a_lapsed_domain_is_one_alert() {
    let town = Town::settled(ON).await;
    town.publish("1.1.0").await;
    town.publish("1.1.1").await;
    let [alert] = town.alerts().try_into().unwrap();
    assert_eq!(alert.severity, Severity::Medium);
    assert_eq!(alert.signals[0].detector, "maintainer-domain-lapsed");
    assert_eq!(alert.signals[0].seen, "example.org of ada: free to register");
    assert_eq!(alert.repeated.map(|repeated| repeated.count), Some(1), "the second release is counted by it");
}

#[tokio::test]
async fn a_registered_domain_is_asked_about_once_a_week() {
    let town = Town::settled(ON).await;
    town.network.is_registered.store(true, SeqCst);
    for patch in 0..5 {
        town.publish(&format!("1.1.{patch}")).await;
    }
    assert_eq!(town.alerts(), []);
    let asked = town.asked().into_iter().filter(|path| path == "/domain/example.org").count();
    assert_eq!(asked, 1);
    let release = "pkg:npm/widget@1.1.0".parse().unwrap();
    let row = town.app.store.release(&release).unwrap().unwrap();
    let facts = row.observation.unwrap().facts;
    assert!(row.in_baseline && facts.email_domains.unwrap()["example.org"].registered == Some(true));
    assert_eq!(facts.unknown.unwrap_or_default().remove(&Fact::EmailDomains), None);
}

#[tokio::test]
async fn nothing_is_asked_unless_it_is_switched_on() {
    let town = Town::settled("").await;
    town.publish("1.1.0").await;
    assert_eq!((town.alerts(), town.asked()), (vec![], vec![]));
}

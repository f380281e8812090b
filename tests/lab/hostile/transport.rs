//! A transport between provwatch and the simulated registries that delays, corrupts or drops answers.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use provwatch::{
    http::{Policy, Request, Response, Transport, TransportError},
    model::{Ecosystem, Package},
};
use serde_json::Value;

use super::WeekClock;
use crate::lab::World;

/// What misbehaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The feed of a registry.
    Feed(Ecosystem),
    /// Everything of a registry but its feed.
    Host(Ecosystem),
    /// What a registry says of a package.
    Document(Package),
    /// What else it has to say: PyPI's project JSON, the owners at crates.io.
    Beside(Package),
    /// Its attestations.
    Evidence(Package),
    /// A receiver of alerts.
    Receiver(&'static str),
}

/// How.
#[derive(Clone)]
pub enum How {
    /// Another status, perhaps with a `Retry-After` in seconds.
    Status(u16, Option<u32>),
    /// Another body, with status 200.
    Body(&'static str),
    /// The first half of the body.
    Half,
    /// The connection is reset.
    Reset,
    /// Nothing comes until the client loses its patience.
    Hang,
    /// A byte a second comes, until the client loses its patience.
    Drip,
    /// The true answer, so much later.
    Late(Duration),
    /// What was answered before, by host.
    Frozen(Arc<BTreeMap<&'static str, Response>>),
    /// The true document, changed.
    Changed(Arc<dyn Fn(&mut Value) + Send + Sync>),
    /// The true text, changed.
    Rewritten(Arc<dyn Fn(String) -> String + Send + Sync>),
}

impl How {
    /// What the world says of a package now.
    pub fn frozen(world: &World, package: &Package) -> Self {
        let name = package.name();
        let urls = match package.ecosystem() {
            Ecosystem::NPM => vec![("npm.example", format!("/{name}"))],
            Ecosystem::PYPI => vec![("pypi.example", format!("/simple/{name}/"))],
            _ => vec![
                ("index.example", format!("/{name}")),
                ("crates.example", format!("/api/v1/crates/{name}/versions")),
            ],
        };
        let answers = urls.into_iter().map(|(host, path)| (host, world.respond(host, &path, &[], &[]).unwrap()));
        Self::Frozen(Arc::new(answers.collect()))
    }

    pub fn changed(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        Self::Changed(Arc::new(change))
    }

    pub fn rewritten(change: impl Fn(String) -> String + Send + Sync + 'static) -> Self {
        Self::Rewritten(Arc::new(change))
    }
}

/// Something that a receiver took.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub at: DateTime<Utc>,
    pub receiver: String,
    pub alert: Value,
}

struct Shown {
    package: Package,
    version: String,
    at: Option<DateTime<Utc>>,
}

struct Rule {
    place: Place,
    how: How,
    /// Whether it stays when everything else is mended.
    lasts: bool,
}

/// The world, with whatever misbehaves in it.
pub struct Hostile {
    pub world: World,
    clock: Arc<WeekClock>,
    rules: Mutex<Vec<Rule>>,
    receipts: Mutex<Vec<Receipt>>,
    /// Versions, and when a registry first answered with them.
    shown: Mutex<Vec<Shown>>,
}

impl std::fmt::Debug for Hostile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hostile")
    }
}

impl Hostile {
    pub fn new(world: World, clock: Arc<WeekClock>) -> Self {
        Self { world, clock, rules: Mutex::default(), receipts: Mutex::default(), shown: Mutex::default() }
    }

    /// This is how a place answers until everything is mended.
    pub fn misbehave(&self, place: Place, how: How) {
        self.rules.lock().unwrap().push(Rule { place, how, lasts: false });
    }

    /// This is how a place answers from now on.
    pub fn change(&self, place: Place, how: How) {
        self.rules.lock().unwrap().push(Rule { place, how, lasts: true });
    }

    /// Everything answers again.
    pub fn mend(&self) {
        self.rules.lock().unwrap().retain(|rule| rule.lasts);
    }

    /// Whether a place misbehaves now.
    pub fn is_misbehaving(&self, place: &Place) -> bool {
        self.rules.lock().unwrap().iter().any(|rule| rule.place == *place)
    }

    /// Notes when a registry first answers with this version of a package.
    pub fn watch_for(&self, package: &Package, version: &str) {
        self.shown.lock().unwrap().push(Shown { package: package.clone(), version: version.to_owned(), at: None });
    }

    pub fn shown(&self, package: &Package, version: &str) -> Option<DateTime<Utc>> {
        let shown = self.shown.lock().unwrap();
        shown.iter().find(|one| one.package == *package && one.version == version).and_then(|one| one.at)
    }

    /// What receivers took so far.
    pub fn receipts(&self) -> MutexGuard<'_, Vec<Receipt>> {
        self.receipts.lock().unwrap()
    }

    /// How a place answers, and whether that is nothing that will be mended.
    fn rules_for(&self, host: &str, path: &str) -> (Vec<How>, bool) {
        let rules = self.rules.lock().unwrap();
        let here: Vec<&Rule> = rules.iter().filter(|rule| rule.place.is(host, path)).collect();
        (here.iter().map(|rule| rule.how.clone()).collect(), here.iter().all(|rule| rule.lasts))
    }

    async fn answer(&self, request: &Request) -> Result<Response, TransportError> {
        let host = request.url.host_str().unwrap_or_default();
        let path = request.url.path().to_owned();
        let (rules, is_whole) = self.rules_for(host, &path);
        for how in &rules {
            if let Some(early) = self.delay(how).await {
                return early;
            }
        }
        let mut answer = self.true_answer(request, !rules.is_empty()).await?;
        for how in &rules {
            how.change(host, &mut answer);
        }
        answer.headers.push(("date".to_owned(), self.clock.true_now().format("%a, %d %b %Y %T GMT").to_string()));
        if is_whole || host == "hooks.example" {
            self.note(host, &path, request, &answer);
        }
        Ok(answer)
    }

    /// What comes before an answer, or in its place.
    async fn delay(&self, how: &How) -> Option<Result<Response, TransportError>> {
        let late = |duration| self.clock.wait(chrono::TimeDelta::from_std(duration).unwrap());
        let failed = |why: &str| Some(Err(TransportError::Failed(why.to_owned())));
        match how {
            How::Reset => failed("connection reset by peer"),
            How::Hang => {
                late(Policy::default().read_timeout).await;
                failed("no answer in time")
            }
            How::Drip => {
                late(Duration::from_mins(1)).await;
                failed("the answer took too long")
            }
            How::Late(by) => {
                late(*by).await;
                None
            }
            How::Status(status, wait) => {
                let headers = wait.map(|wait| ("retry-after".to_owned(), wait.to_string())).into_iter().collect();
                Some(Ok(Response { status: *status, headers, body: "{}".into() }))
            }
            _ => None,
        }
    }

    /// A condition is about the true document, so it is left out where another one is served.
    async fn true_answer(&self, request: &Request, changed: bool) -> Result<Response, TransportError> {
        let mut request = request.clone();
        if changed {
            request.validators = None;
            request.headers.retain(|(name, _)| name != "if-none-match");
        }
        let mut answer = self.world.exchange(&request).await?;
        if changed {
            answer.headers.retain(|(name, _)| name != "etag");
        }
        Ok(answer)
    }

    fn note(&self, host: &str, path: &str, request: &Request, answer: &Response) {
        let at = self.clock.true_now();
        if host == "hooks.example" && answer.status == 200 {
            let body: Value = serde_json::from_slice(request.body.as_deref().unwrap_or_default()).unwrap();
            let receiver = path.trim_start_matches('/').to_owned();
            self.receipts.lock().unwrap().push(Receipt { at, receiver, alert: body["data"].clone() });
            return;
        }
        let mut shown = self.shown.lock().unwrap();
        for one in shown.iter_mut().filter(|one| one.at.is_none()) {
            let quoted = format!("\"{}\"", one.version);
            let is_there = || String::from_utf8_lossy(&answer.body).contains(&quoted);
            if Place::Document(one.package.clone()).is(host, path) && is_there() {
                one.at = Some(at);
            }
        }
    }
}

impl Transport for Hostile {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        Box::pin(self.answer(request))
    }
}

impl How {
    fn change(&self, host: &str, answer: &mut Response) {
        match self {
            Self::Body(body) => answer.body = (*body).into(),
            Self::Half => answer.body = answer.body.slice(..answer.body.len() / 2),
            Self::Frozen(answers) => {
                if let Some(before) = answers.get(host) {
                    *answer = before.clone();
                }
            }
            Self::Changed(change) => {
                let Ok(mut document) = serde_json::from_slice(&answer.body) else { return };
                change(&mut document);
                answer.body = document.to_string().into();
            }
            Self::Rewritten(change) => {
                answer.body = change(String::from_utf8_lossy(&answer.body).into_owned()).into();
            }
            _ => {}
        }
    }
}

impl Place {
    fn is(&self, host: &str, path: &str) -> bool {
        match self {
            Self::Feed(Ecosystem::NPM) => host == "replicate.example",
            Self::Feed(Ecosystem::PYPI) => host == "pypi.example" && path == "/pypi",
            Self::Feed(_) => host == "static.example",
            Self::Host(Ecosystem::NPM) => host == "npm.example",
            Self::Host(Ecosystem::PYPI) => host == "pypi.example" && path != "/pypi",
            Self::Host(_) => ["crates.example", "index.example"].contains(&host),
            Self::Document(package) => {
                let (name, path) = (package.name(), path.trim_end_matches('/'));
                match package.ecosystem() {
                    Ecosystem::NPM => host == "npm.example" && path == format!("/{name}"),
                    Ecosystem::PYPI => host == "pypi.example" && path == format!("/simple/{name}"),
                    _ => {
                        (host == "index.example" && path.ends_with(&format!("/{name}")))
                            || path.ends_with(&format!("/{name}/versions"))
                    }
                }
            }
            Self::Beside(package) => {
                let name = package.name();
                path.ends_with(&format!("/pypi/{name}/json")) || path.ends_with(&format!("/crates/{name}/owners"))
            }
            Self::Evidence(package) => {
                let name = package.name();
                path.contains(&format!("/attestations/{name}@")) || path.contains(&format!("/integrity/{name}/"))
            }
            Self::Receiver(name) => host == "hooks.example" && path == format!("/{name}"),
        }
    }
}

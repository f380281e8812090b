//! Simulates registries on `npm.example`, `replicate.example`, `pypi.example`, `crates.example`, `index.example` and
//! `static.example`, and a receiver of alerts on `hooks.example`. They answer requests as the real ones do, in memory
//! ([`Transport`]) or over a socket (`super::server`), and misbehave on demand.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use provwatch::{
    clock::{Clock, ManualClock},
    http::{Request, Response, Transport, TransportError},
};
use serde_json::Value;

use super::{Breakage, Lab, Workflow, crates::CratesWorld, npm::NpmWorld, pypi::PypiWorld};

/// How something is published.
#[derive(Clone, Debug)]
pub struct Publication {
    pub at: DateTime<Utc>,
    pub by: By,
    pub broken: Option<Breakage>,
    pub install_script: Option<String>,
    pub dependencies: Vec<(String, String)>,
    /// The content of its files, by the end of their names; others hold a text of their own.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Who publishes, and with what.
#[derive(Clone, Debug)]
pub enum By {
    /// A person with a token.
    Token { name: String, email: String },
    /// A workflow with a token that attests provenance.
    TokenWithProvenance { name: String, email: String, workflow: Box<Workflow> },
    /// A trusted publisher.
    Workflow(Box<Workflow>),
}

impl Publication {
    pub fn workflow(at: &str, workflow: &Workflow) -> Self {
        Self::by(at, By::Workflow(Box::new(workflow.clone())))
    }

    pub fn token(at: &str, name: &str, email: &str) -> Self {
        Self::by(at, By::Token { name: name.to_owned(), email: email.to_owned() })
    }

    fn by(at: &str, by: By) -> Self {
        let at = at.parse().unwrap();
        Self { at, by, broken: None, install_script: None, dependencies: Vec::new(), files: Vec::new() }
    }

    #[must_use]
    pub fn broken(mut self, broken: Breakage) -> Self {
        self.broken = Some(broken);
        self
    }

    #[must_use]
    pub fn install_script(mut self, script: &str) -> Self {
        self.install_script = Some(script.to_owned());
        self
    }

    /// With this content of the files whose names end so.
    #[must_use]
    pub fn holding(mut self, ending: &str, content: Vec<u8>) -> Self {
        self.files.push((ending.to_owned(), content));
        self
    }

    /// The content of a file, if it has one of its own.
    pub fn content(&self, file: &str) -> Option<Vec<u8>> {
        self.files.iter().find(|(ending, _)| file.ends_with(ending)).map(|(_, content)| content.clone())
    }

    #[must_use]
    pub fn at(mut self, at: DateTime<Utc>) -> Self {
        self.at = at;
        self
    }

    pub fn attesting(&self) -> Option<&Workflow> {
        match &self.by {
            By::Workflow(workflow) | By::TokenWithProvenance { workflow, .. } => Some(workflow),
            By::Token { .. } => None,
        }
    }
}

/// What may go wrong with an answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Another status, with headers.
    Status(u16, Vec<(String, String)>),
    /// Another body.
    Body(Vec<u8>),
    /// The true body, changed.
    Changed(fn(&[u8]) -> Vec<u8>),
    /// No answer.
    Reset,
    /// A connection on which nothing ever comes.
    Hang,
    /// The true answer, so long after the question.
    Late(Arc<ManualClock>, Duration),
    /// A firewall that answers 403 to what contains this text.
    Firewall(&'static str),
}

/// The registries.
#[derive(Clone)]
pub struct World(Arc<Inner>);

struct Inner {
    lab: Lab,
    npm: Mutex<NpmWorld>,
    pypi: Mutex<PypiWorld>,
    crates: Mutex<CratesWorld>,
    acme: Acme,
    /// Hosts that want to know who asks, and what they want to hear.
    doors: Mutex<BTreeMap<String, String>>,
    /// What each host was told of who asks.
    heard: Mutex<Vec<(String, Option<String>)>>,
    faults: Mutex<VecDeque<(String, Fault)>>,
    outages: Mutex<Vec<(String, Fault)>>,
    requests: Mutex<Vec<String>>,
    /// The places of those that were answered whole.
    whole: Mutex<Vec<usize>>,
    received: Mutex<Vec<(String, Value)>>,
    published: Mutex<BTreeMap<String, Vec<Publication>>>,
    dates: Mutex<BTreeMap<String, DateTime<Utc>>>,
    constant_tags: Mutex<Vec<String>>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

/// The registries of a company, on `npm.acme.example`, `pypi.acme.example` and `cargo.acme.example`.
#[derive(Default)]
struct Acme {
    npm: Mutex<NpmWorld>,
    pypi: Mutex<PypiWorld>,
    crates: Mutex<CratesWorld>,
}

impl World {
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            lab: Lab::new(),
            npm: Mutex::default(),
            pypi: Mutex::default(),
            crates: Mutex::default(),
            acme: Acme::default(),
            doors: Mutex::default(),
            heard: Mutex::default(),
            faults: Mutex::default(),
            outages: Mutex::default(),
            requests: Mutex::default(),
            whole: Mutex::default(),
            received: Mutex::default(),
            published: Mutex::default(),
            dates: Mutex::default(),
            constant_tags: Mutex::default(),
        }))
    }

    pub fn lab(&self) -> &Lab {
        &self.0.lab
    }

    pub fn publish_npm(&self, name: &str, version: &str, publication: &Publication) {
        self.note(&format!("pkg:npm/{}@{version}", name.replacen('@', "%40", 1)), publication);
        self.npm().publish(&self.0.lab, name, version, publication);
    }

    pub fn unpublish_npm(&self, name: &str, version: &str) {
        self.npm().unpublish(name, version);
    }

    /// Moves a dist-tag of a package of npm.
    pub fn tag_npm(&self, name: &str, tag: &str, version: &str) {
        self.npm().tag(name, tag, version);
    }

    pub fn publish_pypi(&self, name: &str, version: &str, publication: &Publication) {
        self.note(&format!("pkg:pypi/{name}@{version}"), publication);
        self.pypi().publish(&self.0.lab, name, version, publication);
    }

    /// One more file of a release, new or not.
    pub fn upload_pypi(&self, name: &str, version: &str, file: &str, publication: &Publication) {
        self.note(&format!("pkg:pypi/{name}@{version}"), publication);
        self.pypi().upload(&self.0.lab, name, version, file, publication);
    }

    pub fn publish_crate(&self, name: &str, version: &str, publication: &Publication) {
        self.note(&format!("pkg:cargo/{name}@{version}"), publication);
        self.crates().publish(name, version, publication);
    }

    /// Publishes in the company's registry of a type.
    pub fn publish_acme(&self, kind: &str, name: &str, version: &str, publication: &Publication) {
        match kind {
            "npm" => self.0.acme.npm.lock().unwrap().publish(&self.0.lab, name, version, publication),
            "pypi" => self.0.acme.pypi.lock().unwrap().publish(&self.0.lab, name, version, publication),
            _ => self.0.acme.crates.lock().unwrap().publish(name, version, publication),
        }
    }

    /// A host lets in only who says this.
    pub fn lock_door(&self, host: &str, authorization: &str) {
        self.0.doors.lock().unwrap().insert(host.to_owned(), authorization.to_owned());
    }

    /// What was said to whom of who asks, in order.
    pub fn heard(&self) -> Vec<(String, Option<String>)> {
        self.0.heard.lock().unwrap().clone()
    }

    fn note(&self, purl: &str, publication: &Publication) {
        self.0.published.lock().unwrap().entry(purl.to_owned()).or_default().push(publication.clone());
    }

    /// Everything that was ever published, by purl: what a perfect observer would know.
    pub fn published(&self) -> BTreeMap<String, Vec<Publication>> {
        self.0.published.lock().unwrap().clone()
    }

    pub fn pypi_role(&self, name: &str, action: &str, at: &str) {
        self.0.pypi.lock().unwrap().governance(name, action, at.parse().unwrap());
    }

    pub fn npm(&self) -> std::sync::MutexGuard<'_, NpmWorld> {
        self.0.npm.lock().unwrap()
    }

    pub fn pypi(&self) -> std::sync::MutexGuard<'_, PypiWorld> {
        self.0.pypi.lock().unwrap()
    }

    pub fn crates(&self) -> std::sync::MutexGuard<'_, CratesWorld> {
        self.0.crates.lock().unwrap()
    }

    /// What the receiver of alerts took, each with the path it was sent to.
    pub fn received(&self) -> Vec<(String, Value)> {
        self.0.received.lock().unwrap().clone()
    }

    /// Every answer to a URL that contains `part` goes wrong until it is mended.
    pub fn break_down(&self, part: &str, fault: Fault) {
        self.0.outages.lock().unwrap().push((part.to_owned(), fault));
    }

    pub fn mend(&self, part: &str) {
        self.0.outages.lock().unwrap().retain(|(broken, _)| broken != part);
    }

    /// The next answer to a URL that contains `part` goes wrong.
    pub fn fail_once(&self, part: &str, fault: Fault) {
        self.0.faults.lock().unwrap().push_back((part.to_owned(), fault));
    }

    /// The answers of a host have this `Date` from now on.
    pub fn tell_time(&self, host: &str, at: DateTime<Utc>) {
        self.0.dates.lock().unwrap().insert(host.to_owned(), at);
    }

    /// The answers of a host have the same `ETag` for ever.
    pub fn keep_etag(&self, host: &str) {
        self.0.constant_tags.lock().unwrap().push(host.to_owned());
    }

    /// The URLs that were asked for.
    pub fn requests(&self) -> Vec<String> {
        self.0.requests.lock().unwrap().clone()
    }

    /// How many of the requests about packages from `first` on were answered whole.
    pub fn answered_in_full(&self, first: usize) -> usize {
        let requests = self.0.requests.lock().unwrap();
        let is_of_package = |place: &&usize| requests[**place].contains("many-");
        self.0.whole.lock().unwrap().iter().filter(|place| **place >= first).filter(is_of_package).count()
    }

    /// Answers one request.
    pub fn respond(&self, host: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Option<Response> {
        self.0.requests.lock().unwrap().push(format!("{host}{path}"));
        let said = headers.iter().find(|(name, _)| name == "authorization").map(|(_, value)| value.clone());
        self.0.heard.lock().unwrap().push((host.to_owned(), said.clone()));
        let wanted = self.0.doors.lock().unwrap().get(host).cloned();
        if wanted.is_some() && wanted != said {
            return Some(Response { status: 401, headers: Vec::new(), body: "{}".into() });
        }
        // A "#" at its end tells a URL from those that begin with it.
        let fault = self.fault(&format!("{host}{path}#"));
        match &fault {
            Some(Fault::Reset | Fault::Hang) => return None,
            Some(Fault::Status(status, headers)) => {
                return Some(Response { status: *status, headers: headers.clone(), body: "{}".into() });
            }
            Some(Fault::Body(body)) => {
                return Some(Response { status: 200, headers: Vec::new(), body: body.clone().into() });
            }
            Some(Fault::Firewall(text)) if String::from_utf8_lossy(body).contains(text) => {
                return Some(Response { status: 403, headers: Vec::new(), body: "<html>\nForbidden".into() });
            }
            Some(Fault::Changed(_) | Fault::Firewall(_) | Fault::Late(..)) | None => {}
        }
        let answer = match host {
            "npm.example" => self.0.npm.lock().unwrap().registry(path),
            "replicate.example" => self.0.npm.lock().unwrap().replicate(path),
            "pypi.example" => self.0.pypi.lock().unwrap().answer(path, body),
            "crates.example" => self.0.crates.lock().unwrap().api(path),
            "index.example" => self.0.crates.lock().unwrap().index(path),
            "static.example" => self.0.crates.lock().unwrap().feed(path),
            "npm.acme.example" => self.0.acme.npm.lock().unwrap().registry(path),
            "pypi.acme.example" => self.0.acme.pypi.lock().unwrap().answer(path, body),
            "cargo.acme.example" => self.0.acme.crates.lock().unwrap().index(path),
            "hooks.example" => {
                self.receive(path, body);
                Some(("text/plain", Vec::new(), Vec::new()))
            }
            _ => None,
        };
        let answer = match fault {
            Some(Fault::Changed(change)) => answer.map(|(kind, extra, body)| (kind, extra, change(&body))),
            _ => answer,
        };
        let is_constant = self.0.constant_tags.lock().unwrap().iter().any(|constant| constant == host);
        let place = self.0.requests.lock().unwrap().len() - 1;
        let mut response = conditional(answer, headers, is_constant.then_some("\"constant\""));
        if response.status == 200 {
            self.0.whole.lock().unwrap().push(place);
        }
        if let Some(at) = self.0.dates.lock().unwrap().get(host) {
            response.headers.push(("date".to_owned(), at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()));
        }
        Some(response)
    }

    /// Whether nothing ever comes of a request, which is noted.
    fn hangs(&self, url: &str) -> bool {
        let outages = self.0.outages.lock().unwrap();
        let hangs = |(part, fault): &(String, Fault)| matches!(fault, Fault::Hang) && format!("{url}#").contains(part);
        let found = outages.iter().any(hangs);
        if found {
            self.0.requests.lock().unwrap().push(url.to_owned());
        }
        found
    }

    /// How late a request is answered.
    fn lateness(&self, url: &str) -> Option<(Arc<ManualClock>, Duration)> {
        let outages = self.0.outages.lock().unwrap();
        let (_, fault) = outages.iter().find(|(part, _)| format!("{url}#").contains(part))?;
        if let Fault::Late(clock, time) = fault { Some((Arc::clone(clock), *time)) } else { None }
    }

    fn receive(&self, path: &str, body: &[u8]) {
        self.0.received.lock().unwrap().push((path.to_owned(), serde_json::from_slice(body).unwrap()));
    }

    fn fault(&self, url: &str) -> Option<Fault> {
        let mut faults = self.0.faults.lock().unwrap();
        if let Some(place) = faults.iter().position(|(part, _)| url.contains(part.as_str())) {
            return faults.remove(place).map(|(_, fault)| fault);
        }
        let outages = self.0.outages.lock().unwrap();
        outages.iter().find(|(part, _)| url.contains(part.as_str())).map(|(_, fault)| fault.clone())
    }
}

/// An answer's content type, extra headers and body.
pub type Answer = Option<(&'static str, Vec<(String, String)>, Vec<u8>)>;

/// Adds an `ETag`, and answers 304 where the client has this version.
fn conditional(answer: Answer, headers: &[(String, String)], constant: Option<&str>) -> Response {
    let Some((content_type, mut extra, body)) = answer else {
        return Response { status: 404, headers: Vec::new(), body: r#"{"error":"Not found"}"#.into() };
    };
    let etag = constant.map(str::to_owned);
    let etag = etag.unwrap_or_else(|| format!("\"{}\"", &hex::encode(super::keys::sha256(&body))[..20]));
    let known = headers.iter().any(|(name, value)| name == "if-none-match" && *value == etag);
    extra.push(("content-type".to_owned(), content_type.to_owned()));
    extra.push(("etag".to_owned(), etag));
    if known {
        Response { status: 304, headers: extra, body: Vec::new().into() }
    } else {
        Response { status: 200, headers: extra, body: body.into() }
    }
}

impl Transport for World {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        let mut headers = request.headers.clone();
        if let Some(etag) = request.validators.as_ref().and_then(|validators| validators.etag.clone()) {
            headers.push(("if-none-match".to_owned(), etag));
        }
        let path = match request.url.query() {
            Some(query) => format!("{}?{query}", request.url.path()),
            None => request.url.path().to_owned(),
        };
        let body = request.body.clone().unwrap_or_default();
        let host = request.url.host_str().unwrap_or_default();
        if self.hangs(&format!("{host}{path}")) {
            return Box::pin(std::future::pending());
        }
        let late = self.lateness(&format!("{host}{path}"));
        let answer = self.respond(host, &path, &headers, &body);
        let limit = request.max_body;
        Box::pin(async move {
            if let Some((clock, time)) = late {
                clock.timer(time).await;
            }
            let answer = answer.ok_or_else(|| TransportError::Failed("connection reset by peer".to_owned()))?;
            if answer.body.len() as u64 > limit { Err(TransportError::TooLarge { limit }) } else { Ok(answer) }
        })
    }
}

//! Asks RDAP servers whether domains are registered, within limits, and keeps the answers.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::sync::Mutex;
use url::Url;

use super::{
    answer::{self, Answer},
    bootstrap::Servers,
};
use crate::{
    clock::{Clock, past},
    http::{Client, Fetched, HostLimits, HttpError, Request, Response},
    text::with_causes,
};

/// IANA's bootstrap file for domains (RFC 9224).
pub const PUBLIC_BOOTSTRAP: &str = "https://data.iana.org/rdap/dns.json";

/// How much one server is asked, where the operator has set no limits for it: a question every two seconds, after a rest
/// twenty at once.
pub const LIMITS: HostLimits = HostLimits { requests: 30, per: Duration::from_mins(1), burst: 20, concurrency: 2 };

/// Most bytes of the bootstrap file, which has about 60,000.
const MAX_BOOTSTRAP: u64 = 1024 * 1024;
/// Most bytes of an answer.
const MAX_ANSWER: u64 = 64 * 1024;
/// Redirects that one question follows, all within one server.
const MAX_REDIRECTS: usize = 2;
/// The media type of RDAP (RFC 7480).
const RDAP_JSON: &str = "application/rdap+json, application/json";

/// For how long the bootstrap file is used without another request.
const BOOTSTRAP_AGE: TimeDelta = TimeDelta::days(3);
/// For how long it is used if no newer one can be fetched. Servers seldom move.
const BOOTSTRAP_OLD: TimeDelta = TimeDelta::days(30);
/// When to ask for the file again after a failure.
const BOOTSTRAP_AGAIN: TimeDelta = TimeDelta::minutes(15);
/// For how long a registered domain counts as registered.
const REGISTERED_AGE: TimeDelta = TimeDelta::days(7);
/// For how long any other answer is used: a free domain is about to be registered by its owner or by an attacker.
const OTHER_AGE: TimeDelta = TimeDelta::hours(1);
/// For how long a server that showed itself as an RDAP server counts as one.
const SERVER_AGE: TimeDelta = TimeDelta::days(1);

/// Keeps answers from one question to the next. Losing them costs requests only.
pub trait Answers: Send + Sync + fmt::Debug {
    /// The answer that is kept for a URL.
    fn kept(&self, url: &str) -> Option<String>;

    /// Keeps an answer.
    fn keep(&self, url: &str, answer: &str, at: DateTime<Utc>);
}

/// An answer with its time.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    at: DateTime<Utc>,
    value: T,
}

/// The answer of a server to one request.
enum Reply {
    Found(Bytes),
    NotFound,
    Failed(String),
}

/// The bootstrap file at work.
#[derive(Debug, Default)]
struct Bootstrap {
    servers: Option<(DateTime<Utc>, Arc<Servers>)>,
    failed: Option<(DateTime<Utc>, String)>,
}

/// Asks RDAP servers whether domains are registered.
#[derive(Debug)]
pub struct Rdap {
    http: Client,
    clock: Arc<dyn Clock>,
    answers: Arc<dyn Answers>,
    source: Url,
    bootstrap: Mutex<Bootstrap>,
}

impl Rdap {
    /// Asks through this client the servers of this bootstrap file.
    pub fn new(http: &Client, clock: Arc<dyn Clock>, answers: Arc<dyn Answers>, source: Url) -> Self {
        Self { http: http.limited(LIMITS), clock, answers, source, bootstrap: Mutex::default() }
    }

    /// The number of top-level domains whose servers the bootstrap file names.
    ///
    /// # Errors
    /// The reason why it is not known.
    pub async fn top_level_domains(&self) -> Result<usize, String> {
        self.servers().await.map(|servers| servers.len())
    }

    /// Whether a domain, as [`registrable`](super::registrable) gives it, is registered.
    pub async fn ask(&self, domain: &str) -> Answer {
        let base = match self.server_of(domain).await {
            Ok(base) => base,
            Err(why) => return Answer::Unknown(why),
        };
        let Ok(url) = base.join(&format!("domain/{domain}")) else {
            return Answer::Unknown(format!("{base} cannot be asked"));
        };
        let age = |answer: &Answer| if matches!(answer, Answer::Registered(_)) { REGISTERED_AGE } else { OTHER_AGE };
        if let Some(kept) = self.kept(&url, age) {
            return kept;
        }
        let answer = match self.fetch(url.clone(), MAX_ANSWER).await {
            Reply::Found(body) => answer::read(&body, domain).map_or_else(|why| of(&url, &why), Answer::Registered),
            Reply::NotFound => self.free(&base).await,
            Reply::Failed(why) => Answer::Unknown(why),
        };
        self.keep(&url, &answer);
        answer
    }

    async fn server_of(&self, domain: &str) -> Result<Url, String> {
        let servers = self.servers().await.map_err(|why| format!("the list of RDAP servers is not known: {why}"))?;
        let top = domain.rsplit('.').next().unwrap_or_default();
        servers.of(domain).ok_or_else(|| format!("no RDAP server of .{top} is known"))
    }

    /// The answer "not found" of a server, if it is one of RDAP: a web server that has taken its place has no domain at all.
    async fn free(&self, base: &Url) -> Answer {
        if self.is_rdap(base).await {
            Answer::Free
        } else {
            of(base, "it answers \"not found\", and does not show itself as RDAP server")
        }
    }

    /// Whether a server answers to `help` as one of RDAP does.
    async fn is_rdap(&self, base: &Url) -> bool {
        let Ok(url) = base.join("help") else { return false };
        let age = |is_rdap: &bool| if *is_rdap { SERVER_AGE } else { OTHER_AGE };
        if let Some(kept) = self.kept(&url, age) {
            return kept;
        }
        let reply = self.fetch(url.clone(), MAX_ANSWER).await;
        let is_rdap = matches!(&reply, Reply::Found(body) if answer::is_of_rdap(body));
        self.keep(&url, &is_rdap);
        is_rdap
    }

    /// The servers: of a young file, of a newly fetched one, or of an old one while no other can be fetched. One caller
    /// fetches it, and the others wait for that.
    async fn servers(&self) -> Result<Arc<Servers>, String> {
        let mut bootstrap = self.bootstrap.lock().await;
        let now = self.clock.now();
        if bootstrap.servers.is_none() {
            let kept = self.read_kept::<Servers>(self.source.as_str());
            bootstrap.servers = kept.map(|kept| (kept.at, Arc::new(kept.value)));
        }
        if let Some(servers) = bootstrap.within(BOOTSTRAP_AGE, now) {
            return Ok(servers);
        }
        let why = match bootstrap.failure(now) {
            Some(why) => why,
            None => match self.fetch_servers().await {
                Ok(servers) => {
                    self.keep(&self.source, &servers);
                    let servers = Arc::new(servers);
                    *bootstrap = Bootstrap { servers: Some((now, Arc::clone(&servers))), failed: None };
                    return Ok(servers);
                }
                Err(why) => {
                    bootstrap.failed = Some((now, why.clone()));
                    why
                }
            },
        };
        bootstrap.within(BOOTSTRAP_OLD, now).ok_or(why)
    }

    async fn fetch_servers(&self) -> Result<Servers, String> {
        // Without TLS only a file on the operator's own machine is read, and that one may name such servers.
        let may_be_plain = self.source.scheme() == "http";
        match self.fetch(self.source.clone(), MAX_BOOTSTRAP).await {
            Reply::Found(body) => Servers::read(&body, may_be_plain).map_err(|why| format!("{}: {why}", self.source)),
            Reply::NotFound => Err(format!("{} is not there", self.source)),
            Reply::Failed(why) => Err(why),
        }
    }

    /// Sends one request. A redirect to another host is not the answer of the server of the top-level domain.
    async fn fetch(&self, mut url: Url, max_body: u64) -> Reply {
        for _ in 0..=MAX_REDIRECTS {
            let request = Request::get(url.clone()).accept(RDAP_JSON).max_body(max_body).max_attempts(1);
            let response = match self.http.fetch(request.takes_redirects()).await {
                Ok(Fetched::Fresh(response)) => response,
                Ok(Fetched::NotModified) => return Reply::Failed(format!("{url}: an unexpected 304")),
                Err(HttpError::Status { status: 404, .. }) => return Reply::NotFound,
                Err(error) => return Reply::Failed(with_causes(&error)),
            };
            if response.status < 300 {
                return Reply::Found(response.body);
            }
            match next(&url, &response) {
                Ok(target) => url = target,
                Err(why) => return Reply::Failed(why),
            }
        }
        Reply::Failed(format!("{url}: more than {MAX_REDIRECTS} redirects"))
    }

    fn kept<T: DeserializeOwned>(&self, url: &Url, age: impl Fn(&T) -> TimeDelta) -> Option<T> {
        let (kept, now) = (self.read_kept::<T>(url.as_str())?, self.clock.now());
        past(Some(kept.at), now).filter(|at| now - *at < age(&kept.value)).map(|_| kept.value)
    }

    fn read_kept<T: DeserializeOwned>(&self, url: &str) -> Option<Kept<T>> {
        serde_json::from_str(&self.answers.kept(url)?).ok()
    }

    fn keep<T: Serialize>(&self, url: &Url, value: &T) {
        let at = self.clock.now();
        if let Ok(text) = serde_json::to_string(&Kept { at, value }) {
            self.answers.keep(url.as_str(), &text, at);
        }
    }
}

impl Bootstrap {
    fn within(&self, age: TimeDelta, now: DateTime<Utc>) -> Option<Arc<Servers>> {
        let (at, servers) = self.servers.as_ref()?;
        past(Some(*at), now).filter(|at| now - *at < age).map(|_| Arc::clone(servers))
    }

    /// The last failure, while it is too early for another request.
    fn failure(&self, now: DateTime<Utc>) -> Option<String> {
        let (at, why) = self.failed.as_ref()?;
        past(Some(*at), now).filter(|at| now - *at < BOOTSTRAP_AGAIN).map(|_| why.clone())
    }
}

/// Where a server redirects to within itself.
fn next(url: &Url, response: &Response) -> Result<Url, String> {
    let target = response.header("location").and_then(|location| url.join(location).ok());
    let target = target.ok_or_else(|| format!("{url}: a redirect to nowhere"))?;
    if target.origin() != url.origin() {
        return Err(format!("{url}: a redirect to another host, {}", target.host_str().unwrap_or("none")));
    }
    Ok(target)
}

/// The answer of a server that says nothing.
fn of(url: &Url, why: &str) -> Answer {
    Answer::Unknown(format!("{}: {why}", url.host_str().unwrap_or("the RDAP server")))
}

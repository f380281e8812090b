//! The budget of a package's turn, in time and requests. Evidence beyond it is reported as not fetched yet, and the
//! next turn continues there.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::{Clock, past},
    http::{Allowance, Client},
    model::Provenance,
    registry::RegistryError,
    store::{Lane, Work},
    text::with_causes,
};

/// The longest pause that a turn waits for, since it keeps its slot meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most attestation documents that one turn requests. The 50 releases that an ordinary history learns from have no
/// more.
const REQUESTS: usize = 200;
/// Most of them at once.
pub const AT_ONCE: usize = 8;
/// After this many requests without a usable answer, the turn requests nothing more of a release, or of a history.
const FAILURES: usize = 8;
/// A pause of at most this length passes outside of the turn; after a longer one the evidence has its usual schedule.
const SHORT_PAUSE: Duration = Duration::from_mins(1);
/// Evidence is read for at least this long even if the package is announced again, counted from the first piece and not
/// from the document: an attacker who announces a package again and again, or serves its document slowly, must not keep
/// provwatch from reading its evidence.
const AT_LEAST: Duration = Duration::from_secs(5);
/// This many turns may end for a pause before that counts as a failure.
const PAUSED_TURNS: u32 = 8;

/// The start of the reason for evidence that was not requested.
pub const NOT_YET: &str = "not fetched yet";
/// The reason for a release that was judged before the history of its package was read.
pub const HISTORY_UNREAD: &str =
    "not compared yet with all that came before: the history of the package is still being read";

/// Whether the check of a release is not over: some of its evidence was not requested yet.
pub fn is_pending(unchecked: &[String]) -> bool {
    unchecked.iter().any(|why| why.starts_with(NOT_YET) || why == HISTORY_UNREAD)
}

/// Whether a provenance is evidence that was not requested yet.
pub fn is_not_yet(provenance: &Provenance) -> bool {
    matches!(provenance, Provenance::Unavailable { reason } if reason.starts_with(NOT_YET))
}

/// The time limits of a turn.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// For the package's document, without the waits for the host's limits.
    document: Duration,
    /// For one attestation document.
    exchange: Duration,
    /// For all attestation documents of new releases.
    evidence: Duration,
    /// For those of a history.
    history: Duration,
    /// For the facts of the forges, and the age of dependencies.
    facts: Duration,
}

impl Times {
    /// An announced package is checked quickly or in another lane; there, an honest document has enough time on a slow
    /// line.
    fn of(work: &Work) -> Self {
        let seconds = Duration::from_secs;
        let document = match (work.lane, work.turns) {
            (Lane::Announced, 0) => seconds(15),
            (_, 0 | 1) => seconds(60),
            (_, 2) => seconds(120),
            _ => seconds(300),
        };
        let facts = if work.lane == Lane::Announced { seconds(10) } else { seconds(30) };
        let history = if work.lane == Lane::Rest { seconds(30) } else { seconds(15) };
        Self { document, exchange: seconds(10), evidence: seconds(15), history, facts }
    }
}

/// One package's turn.
#[derive(Debug)]
pub struct Turn {
    clock: Arc<dyn Clock>,
    /// For the document.
    pub http: Client,
    /// For evidence.
    evidence: Client,
    /// For the facts around a release.
    pub around: Client,
    times: Times,
    may_pause: bool,
    recall: CancellationToken,
    places: Semaphore,
    spent: Mutex<Spent>,
}

#[derive(Debug, Default)]
struct Spent {
    /// The time for evidence.
    time: Duration,
    /// When it is over.
    ends: DateTime<Utc>,
    /// When the first piece of evidence was requested.
    first: Option<DateTime<Utc>>,
    requests: usize,
    /// How many of these this share may still use.
    share: usize,
    failures: usize,
    last_failure: String,
    answers: usize,
    pause: Duration,
    facts: Duration,
}

/// The result of requesting a piece of evidence.
pub enum Asked {
    /// The registry's answer.
    Answered(Option<Bytes>),
    /// It is unavailable.
    Failed(String),
    /// It was not requested yet.
    NotYet,
}

impl Turn {
    /// `recall` ends it at the next piece of evidence, once it has read some: the package was announced again.
    pub fn new(work: &Work, http: &Client, clock: &Arc<dyn Clock>, recall: CancellationToken) -> Self {
        let times = Times::of(work);
        let allow = |exchange, together| http.within(Allowance { patience: PATIENCE, exchange, together });
        Self {
            clock: Arc::clone(clock),
            http: allow(times.document, times.document),
            evidence: allow(times.exchange, Duration::MAX),
            around: allow(times.exchange, times.facts),
            times,
            may_pause: work.turns < PAUSED_TURNS,
            recall,
            places: Semaphore::new(AT_ONCE),
            spent: Mutex::new(Spent { facts: times.facts, ..Spent::default() }),
        }
    }

    /// The client for evidence.
    pub fn evidence(&self) -> &Client {
        &self.evidence
    }

    /// Most documents that one turn requests.
    pub const fn most_requests() -> usize {
        REQUESTS
    }

    /// Begins to request the evidence of a history.
    pub fn begin_history(&self) {
        self.begin(self.times.history);
    }

    /// Begins to request the evidence of new releases.
    pub fn begin_releases(&self) {
        self.begin(self.times.evidence);
    }

    fn begin(&self, time: Duration) {
        let now = self.clock.now();
        let mut spent = self.spent();
        (spent.requests, spent.share, spent.failures) = (REQUESTS, REQUESTS, 0);
        (spent.time, spent.ends) = (time, now + delta(time));
        spent.first = spent.first.or(Some(now));
    }

    /// Gives the next of this many releases its share of the rest, so that none waits for another's evidence, nor is
    /// given up because another's is unavailable.
    pub fn share(&self, releases: usize) {
        let mut spent = self.spent();
        spent.failures = 0;
        spent.share = (spent.requests / releases.max(1)).max(usize::from(spent.requests > 0));
    }

    /// Whether the package was announced again, and is to be started again.
    pub fn is_recalled(&self) -> bool {
        self.recall.is_cancelled() && self.undisturbed().is_zero()
    }

    /// Waits until it is recalled.
    async fn recalled(&self) {
        self.recall.cancelled().await;
        self.clock.timer(self.undisturbed()).await;
    }

    /// How long it continues at least, if the package is announced again.
    fn undisturbed(&self) -> Duration {
        let Some(first) = self.spent().first else { return AT_LEAST };
        // A clock that was set back does not lengthen it.
        let read = past(Some(first), self.clock.now()).map(|first| self.clock.now() - first);
        read.map_or(Duration::ZERO, |read| AT_LEAST.saturating_sub(read.to_std().unwrap_or_default()))
    }

    /// Requests for evidence that were answered, with or without success.
    pub fn answers(&self) -> usize {
        self.spent().answers
    }

    /// The pause that a host asked for.
    pub fn pause(&self) -> TimeDelta {
        delta(self.spent().pause)
    }

    /// Requests a piece of evidence, if there is time for it. A request in progress is finished even if the turn is to
    /// end, so that every turn makes progress.
    pub async fn ask(&self, fetch: impl Future<Output = Result<Option<Bytes>, RegistryError>>) -> Asked {
        let _place = self.places.acquire().await;
        if self.is_recalled() {
            return Asked::NotYet;
        }
        if let Some(why) = self.gave_up() {
            return Asked::Failed(why);
        }
        let Some(left) = self.take_request() else { return Asked::NotYet };
        tokio::select! {
            biased;
            outcome = fetch => self.heard(outcome),
            () = self.clock.timer(left) => Asked::NotYet,
        }
    }

    /// Runs a search for facts, for as long as there is time for it.
    pub async fn facts<T>(&self, finding: impl Future<Output = T>) -> Option<T> {
        let left = self.spent().facts;
        if left.is_zero() || self.is_recalled() {
            return None;
        }
        let began = self.clock.now();
        let found = tokio::select! {
            biased;
            found = finding => Some(found),
            () = self.clock.timer(left) => None,
            () = self.recalled() => None,
        };
        let time = (self.clock.now() - began).to_std().unwrap_or_default();
        let mut spent = self.spent();
        spent.facts = spent.facts.saturating_sub(time);
        found
    }

    fn take_request(&self) -> Option<Duration> {
        let mut spent = self.spent();
        let left = (spent.ends - self.clock.now()).to_std().unwrap_or_default();
        if spent.share == 0 || spent.requests == 0 || left.is_zero() {
            return None;
        }
        spent.share -= 1;
        spent.requests -= 1;
        // A clock that was set back does not lengthen the turn.
        Some(left.min(spent.time))
    }

    fn gave_up(&self) -> Option<String> {
        let spent = self.spent();
        let why = || format!("not asked for, as {} others failed, the last one {}", spent.failures, spent.last_failure);
        (spent.failures >= FAILURES).then(why)
    }

    fn heard(&self, outcome: Result<Option<Bytes>, RegistryError>) -> Asked {
        let error = match outcome {
            Ok(document) => {
                self.spent().answers += 1;
                return Asked::Answered(document);
            }
            Err(error) => error,
        };
        let mut spent = self.spent();
        if let Some(pause) = pause(&error).filter(|pause| self.may_pause && *pause <= SHORT_PAUSE) {
            spent.pause = spent.pause.max(pause);
            return Asked::NotYet;
        }
        let why = with_causes(&error);
        spent.answers += 1;
        spent.failures += 1;
        spent.last_failure.clone_from(&why);
        Asked::Failed(why)
    }

    fn spent(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pause that the host of a piece of evidence asks for.
fn pause(error: &RegistryError) -> Option<Duration> {
    match error {
        RegistryError::Http { source, .. } => source.retry_after(),
        _ => None,
    }
}

/// Whether the time was over before the answer came.
pub fn ran_over(error: &RegistryError) -> bool {
    matches!(error, RegistryError::Http { source, .. } if source.is_slow())
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

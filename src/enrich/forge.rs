//! A forge with its address, credentials and request limit.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use crate::{clock::is_due, http::Request, model::Secret};

/// The API of a forge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgeKind {
    /// GitHub's REST API, of github.com or of an enterprise server.
    Github,
    /// GitLab's REST API, version 4.
    Gitlab,
}

/// A forge that provwatch may query.
#[derive(Debug)]
pub struct Forge {
    /// Its API.
    pub kind: ForgeKind,
    /// The host of its repositories' pages, lower-case.
    pub host: String,
    /// The URL of its API, with a slash at the end.
    pub api: Url,
    /// The token; without one the forge answers few requests.
    token: Option<Secret>,
    limit: Mutex<Limit>,
    failing: Mutex<Option<Failing>>,
}

/// A forge that gave no usable answer to any request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Since when.
    pub since: DateTime<Utc>,
    /// The time of the last failed request.
    pub last: DateTime<Utc>,
    /// The error of that request.
    pub error: String,
}

/// The request limit of a forge.
#[derive(Clone, Copy, Debug, Default)]
struct Limit {
    /// No request is sent before this.
    closed_until: Option<DateTime<Utc>>,
    /// The remaining requests that it reported, less those sent since, and the time when it counts again.
    left: Option<(u64, DateTime<Utc>)>,
    /// Refusals in a row.
    refusals: u32,
}

/// So many refusals in a row are about the account, and not about the requested thing.
const REFUSALS: u32 = 3;

/// Requests that are left to other users of this address.
const RESERVE: u64 = 5;

/// The pause after a refusal that does not give its length.
const PAUSE: TimeDelta = TimeDelta::minutes(15);

/// Longest pause that is accepted.
const LONGEST: TimeDelta = TimeDelta::hours(2);

impl Forge {
    /// A forge.
    pub fn new(kind: ForgeKind, host: &str, api: Url, token: Option<Secret>) -> Self {
        Self { kind, host: host.to_lowercase(), api, token, limit: Mutex::default(), failing: Mutex::default() }
    }

    /// Whether requests carry a token.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// A request to it, with the token if there is one.
    pub(super) fn request(&self, url: Url) -> Request {
        let request = Request::get(url).accept("application/json");
        match self.authorization() {
            Some((name, value)) => request.header(name, value),
            None => request,
        }
    }

    /// The header with the token.
    fn authorization(&self) -> Option<(&'static str, String)> {
        let token = self.token.as_ref()?.expose();
        Some(match self.kind {
            ForgeKind::Github => ("authorization", format!("Bearer {token}")),
            ForgeKind::Gitlab => ("private-token", token.to_owned()),
        })
    }

    /// Since when it has given no usable answer, if the last request failed. A reached rate limit is not a failure.
    pub fn failing(&self) -> Option<Failing> {
        self.failure().clone()
    }

    /// Records an answer, even "not found".
    pub(super) fn answered(&self) {
        *self.failure() = None;
    }

    /// Records a failed request.
    pub(super) fn failed(&self, error: &str, now: DateTime<Utc>) {
        let mut failure = self.failure();
        let since = failure.as_ref().map_or(now, |failing| failing.since);
        *failure = Some(Failing { since, last: now, error: error.to_owned() });
    }

    fn failure(&self) -> MutexGuard<'_, Option<Failing>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time before which no request may be sent.
    pub(super) fn closed_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.limit().closed_until.filter(|until| !is_due(*until, now, LONGEST))
    }

    /// Counts a request. Answers without success do not report the remaining requests, but count.
    pub(super) fn spend(&self, now: DateTime<Utc>) {
        let mut limit = self.limit();
        let Some((left, reset)) = limit.left.filter(|(_, reset)| *reset > now) else { return };
        limit.left = Some((left.saturating_sub(1), reset));
        if left <= RESERVE + 1 {
            limit.closed_until = Some(reset.min(now + LONGEST));
        }
    }

    /// Records the rate limit headers of an answer.
    pub(super) fn note(&self, header: impl Fn(&str) -> Option<u64>, now: DateTime<Utc>) {
        let mut limit = self.limit();
        limit.refusals = 0;
        let (Some(left), Some(reset)) = (limit_header(&header, "remaining"), limit_header(&header, "reset")) else {
            return;
        };
        let reset = i64::try_from(reset).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let reset = reset.unwrap_or(now + PAUSE);
        limit.left = Some((left, reset));
        if left <= RESERVE {
            limit.closed_until = Some(reset.min(now + LONGEST));
        }
    }

    /// Records a refusal. Some forges refuse single repositories; those refusals do not concern the others.
    pub(super) fn refuse(&self, wait: Option<TimeDelta>, is_too_much: bool, now: DateTime<Utc>) {
        let mut limit = self.limit();
        limit.refusals = limit.refusals.saturating_add(1);
        if wait.is_some() || is_too_much || limit.refusals >= REFUSALS {
            limit.closed_until = Some(now + wait.unwrap_or(PAUSE).min(LONGEST));
        }
    }

    fn limit(&self) -> MutexGuard<'_, Limit> {
        self.limit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A rate limit header of an answer: `x-ratelimit-…` of GitHub, `ratelimit-…` of GitLab.
pub(super) fn limit_header(header: &impl Fn(&str) -> Option<u64>, name: &str) -> Option<u64> {
    header(&format!("x-ratelimit-{name}")).or_else(|| header(&format!("ratelimit-{name}")))
}

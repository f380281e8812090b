//! A forge with its address, credentials and request limit.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use crate::{clock::is_due, http::Request, model::Secret};

/// How a forge is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgeKind {
    /// GitHub's REST API, of github.com or of an enterprise server.
    Github,
    /// GitLab's REST API, version 4.
    Gitlab,
}

/// A forge that may be asked.
#[derive(Debug)]
pub struct Forge {
    /// How.
    pub kind: ForgeKind,
    /// The host of its repositories' pages, lower-case.
    pub host: String,
    /// Where its API is, with a slash at the end.
    pub api: Url,
    /// Who asks; without one the forge answers little.
    token: Option<Secret>,
    limit: Mutex<Limit>,
    failing: Mutex<Option<Failing>>,
}

/// A forge that gave no usable answer to anything that it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it was last asked in vain.
    pub last: DateTime<Utc>,
    /// What came of that.
    pub error: String,
}

/// How many questions the forge still answers.
#[derive(Clone, Copy, Debug, Default)]
struct Limit {
    /// Nothing is asked before this.
    closed_until: Option<DateTime<Utc>>,
    /// What it said it would still answer, less what was asked since, and when it counts anew.
    left: Option<(u64, DateTime<Utc>)>,
    /// Refusals one after the other.
    refusals: u32,
}

/// So many refusals one after the other are about who asks, and not about what is asked for.
const REFUSALS: u32 = 3;

/// Requests that are left to others who ask from this address.
const RESERVE: u64 = 5;

/// How long nothing is asked after a refusal that does not say for how long.
const PAUSE: TimeDelta = TimeDelta::minutes(15);

/// Longest pause that is believed.
const LONGEST: TimeDelta = TimeDelta::hours(2);

impl Forge {
    /// A forge.
    pub fn new(kind: ForgeKind, host: &str, api: Url, token: Option<Secret>) -> Self {
        Self { kind, host: host.to_lowercase(), api, token, limit: Mutex::default(), failing: Mutex::default() }
    }

    /// Whether it is asked with a token.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// A question to it, with the token if there is one.
    pub(super) fn request(&self, url: Url) -> Request {
        let request = Request::get(url).accept("application/json");
        match self.authorization() {
            Some((name, value)) => request.header(name, value),
            None => request,
        }
    }

    /// The header that says who asks.
    fn authorization(&self) -> Option<(&'static str, String)> {
        let token = self.token.as_ref()?.expose();
        Some(match self.kind {
            ForgeKind::Github => ("authorization", format!("Bearer {token}")),
            ForgeKind::Gitlab => ("private-token", token.to_owned()),
        })
    }

    /// Since when it has given no usable answer, if the last was none. That it answers no more for now, which is its
    /// right, is no failure.
    pub fn failing(&self) -> Option<Failing> {
        self.failure().clone()
    }

    /// It answered, even if only that it does not have what was asked for.
    pub(super) fn answered(&self) {
        *self.failure() = None;
    }

    /// It gave no usable answer.
    pub(super) fn failed(&self, error: &str, now: DateTime<Utc>) {
        let mut failure = self.failure();
        let since = failure.as_ref().map_or(now, |failing| failing.since);
        *failure = Some(Failing { since, last: now, error: error.to_owned() });
    }

    fn failure(&self) -> MutexGuard<'_, Option<Failing>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until when nothing may be asked.
    pub(super) fn closed_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.limit().closed_until.filter(|until| !is_due(*until, now, LONGEST))
    }

    /// A question is asked. Answers without success do not tell what is left, but count.
    pub(super) fn spend(&self, now: DateTime<Utc>) {
        let mut limit = self.limit();
        let Some((left, reset)) = limit.left.filter(|(_, reset)| *reset > now) else { return };
        limit.left = Some((left.saturating_sub(1), reset));
        if left <= RESERVE + 1 {
            limit.closed_until = Some(reset.min(now + LONGEST));
        }
    }

    /// Takes note of what an answer says of the limit.
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

    /// The forge refused to answer. Some refuse single repositories; those do not speak for the others.
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

/// What an answer says of the limit: `x-ratelimit-…` of GitHub, `ratelimit-…` of GitLab.
pub(super) fn limit_header(header: &impl Fn(&str) -> Option<u64>, name: &str) -> Option<u64> {
    header(&format!("x-ratelimit-{name}")).or_else(|| header(&format!("ratelimit-{name}")))
}

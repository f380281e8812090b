use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use crate::model::Secret;

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
}

/// How many questions the forge still answers.
#[derive(Clone, Copy, Debug, Default)]
struct Limit {
    /// Nothing is asked before this.
    closed_until: Option<DateTime<Utc>>,
}

/// Requests that are left to others who ask from this address.
const RESERVE: u64 = 5;

/// How long nothing is asked after a refusal that does not say for how long.
const PAUSE: TimeDelta = TimeDelta::minutes(15);

/// Longest pause that is believed.
const LONGEST: TimeDelta = TimeDelta::hours(2);

impl Forge {
    /// A forge.
    pub fn new(kind: ForgeKind, host: &str, api: Url, token: Option<Secret>) -> Self {
        Self { kind, host: host.to_lowercase(), api, token, limit: Mutex::default() }
    }

    /// Whether it is asked with a token.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// The header that says who asks.
    pub(super) fn authorization(&self) -> Option<(&'static str, String)> {
        let token = self.token.as_ref()?.expose();
        Some(match self.kind {
            ForgeKind::Github => ("authorization", format!("Bearer {token}")),
            ForgeKind::Gitlab => ("private-token", token.to_owned()),
        })
    }

    /// Until when nothing may be asked.
    pub(super) fn closed_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.limit.lock().unwrap_or_else(PoisonError::into_inner).closed_until.filter(|until| *until > now)
    }

    /// Takes note of what an answer says of the limit: `x-ratelimit-…` of GitHub, `ratelimit-…` of GitLab.
    pub(super) fn note(&self, header: impl Fn(&str) -> Option<u64>, now: DateTime<Utc>) {
        let either =
            |name: &str| header(&format!("x-ratelimit-{name}")).or_else(|| header(&format!("ratelimit-{name}")));
        let (Some(remaining), Some(reset)) = (either("remaining"), either("reset")) else { return };
        // GitLab counts so many requests a minute: its last ones are soon there again.
        if remaining <= RESERVE {
            let reset = i64::try_from(reset).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
            self.close(reset.unwrap_or(now + PAUSE), now);
        }
    }

    /// The forge refused to answer.
    pub(super) fn refuse(&self, wait: Option<TimeDelta>, now: DateTime<Utc>) {
        self.close(now + wait.unwrap_or(PAUSE), now);
    }

    fn close(&self, until: DateTime<Utc>, now: DateTime<Utc>) {
        let until = until.min(now + LONGEST);
        self.limit.lock().unwrap_or_else(PoisonError::into_inner).closed_until = Some(until);
    }
}

//! Sends one request to a forge: cached, rate-limited and bounded.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use url::Url;

use super::forge::Forge;
use crate::{
    clock::{Clock, past},
    http::{Client, Fetched, HttpError, Request, Validators},
    text::with_causes,
};

/// Most bytes of an answer.
const MAX_ANSWER: u64 = 2 * 1024 * 1024;

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForgeAnswer<T> {
    /// The forge has it.
    Found(T),
    /// The forge does not have it.
    Missing,
    /// It could not be determined, with the reason.
    Unknown(String),
}

impl<T> ForgeAnswer<T> {
    /// The same with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> ForgeAnswer<U> {
        match self {
            Self::Found(value) => ForgeAnswer::Found(change(value)),
            Self::Missing => ForgeAnswer::Missing,
            Self::Unknown(why) => ForgeAnswer::Unknown(why),
        }
    }
}

/// A cached answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The used parts of the answer, JSON; `None`: the forge does not have it.
    pub body: Option<String>,
    /// The validators of its version.
    pub validators: Option<Validators>,
    /// The time at which it was last confirmed.
    pub at: DateTime<Utc>,
}

/// Keeps answers from one request to the next. Losing them costs requests only.
pub trait Cache: Send + Sync + fmt::Debug {
    /// The cached answer.
    fn remembered(&self, key: &str) -> Option<Remembered>;

    /// Keeps an answer.
    fn remember(&self, key: &str, answer: &Remembered);
}

/// How long answers are used without another request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Age {
    /// For things that the forge has.
    pub yes: TimeDelta,
    /// For things that it does not have yet: tags follow releases by minutes.
    pub no: TimeDelta,
}

impl Age {
    /// For facts that never change once they exist: a commit's signature.
    pub const SETTLED: Self = Self { yes: TimeDelta::days(90), no: TimeDelta::minutes(5) };
    /// For facts that change seldom: a repository, an owner.
    pub const SLOW: Self = Self { yes: TimeDelta::days(3), no: TimeDelta::hours(1) };
    /// For the owner of a name: anybody can register a name that becomes free.
    pub const NAME: Self = Self { yes: TimeDelta::hours(1), no: TimeDelta::minutes(5) };
    /// For facts that are about to change: a run, a branch.
    pub const QUICK: Self = Self { yes: TimeDelta::minutes(10), no: TimeDelta::minutes(5) };
    /// For lists to which things are added: the runs of now.
    pub const NEWS: Self = Self { yes: TimeDelta::minutes(1), no: TimeDelta::minutes(1) };
}

/// Sends requests to one forge.
pub(super) struct Asker<'a> {
    pub forge: &'a Forge,
    pub http: &'a Client,
    pub clock: &'a dyn Clock,
    pub cache: &'a dyn Cache,
}

impl Asker<'_> {
    /// Requests a path below the API. `T` is the part of the answer that is read and cached.
    pub async fn ask<T: DeserializeOwned + Serialize>(&self, path: &str, age: Age) -> ForgeAnswer<T> {
        let Ok(url) = self.forge.api.join(path) else {
            return ForgeAnswer::Unknown(format!("{path:?} cannot be asked for"));
        };
        let now = self.clock.now();
        // An answer that was kept for another question may lack what this one reads.
        let readable = |known: &Remembered| !matches!(read::<T>(known), ForgeAnswer::Unknown(_));
        let remembered = self.cache.remembered(url.as_str()).filter(readable);
        if let Some(known) = remembered.as_ref().and_then(|known| young(known, age, now)) {
            return known;
        }
        if let Some(until) = self.forge.closed_until(now) {
            let until = until.format("%H:%M UTC");
            return ForgeAnswer::Unknown(format!("{} does not answer before {until}", self.forge.host));
        }
        self.forge.spend(now);
        let fetched = self.http.fetch(self.request(url.clone(), remembered.as_ref())).await;
        self.take(&url, remembered, fetched)
    }

    fn request(&self, url: Url, remembered: Option<&Remembered>) -> Request {
        let validators = remembered.filter(|known| known.body.is_some()).and_then(|known| known.validators.clone());
        self.forge.request(url).max_body(MAX_ANSWER).max_attempts(2).unless(validators)
    }

    fn take<T: DeserializeOwned + Serialize>(
        &self,
        url: &Url,
        remembered: Option<Remembered>,
        fetched: Result<Fetched, HttpError>,
    ) -> ForgeAnswer<T> {
        let now = self.clock.now();
        let response = match fetched {
            Ok(Fetched::Fresh(response)) => response,
            Ok(Fetched::NotModified) => {
                self.forge.answered();
                let Some(known) = remembered else {
                    return ForgeAnswer::Unknown("unexpected 304: no earlier answer is stored".to_owned());
                };
                let known = Remembered { at: now, ..known };
                self.cache.remember(url.as_str(), &known);
                return read(&known);
            }
            Err(error) if error.is_not_found() => {
                self.forge.answered();
                self.cache.remember(url.as_str(), &Remembered { body: None, validators: None, at: now });
                return ForgeAnswer::Missing;
            }
            Err(error) => return self.failed(&error, now),
        };
        self.forge.note(|name| response.header(name)?.parse().ok(), now);
        let value: T = match serde_json::from_slice(&response.body) {
            Ok(value) => value,
            Err(error) => {
                let why = format!("{} answers in another form: {error}", self.forge.host);
                self.forge.failed(&why, now);
                return ForgeAnswer::Unknown(why);
            }
        };
        self.forge.answered();
        let body = serde_json::to_string(&value).ok();
        self.cache.remember(url.as_str(), &Remembered { body, validators: response.validators(), at: now });
        ForgeAnswer::Found(value)
    }

    fn failed<T>(&self, error: &HttpError, now: DateTime<Utc>) -> ForgeAnswer<T> {
        let why = with_causes(error);
        let wait = error.retry_after().and_then(|wait| TimeDelta::from_std(wait).ok());
        let status = if let HttpError::Status { status, .. } = error { Some(*status) } else { None };
        if let Some(403 | 429) = status {
            self.forge.refuse(wait, status == Some(429), now);
        }
        if status != Some(429) && wait.is_none() {
            self.forge.failed(&why, now);
        }
        ForgeAnswer::Unknown(why)
    }
}

fn young<T: DeserializeOwned>(known: &Remembered, age: Age, now: DateTime<Utc>) -> Option<ForgeAnswer<T>> {
    let limit = if known.body.is_some() { age.yes } else { age.no };
    past(Some(known.at), now).filter(|at| now - *at < limit).map(|_| read(known))
}

fn read<T: DeserializeOwned>(known: &Remembered) -> ForgeAnswer<T> {
    match known.body.as_deref().map(serde_json::from_str) {
        None => ForgeAnswer::Missing,
        Some(Ok(value)) => ForgeAnswer::Found(value),
        Some(Err(error)) => ForgeAnswer::Unknown(error.to_string()),
    }
}

//! The requests to the API of a forge, and what its answers have in common.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

use super::tracker::Issue;
use crate::{
    deliver::{
        SinkError,
        remote::{Answer, Api, Call},
    },
    http::{HostLimits, Method},
};

/// The API of a forge; what makes content has limits of its own.
#[derive(Debug)]
pub(super) struct Requests {
    reads: Api,
    writes: Api,
}

/// What a request sends.
pub(super) enum Sent<'a> {
    Query(&'a [(&'a str, &'a str)]),
    Body(Value),
}

impl Requests {
    /// Requests to an API with the limits of reads and of writes.
    pub fn new(api: impl Fn(HostLimits) -> Api, reads: HostLimits, writes: HostLimits) -> Self {
        Self { reads: api(reads), writes: api(writes) }
    }

    /// Makes one attempt, and hands over the answer whatever its status.
    pub async fn ask(&self, method: Method, path: &[&str], sent: Sent<'_>) -> Result<Answer, SinkError> {
        let (query, body): (&[(&str, &str)], _) = match sent {
            Sent::Query(query) => (query, None),
            Sent::Body(body) => (&[], Some(body)),
        };
        let api = if body.is_some() { &self.writes } else { &self.reads };
        api.any_answer(&Call { method, path, query, body, permanent: &[] }).await
    }

    /// The API, for errors that are the forge's own.
    pub fn api(&self) -> &Api {
        &self.writes
    }

    /// That an issue was changed; `None`: it was not there.
    pub fn changed(&self, answer: Option<Answer>) -> Result<(), SinkError> {
        answer.map(drop).ok_or_else(|| self.vanished())
    }

    /// The list in an answer; `None`: its issue was not there.
    pub fn list(&self, answer: Option<Answer>) -> Result<Vec<Value>, SinkError> {
        match answer.map(|answer| answer.body) {
            Some(Value::Array(all)) => Ok(all),
            Some(_) => Err(SinkError::temporary(self.reads.failed_at(Method::Get, "its answer is not a list"))),
            None => Err(self.vanished()),
        }
    }

    /// An issue, by the keys of its number and its body.
    pub fn issue(&self, issue: &Value, (number, body): (&str, &str)) -> Result<Issue, SinkError> {
        let number = issue[number].as_u64();
        let number = number
            .ok_or_else(|| SinkError::temporary(self.reads.failed_at(Method::Get, "its answer is not an issue")))?;
        Ok(Issue {
            number,
            body: issue[body].as_str().unwrap_or_default().to_owned(),
            is_closed: issue["state"] == "closed",
            closed_at: issue["closed_at"].as_str().and_then(|at| at.parse().ok()),
        })
    }

    /// The failure of a call below an issue that is not there.
    pub fn vanished(&self) -> SinkError {
        SinkError::temporary(self.writes.failed("the issue vanished meanwhile; the next attempt makes another one"))
    }
}

/// The texts of a page of comments.
pub(super) fn texts(comments: &[Value]) -> Vec<String> {
    comments.iter().filter_map(|one| one["body"].as_str()).map(str::to_owned).collect()
}

/// A time as a forge's queries take it.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

//! The requests to the API of a forge, and what its answers have in common.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;
use tokio::sync::OnceCell;

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
    /// The number of the token's own account.
    account: OnceCell<u64>,
}

/// What a request sends.
pub(super) enum Sent<'a> {
    Query(&'a [(&'a str, &'a str)]),
    Body(Value),
}

impl Requests {
    /// Requests to an API with the limits of reads and of writes.
    pub fn new(api: impl Fn(HostLimits) -> Api, reads: HostLimits, writes: HostLimits) -> Self {
        Self { reads: api(reads), writes: api(writes), account: OnceCell::new() }
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

    /// The number of the token's own account, for which the forge is asked once. Other accounts can copy the hidden lines by
    /// which provwatch finds its own issues. `refusal`: what an answer means.
    pub async fn account(&self, refusal: impl Fn(&Answer) -> SinkError) -> Result<u64, SinkError> {
        let ask = async || {
            let answer = self.ask(Method::Get, &["user"], Sent::Query(&[])).await?;
            match (answer.response.status, answer.body["id"].as_u64()) {
                (200..=299, Some(number)) => Ok(number),
                (200..=299, None) => Err(SinkError::temporary(self.reads.failed("its answer names no account"))),
                (status, _) => Err(of_account(refusal(&answer), &self.reads, status)),
            }
        };
        self.account.get_or_try_init(ask).await.copied()
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

/// The refusal to tell of the token's account, unless it is one to wait.
fn of_account(refusal: SinkError, api: &Api, status: u16) -> SinkError {
    match (status, refusal) {
        (403 | 404, SinkError::Refused { .. } | SinkError::Temporary { retry_after: None, .. }) => {
            let what = format!(
                "it answered {status} to the question for the account of the token; configure the token of an account, by \
                 which provwatch knows its own issues"
            );
            SinkError::temporary(api.failed(&what))
        }
        (_, refusal) => refusal,
    }
}

/// Whether this account wrote an issue or a comment; `by`: the key of its author.
pub(super) fn is_by(one: &Value, by: &str, account: u64) -> bool {
    one[by]["id"].as_u64() == Some(account)
}

/// The texts of a page of comments that this account wrote.
pub(super) fn texts(comments: &[Value], by: &str, account: u64) -> Vec<String> {
    let own = comments.iter().filter(|one| is_by(one, by, account));
    own.filter_map(|one| one["body"].as_str()).map(str::to_owned).collect()
}

/// A time as a forge's queries take it.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

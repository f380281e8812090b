//! Issues of GitHub, by its REST API.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use url::Url;

use super::{
    requests::{Requests, Sent, is_by, moment, texts},
    tracker::{Answered, Issue, PAGE, Page, State, Tracker},
};
use crate::{
    deliver::{
        SinkError,
        remote::{Answer, Api},
    },
    http::{Client, HostLimits, Method},
    model::Secret,
};

/// The issues of a repository on GitHub.
#[derive(Debug)]
pub(crate) struct GitHub {
    requests: Requests,
    repository: String,
    owner: String,
    name: String,
    labels: Vec<String>,
    assignees: Vec<String>,
}

/// Where the issues are, and what they carry.
#[derive(Debug)]
pub(crate) struct GitHubSettings {
    /// The URL of the API.
    pub api: Url,
    pub token: Secret,
    /// `owner/name`.
    pub repository: String,
    /// At least one; the first finds the issues again.
    pub labels: Vec<String>,
    pub assignees: Vec<String>,
}

/// GitHub allows 80 requests a minute that make content, and 500 an hour ("Rate limits for the REST API", secondary limits): a
/// burst and the rest of an hour together stay below both.
const WRITES: HostLimits = HostLimits { requests: 400, per: Duration::from_hours(1), burst: 60, concurrency: 1 };

/// GitHub allows 5,000 requests an hour with a token ("Rate limits for the REST API", primary limits).
const READS: HostLimits = HostLimits { requests: 4_000, per: Duration::from_hours(1), burst: 400, concurrency: 1 };

/// The version of the API that this file is written for.
const VERSION: &str = "2022-11-28";

/// GitHub's advice for a secondary limit without a time ("Exceeding the rate limit").
const A_MINUTE: Duration = Duration::from_mins(1);

/// The key of the author of an issue or comment.
const AUTHOR: &str = "user";

/// Most characters of a quotation.
const QUOTED: usize = 200;

impl GitHub {
    pub fn new(http: &Client, settings: GitHubSettings) -> Self {
        let GitHubSettings { api: base, token, repository, labels, assignees } = settings;
        let api = |limits| {
            Api::new(http, base.clone(), limits, &token, ("authorization", "Bearer {}"))
                .with_header("x-github-api-version", VERSION)
        };
        let (owner, name) = repository.split_once('/').unwrap_or((&repository, ""));
        let (owner, name) = (owner.to_owned(), name.to_owned());
        Self { requests: Requests::new(api, READS, WRITES), repository, owner, name, labels, assignees }
    }

    /// One call below the repository's issues. The answer is a success, or an issue that is not there.
    async fn call(&self, method: Method, below: &[&str], sent: Sent<'_>) -> Result<Option<Answer>, SinkError> {
        let answer = self.ask(method, below, sent).await?;
        let is_issue = !below.is_empty();
        match answer.response.status {
            200..=299 => Ok(Some(answer)),
            301 | 307 | 308 | 404 | 410 if is_issue => Ok(None),
            _ => Err(self.refusal(&answer)),
        }
    }

    async fn ask(&self, method: Method, below: &[&str], sent: Sent<'_>) -> Result<Answer, SinkError> {
        let path: Vec<&str> =
            ["repos", &self.owner, &self.name, "issues"].into_iter().chain(below.iter().copied()).collect();
        self.requests.ask(method, &path, sent).await
    }

    async fn one(&self, number: u64) -> Result<Option<Issue>, SinkError> {
        let number = number.to_string();
        match self.call(Method::Get, &[&number], Sent::Query(&[])).await? {
            Some(answer) => self.read(&answer.body).map(Some),
            None => Ok(None),
        }
    }

    async fn list(&self, since: DateTime<Utc>, page: u32) -> Result<Page<Issue>, SinkError> {
        let label = self.labels.first().map_or("", String::as_str);
        let (since, page) = (moment(since), page.to_string());
        let query = [
            ("state", "all"),
            ("labels", label),
            ("since", since.as_str()),
            ("per_page", "100"),
            ("page", page.as_str()),
        ];
        let own = self.account().await?;
        let all = self.requests.list(self.call(Method::Get, &[], Sent::Query(&query)).await?)?;
        // The list has pull requests too.
        let is_own = |one: &&Value| one["pull_request"].is_null() && is_by(one, AUTHOR, own);
        let issues = all.iter().filter(is_own).map(|one| self.read(one));
        Ok(Page { items: issues.collect::<Result<_, _>>()?, is_last: all.len() < PAGE })
    }

    /// An assignee or label that GitHub does not accept must not lose the alert.
    async fn make(&self, title: &str, body: &str) -> Result<Issue, SinkError> {
        let whole = json!({ "title": title, "body": body, "labels": self.labels, "assignees": self.assignees });
        let mut answer = self.ask(Method::Post, &[], Sent::Body(whole.clone())).await?;
        for key in ["assignees", "labels"] {
            if answer.response.status == 422 && whole[key].as_array().is_some_and(|some| !some.is_empty()) {
                tracing::warn!(repository = self.repository, "GitHub refused {key}: an issue is made without them");
                let mut less = whole.clone();
                less["assignees"] = json!([]);
                // The first label finds the issue again.
                less["labels"] = if key == "labels" { json!([self.labels[0]]) } else { whole["labels"].clone() };
                answer = self.ask(Method::Post, &[], Sent::Body(less)).await?;
            }
        }
        match answer.response.status {
            200..=299 => self.read(&answer.body),
            _ => Err(self.refusal(&answer)),
        }
    }

    async fn list_comments(&self, number: u64, since: DateTime<Utc>, page: u32) -> Result<Page<String>, SinkError> {
        let (number, since, page) = (number.to_string(), moment(since), page.to_string());
        let query = [("since", since.as_str()), ("per_page", "100"), ("page", page.as_str())];
        let own = self.account().await?;
        let all = self.requests.list(self.call(Method::Get, &[&number, "comments"], Sent::Query(&query)).await?)?;
        Ok(Page { items: texts(&all, AUTHOR, own), is_last: all.len() < PAGE })
    }

    async fn account(&self) -> Result<u64, SinkError> {
        self.requests.account(|answer| self.refusal(answer)).await
    }

    async fn change(&self, method: Method, below: &[&str], body: Value) -> Result<(), SinkError> {
        self.requests.changed(self.call(method, below, Sent::Body(body)).await?)
    }

    fn read(&self, issue: &Value) -> Result<Issue, SinkError> {
        self.requests.issue(issue, ("number", "body"))
    }

    /// The reason that GitHub gives.
    fn said(&self, body: &Value) -> String {
        let errors = &body["errors"];
        let more = if errors.is_null() { String::new() } else { format!(" {errors}") };
        let said = format!("{}{more}", body["message"].as_str().unwrap_or_default());
        self.requests.api().quoted(&said, QUOTED)
    }

    fn refusal(&self, answer: &Answer) -> SinkError {
        let (status, said) = (answer.response.status, self.said(&answer.body));
        let what = |advice: &str| {
            let why = format!("the issues of {}: it answered {status}, {said:?}; {advice}", self.repository);
            self.requests.api().failed_at(answer.method, &why)
        };
        if let Some(wait) = wait(answer, self.requests.api().retry_after(answer), &said) {
            let what = what("it limits the rate");
            return SinkError::Temporary { what, retry_after: Some(wait), source: None };
        }
        match status {
            401 => SinkError::temporary(what("configure a token that is valid")),
            403 if said.contains("locked") => SinkError::Refused { what: what("unlock the issue") },
            403 if !said.is_empty() => {
                SinkError::temporary(what("give the token the permission to read and write issues of the repository"))
            }
            404 => SinkError::temporary(what("check `repository`, and that the token may see it")),
            410 => SinkError::temporary(what("enable issues in the settings of the repository")),
            _ => self.requests.api().refusal(answer, &said),
        }
    }
}

/// The pause that GitHub requests: by `Retry-After`, by the end of the current hour's allowance, or without a time.
fn wait(answer: &Answer, retry_after: Option<Duration>, said: &str) -> Option<Duration> {
    let response = &answer.response;
    if !matches!(response.status, 403 | 429) {
        return None;
    }
    let is_used_up = response.header("x-ratelimit-remaining") == Some("0");
    let until_reset = || {
        let reset: i64 = response.header("x-ratelimit-reset")?.parse().ok()?;
        let now = response.sent_at()?.timestamp();
        u64::try_from(reset - now).ok().map(Duration::from_secs)
    };
    let is_limit = response.status == 429 || is_used_up || said.contains("rate limit");
    let by_header = if is_used_up { until_reset() } else { None };
    retry_after.or(by_header).or_else(|| is_limit.then_some(A_MINUTE))
}

impl Tracker for GitHub {
    fn kind(&self) -> &'static str {
        "github"
    }

    fn place(&self) -> &str {
        &self.repository
    }

    fn issue(&self, number: u64) -> Answered<'_, Option<Issue>> {
        Box::pin(self.one(number))
    }

    fn issues(&self, since: DateTime<Utc>, page: u32) -> Answered<'_, Page<Issue>> {
        Box::pin(self.list(since, page))
    }

    fn create<'a>(&'a self, title: &'a str, body: &'a str) -> Answered<'a, Issue> {
        Box::pin(self.make(title, body))
    }

    fn comments(&self, number: u64, since: DateTime<Utc>, page: u32) -> Answered<'_, Page<String>> {
        Box::pin(self.list_comments(number, since, page))
    }

    fn comment<'a>(&'a self, number: u64, body: &'a str) -> Answered<'a, ()> {
        Box::pin(
            async move { self.change(Method::Post, &[&number.to_string(), "comments"], json!({ "body": body })).await },
        )
    }

    fn set(&self, number: u64, state: State) -> Answered<'_, ()> {
        let body = match state {
            State::Open => json!({ "state": "open" }),
            State::Done => json!({ "state": "closed", "state_reason": "completed" }),
            State::NotPlanned => json!({ "state": "closed", "state_reason": "not_planned" }),
        };
        Box::pin(async move { self.change(Method::Patch, &[&number.to_string()], body).await })
    }
}

#[cfg(test)]
mod tests;

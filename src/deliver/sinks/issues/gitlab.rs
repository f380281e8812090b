//! Issues of GitLab, by its REST API, version 4.

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

/// The issues of a project on GitLab.
#[derive(Debug)]
pub(crate) struct GitLab {
    requests: Requests,
    project: String,
    labels: Vec<String>,
    confidential: bool,
}

/// Where the issues are, and what they carry.
#[derive(Debug)]
pub(crate) struct GitLabSettings {
    /// The URL of the API, version 4.
    pub api: Url,
    pub token: Secret,
    /// `group/name`, or its number.
    pub project: String,
    /// At least one; the first finds the issues again.
    pub labels: Vec<String>,
    /// Whether only members of the project see the issues.
    pub confidential: bool,
}

/// GitLab.com takes 60 notes and 200 issues a minute of one account ("Rate limits on GitLab.com"), GitLab itself 300.
const WRITES: HostLimits = HostLimits { requests: 50, per: Duration::from_mins(1), burst: 10, concurrency: 1 };

/// GitLab.com takes 2,000 requests a minute of one account, some lists fewer ("Rate limits on GitLab.com").
const READS: HostLimits = HostLimits { requests: 5, per: Duration::from_secs(1), burst: 20, concurrency: 1 };

/// The key of the author of an issue or note.
const AUTHOR: &str = "author";

/// Most characters of a quotation.
const QUOTED: usize = 200;

impl GitLab {
    pub fn new(http: &Client, settings: GitLabSettings) -> Self {
        let GitLabSettings { api: base, token, project, labels, confidential } = settings;
        let api = |limits| Api::new(http, base.clone(), limits, &token, ("private-token", "{}"));
        Self { requests: Requests::new(api, READS, WRITES), project, labels, confidential }
    }

    /// One call below the project's issues; `None`: the issue is not there.
    async fn call(&self, method: Method, below: &[&str], sent: Sent<'_>) -> Result<Option<Answer>, SinkError> {
        // The path of the project is one part, its slashes encoded.
        let path: Vec<&str> =
            ["projects", self.project.as_str(), "issues"].into_iter().chain(below.iter().copied()).collect();
        let answer = self.requests.ask(method, &path, sent).await?;
        match answer.response.status {
            200..=299 => Ok(Some(answer)),
            404 | 410 if !below.is_empty() => Ok(None),
            _ => Err(self.refusal(&answer)),
        }
    }

    /// An issue that was moved is closed, and goes on elsewhere.
    async fn one(&self, number: u64) -> Result<Option<Issue>, SinkError> {
        let number = number.to_string();
        match self.call(Method::Get, &[&number], Sent::Query(&[])).await? {
            Some(answer) if answer.body["moved_to_id"].is_null() => self.read(&answer.body).map(Some),
            _ => Ok(None),
        }
    }

    async fn list(&self, since: DateTime<Utc>, page: u32) -> Result<Page<Issue>, SinkError> {
        let label = self.labels.first().map_or("", String::as_str);
        let (since, page) = (moment(since), page.to_string());
        let query = [
            ("scope", "all"),
            ("labels", label),
            ("updated_after", since.as_str()),
            ("per_page", "100"),
            ("page", page.as_str()),
        ];
        let own = self.account().await?;
        let all = self.requests.list(self.call(Method::Get, &[], Sent::Query(&query)).await?)?;
        let is_own = |one: &&Value| one["moved_to_id"].is_null() && is_by(one, AUTHOR, own);
        let issues = all.iter().filter(is_own).map(|one| self.read(one));
        Ok(Page { items: issues.collect::<Result<_, _>>()?, is_last: all.len() < PAGE })
    }

    async fn make(&self, title: &str, body: &str) -> Result<Issue, SinkError> {
        let issue = json!({
            "title": title,
            "description": body,
            "labels": self.labels.join(","),
            "confidential": self.confidential,
        });
        match self.call(Method::Post, &[], Sent::Body(issue)).await? {
            Some(answer) => self.read(&answer.body),
            None => Err(self.requests.vanished()),
        }
    }

    /// The latest come first, as GitLab cannot leave out older ones.
    async fn list_notes(&self, number: u64, since: DateTime<Utc>, page: u32) -> Result<Page<String>, SinkError> {
        let (number, page) = (number.to_string(), page.to_string());
        let query = [("order_by", "created_at"), ("sort", "desc"), ("per_page", "100"), ("page", page.as_str())];
        let own = self.account().await?;
        let all = self.requests.list(self.call(Method::Get, &[&number, "notes"], Sent::Query(&query)).await?)?;
        let is_older = |note: &Value| {
            note["created_at"].as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok()).is_some_and(|at| at < since)
        };
        let is_last = all.len() < PAGE || all.last().is_some_and(is_older);
        Ok(Page { items: texts(&all, AUTHOR, own), is_last })
    }

    async fn account(&self) -> Result<u64, SinkError> {
        self.requests.account(|answer| self.refusal(answer)).await
    }

    async fn change(&self, method: Method, below: &[&str], body: Value) -> Result<(), SinkError> {
        self.requests.changed(self.call(method, below, Sent::Body(body)).await?)
    }

    fn read(&self, issue: &Value) -> Result<Issue, SinkError> {
        self.requests.issue(issue, ("iid", "description"))
    }

    /// The reason that GitLab gives, in one of its forms.
    fn said(&self, body: &Value) -> String {
        let forms = [&body["message"], &body["error_description"], &body["error"]];
        match forms.into_iter().find(|one| !one.is_null()) {
            Some(Value::String(text)) => self.requests.api().quoted(text, QUOTED),
            Some(other) => self.requests.api().quoted(&other.to_string(), QUOTED),
            None => String::new(),
        }
    }

    fn refusal(&self, answer: &Answer) -> SinkError {
        let (status, said) = (answer.response.status, self.said(&answer.body));
        let what = |advice: &str| {
            let why = format!("the issues of {}: it answered {status}, {said:?}; {advice}", self.project);
            self.requests.api().failed_at(answer.method, &why)
        };
        match status {
            401 => SinkError::temporary(what("configure a token that is valid")),
            403 if said.to_lowercase().contains("locked") => SinkError::Refused { what: what("unlock the issue") },
            403 if !said.is_empty() => {
                SinkError::temporary(what("give the token the scope api and the role Reporter in the project"))
            }
            404 => SinkError::temporary(what("check `project`, and that the token may see it and its issues")),
            _ => self.requests.api().refusal(answer, &said),
        }
    }
}

impl Tracker for GitLab {
    fn kind(&self) -> &'static str {
        "gitlab"
    }

    fn place(&self) -> &str {
        &self.project
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
        Box::pin(self.list_notes(number, since, page))
    }

    fn comment<'a>(&'a self, number: u64, body: &'a str) -> Answered<'a, ()> {
        Box::pin(
            async move { self.change(Method::Post, &[&number.to_string(), "notes"], json!({ "body": body })).await },
        )
    }

    fn set(&self, number: u64, state: State) -> Answered<'_, ()> {
        let event = if state == State::Open { "reopen" } else { "close" };
        Box::pin(async move { self.change(Method::Put, &[&number.to_string()], json!({ "state_event": event })).await })
    }
}

#[cfg(test)]
mod tests;

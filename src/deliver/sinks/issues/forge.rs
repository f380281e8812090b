//! A forge that keeps issues in memory, in the dialect of GitHub or of GitLab, for tests.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use url::Url;

use super::{
    flow::IssueSink,
    github::{GitHub, GitHubSettings},
    gitlab::{GitLab, GitLabSettings},
    tracker::Tracker,
};
use crate::{
    deliver::sinks::stand_in::{Asked, Faults, Said, Service},
    http::Client,
    model::Secret,
};

pub(crate) const TOKEN: &str = "t0k3n-s3cr3t";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    GitHub,
    GitLab,
}

pub(crate) const DIALECTS: [Dialect; 2] = [Dialect::GitHub, Dialect::GitLab];

#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub title: String,
    pub body: String,
    pub labels: Vec<String>,
    pub assignees: Vec<String>,
    pub closed: Option<(DateTime<Utc>, String)>,
    pub comments: Vec<(String, DateTime<Utc>)>,
    pub is_gone: bool,
    pub is_locked: bool,
    /// Whether the token's account wrote it, and each of its comments.
    pub is_own: bool,
    pub own_comments: Vec<bool>,
}

/// The number of the token's account, and of another one.
const OWN: u64 = 7;
const OTHER: u64 = 666;

#[derive(Debug)]
pub(crate) struct Forge {
    pub dialect: Dialect,
    pub issues: Vec<Kept>,
    pub faults: Faults,
    pub lines: Vec<String>,
    now: DateTime<Utc>,
}

impl Forge {
    pub fn new(dialect: Dialect) -> Self {
        let now = "2026-03-31T00:30:00Z".parse().unwrap();
        Self { dialect, issues: Vec::new(), faults: Faults::default(), lines: Vec::new(), now }
    }

    /// The sink of the subscription `desk`, with an assignee whom the forge does not know.
    pub fn sink(dialect: Dialect, http: &Client, api: Url) -> IssueSink {
        Self::sink_of(dialect, http, api, "desk")
    }

    /// As [`Forge::sink`], of another subscription.
    pub fn sink_of(dialect: Dialect, http: &Client, api: Url, subscription: &str) -> IssueSink {
        let (token, labels) = (Secret::new(TOKEN), vec!["provwatch".to_owned(), "security".to_owned()]);
        let tracker: Box<dyn Tracker> = match dialect {
            Dialect::GitHub => {
                let (repository, assignees) = ("acme/alerts".to_owned(), vec!["nemo".to_owned()]);
                Box::new(GitHub::new(http, GitHubSettings { api, token, repository, labels, assignees }))
            }
            Dialect::GitLab => {
                let project = "acme/sec/alerts".to_owned();
                Box::new(GitLab::new(http, GitLabSettings { api, token, project, labels, confidential: true }))
            }
        };
        IssueSink::new(tracker, subscription)
    }

    pub fn close(&mut self, at: usize, when: &str) {
        self.issues[at].closed = Some((when.parse().unwrap(), "by hand".to_owned()));
    }

    /// Issues of others with the label.
    pub fn fill(&mut self, count: usize) {
        let text = "A long text. ".repeat(2_000);
        for number in 0..count {
            self.stranger(&format!("other {number}"), &text);
        }
    }

    /// A stranger opens an issue.
    pub fn stranger(&mut self, title: &str, text: &str) {
        self.add(&json!({ "title": title, "body": text, "description": text }));
        self.issues.last_mut().unwrap().is_own = false;
    }

    /// A stranger comments on an issue.
    pub fn remark(&mut self, at: usize, text: &str) {
        let now = self.tick();
        self.issues[at].comments.push((text.to_owned(), now));
        self.issues[at].own_comments.push(false);
    }

    fn tick(&mut self) -> DateTime<Utc> {
        self.now += TimeDelta::seconds(1);
        self.now
    }

    fn add(&mut self, sent: &Value) -> Value {
        let text = |key: &str| sent[key].as_str().unwrap_or_default().to_owned();
        let (body, labels) = match self.dialect {
            Dialect::GitHub => (text("body"), names(&sent["labels"])),
            Dialect::GitLab => (text("description"), text("labels").split(',').map(str::to_owned).collect()),
        };
        self.issues.push(Kept {
            title: text("title"),
            body,
            labels,
            assignees: names(&sent["assignees"]),
            closed: None,
            comments: Vec::new(),
            is_gone: false,
            is_locked: false,
            is_own: true,
            own_comments: Vec::new(),
        });
        self.shown(self.issues.len() - 1)
    }

    fn shown(&self, at: usize) -> Value {
        let issue = &self.issues[at];
        let closed_at = issue.closed.as_ref().map(|(at, _)| at.to_rfc3339());
        let state = match (&issue.closed, self.dialect) {
            (Some(_), _) => "closed",
            (None, Dialect::GitHub) => "open",
            (None, Dialect::GitLab) => "opened",
        };
        match self.dialect {
            Dialect::GitHub => {
                json!({
                    "number": at + 1, "body": issue.body, "state": state, "closed_at": closed_at,
                    "user": author(issue.is_own),
                })
            }
            Dialect::GitLab => json!({
                "iid": at + 1, "description": issue.body, "state": state, "closed_at": closed_at, "moved_to_id": null,
                "author": author(issue.is_own),
            }),
        }
    }

    fn check(&self, asked: &Asked) -> Option<Said> {
        let (header, value) = match self.dialect {
            Dialect::GitHub => ("authorization", format!("Bearer {TOKEN}")),
            Dialect::GitLab => ("private-token", TOKEN.to_owned()),
        };
        assert!(self.dialect == Dialect::GitLab || asked.header("x-github-api-version") == "2022-11-28");
        assert!(asked.header("user-agent").starts_with("provwatch/"));
        (asked.header(header) != value).then(|| Said::json(401, &json!({ "message": "Bad credentials" })))
    }

    fn invalid(body: &Value) -> bool {
        let too_long = |key: &str, most: usize| body[key].as_str().is_some_and(|text| text.chars().count() > most);
        let is_unknown = names(&body["assignees"]).iter().any(|name| name == "nemo");
        too_long("title", 255) || too_long("body", 65_536) || too_long("description", 1_000_000) || is_unknown
    }

    fn does(&mut self, asked: &Asked) -> Said {
        let (method, path) = asked.line.split_once(' ').unwrap();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        if path == "/user" {
            return Said::json(200, &author(true));
        }
        let base = match self.dialect {
            Dialect::GitHub => "/repos/acme/alerts/issues",
            Dialect::GitLab => "/projects/acme%2Fsec%2Falerts/issues",
        };
        let below = path.strip_prefix(base).unwrap_or_else(|| panic!("{path}")).trim_start_matches('/');
        let (number, comments) = below.split_once('/').unwrap_or((below, ""));
        if number.is_empty() {
            return self.list_or_add(method, query, asked);
        }
        let at = number.parse::<usize>().unwrap() - 1;
        match self.issues.get(at) {
            Some(issue) if !issue.is_gone => {}
            _ => return Said::json(404, &json!({ "message": "Not Found" })),
        }
        match (method, comments) {
            ("GET", "") => Said::json(200, &self.shown(at)),
            ("GET", _) => self.comments(at, query),
            ("POST", _) => self.comment(at, &asked.body),
            _ => self.change(at, &asked.body),
        }
    }

    fn list_or_add(&mut self, method: &str, query: &str, asked: &Asked) -> Said {
        if method == "POST" {
            let refused = json!({ "message": "Validation Failed", "errors": [{ "field": "assignees" }] });
            return if Self::invalid(&asked.body) {
                Said::json(422, &refused)
            } else {
                Said::json(201, &self.add(&asked.body))
            };
        }
        assert!(query.contains("labels=provwatch&") && query.contains("2026-03-01T00%3A24%3A10Z"), "{query}");
        let all = (0..self.issues.len()).rev().filter(|at| !self.issues[*at].is_gone).map(|at| self.shown(at));
        Said::json(200, &page(all.collect(), query))
    }

    fn comments(&self, at: usize, query: &str) -> Said {
        let issue = &self.issues[at];
        let shown = |((body, at), own): (&(String, DateTime<Utc>), &bool)| json!({ "body": body, "created_at": at.to_rfc3339(), "user": author(*own), "author": author(*own) });
        let all: Vec<Value> = issue.comments.iter().zip(&issue.own_comments).map(shown).collect();
        let all = if self.dialect == Dialect::GitLab { all.into_iter().rev().collect() } else { all };
        Said::json(200, &page(all, query))
    }

    fn comment(&mut self, at: usize, body: &Value) -> Said {
        if self.issues[at].is_locked {
            return Said::json(403, &json!({ "message": "Unable to create comment because issue is locked." }));
        }
        if Self::invalid(body) {
            return Said::json(422, &json!({ "message": "Validation Failed" }));
        }
        let now = self.tick();
        self.issues[at].comments.push((body["body"].as_str().unwrap().to_owned(), now));
        self.issues[at].own_comments.push(true);
        Said::json(201, &json!({ "id": 1 }))
    }

    fn change(&mut self, at: usize, body: &Value) -> Said {
        let now = self.tick();
        let wish = body["state"].as_str().or(body["state_event"].as_str()).unwrap();
        let reason = body["state_reason"].as_str().unwrap_or(wish).to_owned();
        self.issues[at].closed = wish.starts_with("close").then_some((now, reason));
        Said::json(200, &self.shown(at))
    }
}

fn author(is_own: bool) -> Value {
    json!({ "id": if is_own { OWN } else { OTHER }, "login": if is_own { "provwatch" } else { "mallory" } })
}

fn names(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn page(all: Vec<Value>, query: &str) -> Value {
    let number: usize =
        query.split('&').find_map(|pair| pair.strip_prefix("page=")).map_or(1, |page| page.parse().unwrap());
    assert!(query.contains("per_page=100"));
    Value::Array(all.into_iter().skip((number - 1) * 100).take(100).collect())
}

impl Service for Forge {
    fn answer(&mut self, asked: &Asked) -> Said {
        self.lines.push(asked.line.clone());
        if let Some(refused) = self.check(asked) {
            return refused;
        }
        match self.faults.of(&asked.line) {
            Some((false, said)) => said,
            Some((true, said)) => {
                self.does(asked);
                said
            }
            None => self.does(asked),
        }
    }
}

//! A finding of the health check.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Alarm, Id, level::Level};

/// One problem that the health check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// Its level.
    pub level: Level,
    /// Its id among all findings; see `docs/OPERATIONS.md`.
    #[schemars(with = "String")]
    pub id: Id,
    /// Its subject: a source, a package, a subscription; empty where there is only one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// The problem, one sentence without a full stop.
    pub sentence: String,
    /// The remedy, one sentence without a full stop.
    pub next: String,
    /// Its alert, once it has lasted for long enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<Alarm>,
}

impl Finding {
    /// A finding with the level of its id.
    pub(super) fn new(
        id: Id,
        subject: impl Into<String>,
        sentence: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self {
            level: id.about().level,
            id,
            subject: subject.into(),
            sentence: sentence.into(),
            next: next.into(),
            alert: None,
        }
    }

    /// This finding with its alert, if it has lasted for long enough.
    pub(super) fn alarming(self, lasts: bool, alarm: impl FnOnce() -> Alarm) -> Self {
        Self { alert: lasts.then(alarm), ..self }
    }
}

/// The highest level of several findings; `None`: there are none.
pub fn level(findings: &[Finding]) -> Option<Level> {
    findings.iter().map(|finding| finding.level).max()
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The key that makes its alert the same when it is raised again.
    pub key: String,
    /// Its verdict.
    pub verdict: Verdict,
}

/// The verdict of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is a problem. Its alert is raised; where it carries none, an open one stays open.
    Found(Box<Finding>),
    /// Neither is known: an open alert stays open.
    Unclear,
    /// There is no problem. An open alert is resolved, for this reason.
    Over(&'static str),
}

impl Check {
    pub(super) fn found(key: impl Into<String>, finding: Finding) -> Self {
        Self { key: key.into(), verdict: Verdict::Found(Box::new(finding)) }
    }

    pub(super) fn unclear(key: impl Into<String>) -> Self {
        Self { key: key.into(), verdict: Verdict::Unclear }
    }

    pub(super) fn over(key: impl Into<String>, reason: &'static str) -> Self {
        Self { key: key.into(), verdict: Verdict::Over(reason) }
    }

    /// A finding if there is one, else no problem.
    pub(super) fn of(key: impl Into<String>, finding: Option<Finding>, over: &'static str) -> Self {
        let key = key.into();
        match finding {
            Some(finding) => Self::found(key, finding),
            None => Self::over(key, over),
        }
    }
}

//! A finding of the health check.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Alarm, Id, level::Level};

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// Which of the findings that there are; see `docs/OPERATIONS.md`.
    #[schemars(with = "String")]
    pub id: Id,
    /// What it is about: a source, a package, a subscription; empty where there is only one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// What is the case, one sentence without a full stop.
    pub sentence: String,
    /// What to do about it, one sentence without a full stop.
    pub next: String,
    /// The alert that it is, once it has lasted for long enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<Alarm>,
}

impl Finding {
    /// A finding of the level that its id has.
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

    /// This finding as an alert, if it has lasted for long enough.
    pub(super) fn alarming(self, lasts: bool, alarm: impl FnOnce() -> Alarm) -> Self {
        Self { alert: lasts.then(alarm), ..self }
    }
}

/// The level of several findings together; `None`: all is well.
pub fn level(findings: &[Finding]) -> Option<Level> {
    findings.iter().map(|finding| finding.level).max()
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What makes its alert the same when it is raised again.
    pub key: String,
    /// What was found.
    pub verdict: Verdict,
}

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Something is not as it should be. Its alert is raised; where it carries none, one that is open stays open.
    Found(Box<Finding>),
    /// Neither is known: an alert that is open stays open.
    Unclear,
    /// It is as it should be. An open alert is resolved, for this reason.
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

    /// A finding if there is one, else all is well.
    pub(super) fn of(key: impl Into<String>, finding: Option<Finding>, over: &'static str) -> Self {
        let key = key.into();
        match finding {
            Some(finding) => Self::found(key, finding),
            None => Self::over(key, over),
        }
    }
}

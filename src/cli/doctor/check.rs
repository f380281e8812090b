//! The result of one check by `provwatch doctor`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::health::{Finding, Level};

/// The name of the clock in checks.
pub(super) const CLOCK: &str = "clock";

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// As the operator chose it, and less than there could be.
    Limited,
    /// It works, and needs a look.
    Warning,
    /// It does not work.
    Failed,
    /// The configuration or the watchlist is wrong.
    Misconfigured,
}

/// One thing that was looked at.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Check {
    /// What.
    pub name: String,
    /// How it ended.
    pub state: State,
    /// What was found.
    pub detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Check {
    /// A check without a next step.
    pub(super) fn new(name: impl Into<String>, state: State, detail: impl Into<String>) -> Self {
        Self { name: name.into(), state, detail: detail.into(), next: None }
    }

    /// Adds the next step.
    pub(super) fn next(self, step: impl Into<String>) -> Self {
        Self { next: Some(step.into()), ..self }
    }
}

/// A check with the finding of `provwatch status`.
pub fn shared(name: &str, finding: &Finding) -> Check {
    let state = match finding.level {
        Level::Limited => State::Limited,
        Level::Unhealthy => State::Failed,
    };
    Check::new(name, state, finding.sentence.clone()).next(finding.next.clone())
}

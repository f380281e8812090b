//! The order of what to do about an alert: contain, find out, decide, tell.

use schemars::JsonSchema;
use serde::Serialize;

/// A part of the response to an alert, in the order in which it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Stop the harm, and keep the evidence.
    Contain,
    /// Find the affected machines and the cause.
    FindOut,
    /// Record the decision.
    Decide,
    /// Inform others.
    Tell,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 4] = [Self::Contain, Self::FindOut, Self::Decide, Self::Tell];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Contain => "Contain",
            Self::FindOut => "Find out",
            Self::Decide => "Decide",
            Self::Tell => "Tell",
        }
    }
}

/// One command line, its words quoted for a shell.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NextStep {
    /// The part of the response that it belongs to.
    pub stage: Stage,
    /// What it is for.
    pub purpose: &'static str,
    /// The command.
    pub line: String,
}

/// What a command cannot do: a sentence or two of one stage.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Advice {
    /// The part of the response that it belongs to.
    pub stage: Stage,
    /// The sentences.
    pub text: String,
}

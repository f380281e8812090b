//! The outcomes of checking a release.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What came of looking at a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Part of the history that was there on the first sight.
    Learned,
    /// Nothing unusual.
    Clean,
    /// It raised an alert.
    Alerted,
    /// Unusual, but not enough for an alert; it waits for clean releases to follow.
    Held,
    /// Its evidence could not be had or not be checked.
    Unchecked,
    /// What the registry says of it could not be read.
    Unreadable,
}

impl Outcome {
    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Learned => "learned",
            Self::Clean => "clean",
            Self::Alerted => "alerted",
            Self::Held => "held",
            Self::Unchecked => "unchecked",
            Self::Unreadable => "unreadable",
        }
    }
}

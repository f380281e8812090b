//! The outcomes of checking a release.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The outcome of checking a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Part of the history that was there at the first check.
    Learned,
    /// Nothing unusual.
    Clean,
    /// It raised an alert.
    Alerted,
    /// Unusual, but not enough for an alert; it waits for clean releases to follow.
    Held,
    /// Its evidence was unavailable or could not be checked.
    Unchecked,
    /// Its entry in the registry's document could not be read.
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

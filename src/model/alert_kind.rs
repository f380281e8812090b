//! The kinds of alerts.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The subject of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlertKind {
    /// One release.
    Release,
    /// Several releases that belong together.
    Campaign,
    /// A transparency log, or an entry in one.
    Log,
    /// provwatch itself: a source without news, a receiver that does not answer.
    Operation,
}

impl AlertKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Release, Self::Campaign, Self::Log, Self::Operation];

    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Campaign => "campaign",
            Self::Log => "log",
            Self::Operation => "operation",
        }
    }
}

impl FromStr for AlertKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| format!("unknown kind {text:?}; expected release, campaign, log or operation"))
    }
}

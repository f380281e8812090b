//! The kinds of alerts.

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

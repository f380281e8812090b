//! The growth states of a log: active, retired or drained.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a log still grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogState {
    /// It grows.
    Active,
    /// Another one has replaced it.
    Retired,
    /// Another one has replaced it, and it was read to its end.
    Drained,
}

impl LogState {
    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Drained => "drained",
        }
    }
}

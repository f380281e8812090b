//! Where alerts stand.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where an alert stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlertStatus {
    /// Nobody has looked yet.
    #[default]
    Open,
    /// An operator is looking into it, perhaps until a time.
    Acknowledged,
    /// Put off until a time.
    Snoozed,
    /// Done.
    Resolved,
}

impl AlertStatus {
    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
        }
    }
}

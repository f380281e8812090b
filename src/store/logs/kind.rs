//! The protocols of logs.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The protocol of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogKind {
    /// Rekor v1.
    #[serde(rename = "rekor-v1")]
    RekorV1,
    /// Rekor v2 and other logs of tiles.
    Tiles,
    /// A CT log.
    Ct,
    /// A static CT log.
    StaticCt,
}

impl LogKind {
    /// Whether its entries are certificates, and not signatures.
    pub const fn holds_certificates(self) -> bool {
        matches!(self, Self::Ct | Self::StaticCt)
    }

    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RekorV1 => "rekor-v1",
            Self::Tiles => "tiles",
            Self::Ct => "ct",
            Self::StaticCt => "static-ct",
        }
    }
}

impl fmt::Display for LogKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

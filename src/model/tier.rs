//! Tiers: the importance of a watched package.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How important a package is. Ordered: `Normal < Important < Critical`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// The usual tier.
    #[default]
    Normal,
    /// A package that many others depend on.
    Important,
    /// A package whose takeover would be an emergency.
    Critical,
}

impl Tier {
    /// From the least to the most important.
    pub const ALL: [Self; 3] = [Self::Normal, Self::Important, Self::Critical];

    /// The word of the watchlist files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Important => "important",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Tier {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|tier| tier.as_str() == text)
            .ok_or_else(|| format!("unknown tier {text:?}; expected critical, important or normal"))
    }
}

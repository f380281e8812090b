//! Log violations: the ways in which a log can break its promises.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a log did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogViolation {
    /// It signed two trees that cannot be of one history.
    Fork,
    /// It signed two trees of one size with different roots.
    SameSize,
    /// It rolled back: it signs a smaller tree of the same history.
    Rollback,
    /// It served no valid proof between two trees that it signed.
    Unproven,
    /// The entries that it serves do not hash to the root that it signed.
    Entries,
    /// It leaves out entries that it signed.
    Omission,
    /// It serves a checkpoint that is not its own: of another origin, or signed with another key, or malformed.
    Checkpoint,
    /// Its checkpoint stays the same though it should grow.
    Stale,
    /// It answers in a form that cannot be read.
    Malformed,
    /// It signs with another key than before.
    KeyChanged,
}

impl LogViolation {
    /// Every violation.
    pub const ALL: [Self; 10] = [
        Self::Fork,
        Self::SameSize,
        Self::Rollback,
        Self::Unproven,
        Self::Entries,
        Self::Omission,
        Self::Checkpoint,
        Self::Stale,
        Self::Malformed,
        Self::KeyChanged,
    ];

    /// The fingerprint's subject of a violation by a tree.
    pub fn subject(self, tree: &str) -> String {
        format!("{} {tree}", self.accusation())
    }

    /// The word for the report: two trees of one size are a fork whose branches have the same length.
    pub const fn accusation(self) -> &'static str {
        match self {
            Self::SameSize => Self::Fork.as_str(),
            other => other.as_str(),
        }
    }

    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::SameSize => "same-size",
            Self::Rollback => "rollback",
            Self::Unproven => "unproven",
            Self::Entries => "entries",
            Self::Omission => "omission",
            Self::Checkpoint => "checkpoint",
            Self::Stale => "stale",
            Self::Malformed => "malformed",
            Self::KeyChanged => "key-changed",
        }
    }
}

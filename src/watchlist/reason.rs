//! The reason why a package is watched.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Tier, entry::Entry};
use crate::model::Package;

/// The reason why a package is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match<'a> {
    /// Its tier.
    pub tier: Tier,
    /// The entry that decides.
    pub entry: &'a Entry,
}

/// The whole story of a package: [`Watchlist::why`](super::Watchlist::why).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Why {
    /// The package.
    pub package: Package,
    /// Its tier, if it is watched.
    pub tier: Option<Tier>,
    /// The patterns that include it, the deciding one first.
    pub included_by: Vec<Reason>,
    /// The patterns that exclude it.
    pub excluded_by: Vec<Reason>,
}

/// One pattern that speaks of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reason {
    /// The pattern.
    pub pattern: String,
    /// Its tier; exclusions have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// The operator's remark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The file, or `curated:npm`.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: u32,
}

impl Reason {
    pub(super) fn new(pattern: String, entry: &Entry, tier: Option<Tier>) -> Self {
        Self {
            pattern,
            tier,
            note: entry.note.as_deref().map(str::to_owned),
            file: entry.file.to_path_buf(),
            line: entry.line,
        }
    }
}

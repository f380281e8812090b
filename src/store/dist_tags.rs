//! The last seen dist-tags of a package: the registry's names for some of its versions.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The last seen dist-tags of a package, by name.
pub type SeenTags = BTreeMap<String, SeenTag>;

/// A dist-tag as it was last seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenTag {
    /// The version that it names.
    pub version: String,
    /// Since when it was seen to.
    pub since: DateTime<Utc>,
    /// The version that it named before, if that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// How often it was seen to move to a newer version since it last moved back.
    #[serde(default)]
    pub moves: u32,
}

impl SeenTag {
    /// A dist-tag that was not seen before.
    pub fn new(version: &str, since: DateTime<Utc>) -> Self {
        Self { version: version.to_owned(), since, before: None, moves: 0 }
    }

    /// The dist-tag after a move.
    #[must_use]
    pub fn moved(&self, to: &str, at: DateTime<Utc>, is_forward: bool) -> Self {
        let moves = if is_forward { self.moves.saturating_add(1) } else { 0 };
        Self { version: to.to_owned(), since: at, before: Some(self.version.clone()), moves }
    }
}

//! The section `[watchlist]`: the packages that are watched.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[watchlist]`: the packages that provwatch watches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WatchlistSection {
    /// The watchlist files. Relative paths start at the configuration's folder. `provwatch watch add` writes to the
    /// first file.
    #[schemars(length(min = 1))]
    pub files: Vec<PathBuf>,
}

impl Default for WatchlistSection {
    fn default() -> Self {
        Self { files: vec![PathBuf::from("watchlist.toml")] }
    }
}

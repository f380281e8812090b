//! The section `[store]`: the path of the database.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[store]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSection {
    /// The database file. Default: `provwatch.db` in systemd's `StateDirectory`, in `/var/lib/provwatch` for root, or
    /// in `~/.local/share/provwatch` (below `$XDG_DATA_HOME` where it is set).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
}

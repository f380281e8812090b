//! The section `[inventory]`: the folder in which a CI leaves the lock files of projects.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[inventory]`: which projects use which packages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InventorySection {
    /// A folder in which your CI leaves lock files and bills of materials: a folder for each project, named after it.
    /// docs/OPERATIONS.md, *Know where it is used*, has an example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
}

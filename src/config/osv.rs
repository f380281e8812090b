//! The section `[osv]`: reports of others that releases are malicious.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Period;

/// `[osv]`: OSV's reports of malicious packages, as a second opinion. provwatch reads them from this machine and downloads
/// nothing: a timer of yours keeps them up to date. docs/OPERATIONS.md, *Reports of others*, has an example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OsvSection {
    /// A folder with reports in the form of OSV, in it or in folders below it, or a zip file with them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<PathBuf>,
    /// The beginnings of the ids that count. The usual one is that of reports of malicious packages; vulnerabilities have
    /// others.
    pub ids: Vec<String>,
    /// How often provwatch looks for changed reports.
    pub every: Period,
    /// The age of the newest report from which `provwatch status` calls the source stale.
    pub stale_after: Period,
}

impl Default for OsvSection {
    fn default() -> Self {
        Self { source: None, ids: vec!["MAL-".to_owned()], every: Period::hours(1), stale_after: Period::hours(72) }
    }
}

//! The level of a finding.

use schemars::JsonSchema;
use serde::Serialize;

/// The level of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It is shown; the exit code stays 0.
    Limited,
    /// `provwatch status` exits with 5.
    Unhealthy,
}

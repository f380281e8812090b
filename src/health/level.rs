//! The level of a finding: how much it matters.

use schemars::JsonSchema;
use serde::Serialize;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Shown; the exit code stays 0.
    Limited,
    /// `provwatch status` exits with 5.
    Unhealthy,
}

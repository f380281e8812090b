//! The section `[daemon]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Period;

/// `[daemon]`: how the daemon works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DaemonSection {
    /// How many packages of one registry are checked at once, half of them other than those that a feed announced.
    #[schemars(range(min = 1, max = 256))]
    pub concurrency: u32,
    /// When a release that could not be checked is re-checked, counted from the previous attempt. After the last, it
    /// stays "could not check".
    #[schemars(length(min = 1))]
    pub recheck: Vec<Period>,
    /// How often every watched package is compared with its registry, whatever the feeds say.
    pub reconcile_interval: Period,
    /// How long work under way may take to end when the daemon is stopped.
    pub shutdown_grace: Period,
}

impl Default for DaemonSection {
    fn default() -> Self {
        Self {
            concurrency: 8,
            recheck: vec![Period::minutes(5), Period::minutes(30), Period::hours(2), Period::hours(12)],
            reconcile_interval: Period::hours(24),
            shutdown_grace: Period::seconds(20),
        }
    }
}

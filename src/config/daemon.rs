//! The section `[daemon]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Period;

/// `[daemon]`: intervals and concurrency of the daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DaemonSection {
    /// How many packages of one registry provwatch checks at once. Packages that no feed announced, that failed before,
    /// or that take more than one turn get at most half of these slots.
    #[schemars(range(min = 1, max = 256))]
    pub concurrency: u32,
    /// The times after which provwatch re-checks a release that it could not check, each counted from the previous
    /// attempt. After the last one the release stays "could not check".
    #[schemars(length(min = 1))]
    pub recheck: Vec<Period>,
    /// How often provwatch compares every watched package with its registry, even if no feed announced a change.
    pub reconcile_interval: Period,
    /// How long the daemon waits for running work when it stops.
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

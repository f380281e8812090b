//! Repetitions of an alert: how many later releases showed the same deviation, and the newest of them.

use std::fmt;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ReleaseId;

/// The later releases that repeat the deviation of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Repeated {
    /// How many, without the release that the alert is about.
    pub count: u64,
    /// When the newest was published.
    pub last_at: DateTime<Utc>,
    /// The newest.
    pub newest: ReleaseId,
}

/// `by 2 later releases; the newest is 1.2.6, published 2026-06-01 12:00 UTC`. The version is in its publisher's words.
impl fmt::Display for Repeated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, many) = (self.count, if self.count == 1 { "" } else { "s" });
        let at = self.last_at.format("%Y-%m-%d %H:%M UTC");
        write!(f, "by {count} later release{many}; the newest is {}, published {at}", self.newest.version())
    }
}

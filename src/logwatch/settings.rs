//! Settings of log following, from the configuration.

use std::collections::{BTreeSet, HashMap};

use chrono::TimeDelta;
use url::Url;

use super::log_list::Instance;
use crate::{
    store::{LogKind, MatchRule},
    tlog::{CosignerKey, Pattern, rekor_v1::Budget},
};

/// Settings of log following.
#[derive(Debug)]
pub struct LogSettings {
    /// Whether logs are followed at all.
    pub enabled: bool,
    /// Whether every log of the trust root is followed.
    pub trust_root: bool,
    /// Whether the trust root is the operator's own, and with it the logs that it names.
    pub own_trust_root: bool,
    /// The kinds of log that are tailed.
    pub tail: BTreeSet<LogKind>,
    /// The wait between polls of a log.
    pub interval: std::time::Duration,
    /// How long a log that still grows may stay at one size.
    pub stale_after: TimeDelta,
    /// How long a release may take to explain an entry.
    pub window: TimeDelta,
    /// How long a run explains a signature of one's own repositories before it has ended.
    pub run_window: TimeDelta,
    /// Requests at once to a log of tiles or a CT log.
    pub in_flight: usize,
    /// The budget of a tail of Rekor v1.
    pub rekor_v1: Budget,
    /// The identities to watch besides the repositories of watched packages.
    pub patterns: Vec<Pattern>,
    /// The rules of `[[logs.match]]`, one for each pattern.
    pub matches: Vec<MatchRule>,
    /// Logs that only the configuration names.
    pub instances: Vec<Instance>,
    /// The replaced URLs of logs of the trust root, by the URL in the trust root.
    pub urls: HashMap<String, Url>,
    /// The witnesses whose cosignatures are shown.
    pub witnesses: Vec<CosignerKey>,
}

impl LogSettings {
    /// Whether the logs of the trust root are followed.
    pub fn follows_trust_root(&self) -> bool {
        self.enabled && self.trust_root
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            trust_root: true,
            own_trust_root: false,
            tail: BTreeSet::from([LogKind::Tiles]),
            interval: std::time::Duration::from_secs(20),
            stale_after: TimeDelta::hours(6),
            window: TimeDelta::hours(2),
            run_window: TimeDelta::hours(2),
            in_flight: 6,
            rekor_v1: Budget { in_flight: 32, entries_per_second: None },
            patterns: Vec::new(),
            matches: Vec::new(),
            instances: Vec::new(),
            urls: HashMap::new(),
            witnesses: Vec::new(),
        }
    }
}

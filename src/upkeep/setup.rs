//! The configured facts that health judgements depend on.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::reports::ReportSource;
use crate::{
    health::Forges,
    model::{AlertKind, RegistryKey},
};

/// The parts of the configuration that health depends on.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The feeds that are read.
    pub feeds: Vec<&'static str>,
    /// The source of the trust root.
    pub trust: TrustFrom,
    /// How often it is refreshed.
    pub trust_interval: TimeDelta,
    /// Whether transparency logs are followed.
    pub logs: bool,
    /// The URLs of the logs that the configuration names.
    pub log_urls: Vec<String>,
    /// The forges that are queried; `None`: they are switched off.
    pub forges: Option<Forges>,
    /// The subscriptions, and the kinds of alerts that each receives at the severities that matter.
    pub subscriptions: Vec<(String, Vec<AlertKind>)>,
    /// The kinds of which each subscription receives every critical alert at once.
    pub at_once: BTreeMap<String, Vec<AlertKind>>,
    /// The subscriptions with quiet hours.
    pub with_quiet_hours: BTreeSet<String>,
    /// The registries that are switched on.
    pub registries: Vec<RegistryKey>,
    /// Those of them without a feed.
    pub without_feed: Vec<WithoutFeed>,
    /// The reports of others, if they are read.
    pub reports: Option<ReportSource>,
}

/// The source of the trust root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustFrom {
    /// The embedded one.
    Embedded,
    /// A file.
    File,
    /// A TUF repository, with regular refreshes.
    Tuf,
}

/// A registry without a feed: its packages are checked from time to time.
#[derive(Clone, Debug)]
pub struct WithoutFeed {
    /// The registry.
    pub registry: RegistryKey,
    /// Its name among the sources.
    pub source: String,
    /// How often each of its packages is checked.
    pub every: TimeDelta,
}

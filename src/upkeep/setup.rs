//! The configured facts that health judgements depend on.

use chrono::TimeDelta;

use crate::{
    health::Forges,
    model::{AlertKind, RegistryKey},
};

/// What the configuration says that health depends on.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The feeds that are read.
    pub feeds: Vec<&'static str>,
    /// Where the trust root comes from.
    pub trust: TrustFrom,
    /// How often it is refreshed.
    pub trust_interval: TimeDelta,
    /// Whether transparency logs are followed.
    pub logs: bool,
    /// Where the logs are read that the configuration names.
    pub log_urls: Vec<String>,
    /// The forges that are asked; `None`: none is.
    pub forges: Option<Forges>,
    /// The subscriptions, and the kinds of alerts that each takes at the severities that matter.
    pub subscriptions: Vec<(String, Vec<AlertKind>)>,
    /// The registries that are switched on.
    pub registries: Vec<RegistryKey>,
    /// Those of them without a feed.
    pub without_feed: Vec<WithoutFeed>,
}

/// Where the trust root comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustFrom {
    /// It is the one that is built in.
    Embedded,
    /// A file.
    File,
    /// A TUF repository, again and again.
    Tuf,
}

/// A registry without a feed: its packages are looked at now and again.
#[derive(Clone, Debug)]
pub struct WithoutFeed {
    /// Which.
    pub registry: RegistryKey,
    /// Under which name it stands among the sources.
    pub source: String,
    /// How often each of its packages is looked at.
    pub every: TimeDelta,
}

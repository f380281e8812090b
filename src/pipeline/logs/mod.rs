//! Following transparency logs: every checkpoint is audited, every entry of a tailed log is hashed and sifted, and what a
//! log does wrong becomes an alert with its evidence.
//!
//! ```text
//! trust root, configuration ─► followed ─► poll, mirrors ─► audit ─► tail ─► store ─► correlate ─► alerts
//!                                 ▲              │            │        ├──► herald ─► alerts of [[logs.match]]
//!                             recognize          └────────────┴────────┴──► accuse ─► evidence, alert
//! ```
//! A log has two positions. *Downloaded* moves with the pages, in the transaction that stores what was found in them;
//! *verified* follows when the entries up to it hash to a root that the log signed, and only then is anything that was
//! found believed. If they do not, downloaded goes back to verified.

mod accuse;
mod audit;
mod catching_up;
mod correlate;
mod find;
mod flood;
mod followed;
mod herald;
mod left;
mod limits;
mod listeners;
mod lookup;
mod marks;
mod matching;
mod mirrors;
mod poll;
mod recognize;
mod scan;
mod standing;
mod tail;
mod trees;
mod trouble;
mod trusted;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, RwLock},
};

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

pub use catching_up::{OnceInAWhile, how_far};
pub use find::{FoundEntry, Wanted};
pub use followed::FollowedLog;
pub(super) use left::logs_of;
pub use matching::Matcher;
pub use poll::Poll;
pub use scan::{ScanError, ScanSummary, Scanned, StartError};
pub use trusted::NotFollowed;

use crate::{
    attest::TrustedLogHolds,
    store::{LogKind, MatchRule},
    tlog::{CosignerKey, Pattern, Watch, key_id},
};

/// How logs are followed.
#[derive(Debug)]
pub struct LogSettings {
    /// Whether they are at all.
    pub enabled: bool,
    /// Whether every log of the trust root is followed.
    pub trust_root: bool,
    /// Whether the trust root is the operator's own, and so are the logs that it names.
    pub own_trust_root: bool,
    /// The kinds of log that are read whole.
    pub tail: BTreeSet<LogKind>,
    /// The wait between polls of a log.
    pub interval: std::time::Duration,
    /// How long a log that still grows may stand still.
    pub stale_after: TimeDelta,
    /// How long a release may take to explain an entry.
    pub window: TimeDelta,
    /// Requests at once to a log of tiles or a CT log.
    pub in_flight: usize,
    /// What a tail of Rekor v1 may use.
    pub rekor_v1: crate::tlog::rekor_v1::Budget,
    /// Whom to watch besides the repositories of watched packages.
    pub patterns: Vec<Pattern>,
    /// What is told of whom, one for each pattern.
    pub matches: Vec<MatchRule>,
    /// Logs that no trust root names.
    pub instances: Vec<Instance>,
    /// Where logs of the trust root are read instead, by the URL that it gives them.
    pub urls: HashMap<String, Url>,
    /// Whose cosignatures are shown.
    pub witnesses: Vec<CosignerKey>,
}

impl LogSettings {
    /// Whether what the trust root names is followed.
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
            in_flight: 6,
            rekor_v1: crate::tlog::rekor_v1::Budget { in_flight: 32, entries_per_second: None },
            patterns: Vec::new(),
            matches: Vec::new(),
            instances: Vec::new(),
            urls: HashMap::new(),
            witnesses: Vec::new(),
        }
    }
}

/// A log that the configuration names.
#[derive(Clone, Debug)]
pub struct Instance {
    /// What the operator calls it.
    pub name: String,
    /// How it is read.
    pub kind: LogKind,
    /// Where.
    pub url: Url,
    /// The origin of its checkpoints; for Rekor v1 without the number of a tree.
    pub origin: String,
    /// Its public key, `SubjectPublicKeyInfo`.
    pub spki: Vec<u8>,
    /// Whether it is read whole, if that differs from its kind.
    pub tail: Option<bool>,
    /// When it began to sign, where that is known.
    pub since: Option<DateTime<Utc>>,
    /// When another log takes its place, where that is known.
    pub until: Option<DateTime<Utc>>,
    /// Kind, URL and origin are a guess that the log's own answer may correct: what the guess is made from. `None`: the
    /// operator said so.
    pub guess: Option<Guess>,
}

impl Instance {
    /// SHA-256 over its public key, hexadecimal.
    fn key_id(&self) -> String {
        key_id(&self.spki)
    }
}

/// What a trust root says of a log besides its key.
#[derive(Clone, Debug)]
pub struct Guess {
    /// What it holds.
    pub holds: TrustedLogHolds,
    /// Its URL.
    pub base: Url,
    /// Where the operator says that it is read instead.
    pub fixed: Option<Url>,
    /// Whether the log has answered as what it is taken for: then it is not a guess any more.
    pub is_confirmed: bool,
}

impl Guess {
    /// Below which URL it is looked for.
    fn place(&self) -> &Url {
        self.fixed.as_ref().unwrap_or(&self.base)
    }
}

/// What the pipeline keeps in memory about logs. All of it can be lost.
#[derive(Debug, Default)]
pub(super) struct LogMemory {
    /// Who is watched, and when that was found out.
    watch: RwLock<Option<(DateTime<Utc>, Arc<Watch>)>>,
    /// What the logs of the trust root turned out to be, by the ids of their keys. `None`: not read from the store yet.
    recognized: Mutex<Option<HashMap<String, recognize::Recognized>>>,
}

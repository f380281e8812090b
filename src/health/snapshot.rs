//! The input of the health check: plain data, independent of its source.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Runner, WriteFailure};
use crate::model::{AlertId, AlertKind, Severity};

/// The state of provwatch at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The process that works on the database.
    pub runner: Runner,
    /// The feeds of the registries that are switched on.
    pub sources: Vec<Source>,
    /// The source of the trust root.
    pub trust: Trust,
    /// The transparency logs; `None`: they are switched off.
    pub logs: Option<Vec<Log>>,
    /// The mirrors of logs that are read at several URLs.
    pub log_mirrors: Vec<LogMirror>,
    /// The forges; `None`: they are switched off.
    pub forges: Option<Forges>,
    /// The queue of packages.
    pub queue: Queue,
    /// The configured subscriptions, and others with deliveries.
    pub subscriptions: Vec<Subscription>,
    /// The database and its disk.
    pub storage: Storage,
    /// The watchlist on disk.
    pub watchlist: File,
    /// The configuration on disk.
    pub configuration: File,
    /// The trust root and the keys on disk.
    pub trust_files: File,
    /// Open alerts about logs and about provwatch itself, high or worse.
    pub alerts: Vec<OpenAlert>,
    /// Entries of the watchlist that are not watched, as their registry is switched off.
    pub switched_off: Vec<String>,
    /// Watched names that their registry does not have.
    pub unknown: Vec<String>,
    /// Registries and mirrors whose documents leave fields out.
    pub mirrors: Vec<Mirror>,
    /// Releases that could not be checked, and whose alert was not acknowledged.
    pub unchecked: Vec<Unchecked>,
    /// The active silences that hide much.
    pub silences: Vec<BroadSilence>,
}

/// A silence that holds critical alerts or whole kinds back.
#[derive(Clone, Debug)]
pub struct BroadSilence {
    /// Its number.
    pub id: i64,
    /// Who added it.
    pub by: String,
    /// When it ends.
    pub until: DateTime<Utc>,
    /// Whether it can hold critical alerts back.
    pub critical: bool,
}

/// A feed, or the repository of the trust root.
#[derive(Clone, Debug, Default)]
pub struct Source {
    pub name: String,
    /// When it was last read.
    pub last_success: Option<DateTime<Utc>>,
    /// The last error.
    pub last_error: Option<String>,
    /// The interval between two reads, where it is longer than that of a feed.
    pub every: TimeDelta,
}

/// The source of the trust root.
#[derive(Clone, Debug, Default)]
pub enum Trust {
    /// The trust root that this version was built with.
    Embedded,
    /// A file of the operator.
    #[default]
    File,
    Tuf(Tuf),
}

/// The state of the trust root's refresh.
#[derive(Clone, Debug, Default)]
pub struct Tuf {
    /// The trust root.
    pub root: Source,
    /// npm's keys, which come with it; the error is that of the last refresh, `None` where it brought them.
    pub npm_keys: Source,
    /// How often the repository is queried.
    pub interval: TimeDelta,
}

/// A transparency log that is followed.
#[derive(Clone, Debug)]
pub struct Log {
    pub name: String,
    /// Since when it has failed without a success.
    pub failing_since: Option<DateTime<Utc>>,
    /// The last error.
    pub last_error: Option<String>,
    /// Entries that were read and proven.
    pub entries: u64,
    /// Those of them with an unknown form.
    pub not_understood: u64,
}

/// One of the URLs of a log.
#[derive(Clone, Debug)]
pub struct LogMirror {
    pub log: String,
    pub url: String,
    /// Since when it has fewer entries than another mirror, without growing.
    pub behind_since: Option<DateTime<Utc>>,
    /// Since when it could not be read or compared, or contradicts the others.
    pub failing_since: Option<DateTime<Utc>>,
    /// The reason.
    pub last_error: Option<String>,
    /// Since when it has shown a different history from the known one.
    pub other_history_since: Option<DateTime<Utc>>,
}

/// The forges that are queried.
#[derive(Clone, Debug, Default)]
pub struct Forges {
    /// The forges with a token.
    pub with_token: Vec<String>,
    /// The forges without a token.
    pub without_token: Vec<String>,
}

/// The queue of packages.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// Packages that are due.
    pub due: u64,
    /// Since when the package that has been due for longest is due.
    pub oldest_due: Option<DateTime<Utc>>,
    /// Since when the oldest package waits.
    pub oldest: Option<DateTime<Utc>>,
    /// Packages whose last attempt failed.
    pub failing: u64,
    /// Since when the oldest of these waits.
    pub oldest_failing: Option<DateTime<Utc>>,
    /// Packages that a feed announced and that were not checked since.
    pub announced: Option<Announced>,
    /// Packages whose history is still to be read.
    pub learning: u64,
    /// Those of them whose history is partly read.
    pub first_sights: FirstSights,
}

/// Packages whose history is long and is being read in portions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstSights {
    /// The number of packages.
    pub packages: u64,
    /// Releases that are read.
    pub done: u64,
    /// Releases in all.
    pub total: u64,
}

/// Packages that a feed announced and that were not checked since.
#[derive(Clone, Debug)]
pub struct Announced {
    pub count: u64,
    /// The one that was announced first.
    pub package: String,
    /// When it was announced.
    pub since: DateTime<Utc>,
    /// The last error of its check.
    pub last_error: Option<String>,
}

/// A receiver of alerts.
#[derive(Clone, Debug, Default)]
pub struct Subscription {
    pub name: String,
    /// Whether the configuration has it.
    pub configured: bool,
    /// The kinds of alerts that it receives at the severities that matter: those about provwatch itself from medium on,
    /// others from high on.
    pub takes: Vec<AlertKind>,
    /// The kinds of which it receives every critical alert at once, and not only in a digest.
    pub at_once: Vec<AlertKind>,
    /// Whether it has quiet hours, in which deliveries that were never attempted wait.
    pub quiet_hours: bool,
    /// Whether its endpoint is disabled, because it answered that it is gone for good.
    pub gone: bool,
    /// Deliveries that are still to be made.
    pub pending: u64,
    /// Those of them whose last attempt failed.
    pub retrying: u64,
    /// Dead letters: deliveries that were given up, and that no operator put back or laid aside.
    pub failed: u64,
    /// The numbers of the latest of them, the last one first.
    pub latest_failed: Vec<i64>,
    /// Why the last one was given up.
    pub failed_why: Option<String>,
    /// Since when the oldest pending one waits.
    pub oldest_pending: Option<DateTime<Utc>>,
    /// When one was last delivered.
    pub last_success: Option<DateTime<Utc>>,
    /// When one was last given up.
    pub last_failure: Option<DateTime<Utc>>,
    /// The recipients whom the receiver refused last, the latest first.
    pub refused: Vec<RefusedRecipient>,
}

/// A recipient of a subscription whom the receiver refuses for good.
#[derive(Clone, Debug)]
pub struct RefusedRecipient {
    /// The address.
    pub address: String,
    /// When it was last refused.
    pub at: DateTime<Utc>,
    /// The receiver's answer.
    pub answer: String,
}

/// The database and its disk.
#[derive(Clone, Debug, Default)]
pub struct Storage {
    /// The database file.
    pub path: String,
    /// Free space beside it, in bytes; `None`: not known.
    pub free: Option<u64>,
    /// The last failed write of this process. The daemon's comes with its heartbeat.
    pub write_failure: Option<WriteFailure>,
    /// Rows that were lately found damaged.
    pub damaged: Damage,
}

/// Rows that were lately found damaged and were set aside.
#[derive(Clone, Debug, Default)]
pub struct Damage {
    pub count: u64,
    pub latest: Vec<DamagedRow>,
}

/// A row that could not be read and was set aside.
#[derive(Clone, Debug)]
pub struct DamagedRow {
    /// Its table and key: `baselines pkg:npm/widget`.
    pub what: String,
    /// The reason.
    pub why: String,
}

/// One or several files on disk.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// The reason why it cannot be used.
    pub problem: Option<String>,
    /// The digest of the content on disk.
    pub digest: Option<String>,
    /// When it was last changed.
    pub changed_at: Option<DateTime<Utc>>,
}

/// An alert that is open.
#[derive(Clone, Debug)]
pub struct OpenAlert {
    pub id: AlertId,
    /// Its kind.
    pub kind: AlertKind,
    pub severity: Severity,
    /// One line.
    pub title: String,
}

/// A registry or mirror whose documents leave fields out.
#[derive(Clone, Debug)]
pub struct Mirror {
    /// The registry: `npm`.
    pub registry: String,
    /// The fields that its documents leave out: `the account that published (of 3 of the newest 15 releases)`.
    pub lacks: Vec<String>,
}

/// A release that could not be checked.
#[derive(Clone, Debug)]
pub struct Unchecked {
    pub release: String,
    /// When it was first checked.
    pub since: DateTime<Utc>,
}

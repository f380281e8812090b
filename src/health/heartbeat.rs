//! The process that works on the database, with its last heartbeat.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits;
use crate::model::RootStanding;

/// The process that works on the database, and whether it still does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runner {
    /// The lock beside the database.
    pub lock: LockState,
    /// The last heartbeat; `None`: no process ever worked on this database.
    pub heartbeat: Option<Heartbeat>,
}

/// Whether a process holds the lock beside the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LockState {
    /// A process works on the database.
    Held,
    /// No process does.
    Free,
    /// The state of the lock is unknown.
    #[default]
    Unknown,
}

/// The way in which a process works on the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `provwatch run`.
    Daemon,
    /// `provwatch run --once`, from cron or by hand.
    Once,
}

impl Kind {
    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Daemon => "daemon",
            Self::Once => "once",
        }
    }
}

/// A heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Heartbeat {
    /// The kind of process.
    pub kind: Kind,
    /// The process.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// When a process first worked on this database.
    pub first_at: DateTime<Utc>,
    /// When this process began.
    pub started_at: DateTime<Utc>,
    /// When it gave this heartbeat.
    pub beat_at: DateTime<Utc>,
    /// The facts that only it has.
    pub facts: Facts,
}

/// The facts that only the working process has, and writes with its heartbeat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Facts {
    /// When the last passes of `run --once` ended, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passes: Vec<DateTime<Utc>>,
    /// When a package of the queue was last checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_at: Option<DateTime<Utc>>,
    /// The last write that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_failure: Option<WriteFailure>,
    /// The watchlist and the configuration that it uses.
    pub in_use: InUse,
    /// The logs that it follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<Vec<String>>,
    /// The source of its trust root; `None`: an earlier version did not report it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_root: Option<RootStanding>,
    /// The followed logs that the configuration names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub configured_logs: Vec<String>,
    /// The logs that were followed and no longer are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_logs: Vec<LeftLog>,
    /// The logs of the trust root that it does not follow.
    #[serde(skip_serializing_if = "Vec::is_empty", alias = "unfollowed")]
    pub not_followed: Vec<LogNotFollowed>,
    /// The forges that give no usable answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forges: Vec<FailingForge>,
    /// The stalled loops.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stuck: Vec<String>,
    /// The last reload, if it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
    /// Its clock compared with those of the hosts that answered lately; `None`: none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<ComparedClock>,
}

/// A clock compared with those of other hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedClock {
    /// How far it is ahead, in seconds; negative: behind; 0: not noticeably.
    pub ahead_seconds: i64,
    /// The number of hosts.
    pub hosts: usize,
}

impl ComparedClock {
    /// How far it is ahead; negative: behind.
    pub fn ahead(self) -> TimeDelta {
        TimeDelta::try_seconds(self.ahead_seconds).unwrap_or_default()
    }

    /// Whether enough hosts agree that one or two wrong ones could not cause this.
    pub const fn is_certain(self) -> bool {
        self.hosts >= limits::CLOCK_HOSTS
    }
}

/// A log that was followed and no longer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftLog {
    /// Its name.
    pub name: String,
    /// Since when it is no longer followed.
    pub since: DateTime<Utc>,
    /// The reason.
    pub by: LeftBy,
}

/// The reason why a log is no longer followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LeftBy {
    /// The operator removed it from the configuration.
    Operator,
    /// The trust root states that another log has replaced it.
    Retired,
    /// The trust root no longer names it.
    TrustRoot,
}

/// A log of the trust root that is not followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogNotFollowed {
    /// Its URL, or `with the key` and the id of that where it has none.
    pub name: String,
    /// The reason, one line.
    pub why: String,
    /// The remedy.
    pub next: String,
}

/// A reload that was refused: the process keeps its earlier files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refused {
    /// Since when.
    pub since: DateTime<Utc>,
    /// The reason, one line.
    pub why: String,
}

/// The files that the process read, as digests that can be compared with those of the files on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct InUse {
    /// The watchlist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watchlist: Option<String>,
    /// The configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<String>,
}

/// A write that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WriteFailure {
    /// When it failed.
    pub at: DateTime<Utc>,
    /// The reason, with the remedy.
    pub why: String,
}

/// A forge that gives no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailingForge {
    /// Its host.
    pub host: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The time of the last request.
    pub last: DateTime<Utc>,
    /// Its error.
    pub error: String,
}

impl Runner {
    /// The facts of the working process, or of the last one.
    pub(super) fn facts(&self) -> Option<&Facts> {
        self.heartbeat.as_ref().map(|heartbeat| &heartbeat.facts)
    }

    /// Since when a daemon works on this database, as far as is known.
    pub(super) fn began(&self) -> Option<DateTime<Utc>> {
        let heartbeat = self.heartbeat.as_ref().filter(|_| self.lock != LockState::Free)?;
        (heartbeat.kind == Kind::Daemon).then_some(heartbeat.started_at)
    }

    /// The comparison of the clock by the working process, or by the last pass: between passes there is none.
    pub(super) fn compared_clock(&self) -> Option<ComparedClock> {
        let heartbeat = self.heartbeat.as_ref();
        let holds = |heartbeat: &&Heartbeat| heartbeat.kind == Kind::Once || self.lock != LockState::Free;
        heartbeat.filter(holds)?.facts.clock
    }

    /// Whether the working process has only just begun.
    pub(super) fn has_just_begun(&self, now: DateTime<Utc>) -> bool {
        let heartbeat = self.heartbeat.as_ref().filter(|_| self.lock != LockState::Free);
        heartbeat.is_some_and(|heartbeat| now - heartbeat.started_at < limits::START)
    }

    /// Whether the working process has run for this long: stored times show how long a problem lasts, and a daemon that
    /// was just started tries first.
    pub(super) fn had(&self, time: TimeDelta, now: DateTime<Utc>) -> bool {
        self.began().is_none_or(|began| now - began >= time)
    }

    /// When a process first worked on this database.
    pub(super) fn first_at(&self) -> Option<DateTime<Utc>> {
        self.heartbeat.as_ref().map(|heartbeat| heartbeat.first_at)
    }

    /// How long a source may be silent. Between passes of `run --once` no process reads it; within one it is read.
    pub(super) fn patience(&self) -> TimeDelta {
        match &self.heartbeat {
            Some(heartbeat) if heartbeat.kind == Kind::Once && self.lock != LockState::Held => {
                pass_patience(&heartbeat.facts.passes)
            }
            _ => limits::SOURCE,
        }
    }
}

/// The longest wait for the next pass: twice the longest time between two of the last ones, within limits.
pub(super) fn pass_patience(passes: &[DateTime<Utc>]) -> TimeDelta {
    let longest = passes.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
    (longest * 2).clamp(limits::PASS, limits::LONGEST_PASS)
}

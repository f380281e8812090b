//! The process that works on the database, with its last heartbeat.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits;
use crate::model::RootStanding;

/// Which process works on the database, and whether it still does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runner {
    /// The lock beside the database.
    pub lock: LockState,
    /// What the last one said; `None`: nobody ever worked here.
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
    /// That cannot be found out.
    #[default]
    Unknown,
}

/// How a process works on the database.
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
    /// How.
    pub kind: Kind,
    /// The process.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// When anybody first worked on this database.
    pub first_at: DateTime<Utc>,
    /// When this process began.
    pub started_at: DateTime<Utc>,
    /// The time of its last heartbeat.
    pub beat_at: DateTime<Utc>,
    /// What only it knows.
    pub facts: Facts,
}

/// What only the process at work knows, and says with its heartbeat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Facts {
    /// When the last passes of `run --once` ended, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passes: Vec<DateTime<Utc>>,
    /// When a package of the queue was last looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_at: Option<DateTime<Utc>>,
    /// The last write that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_failure: Option<WriteFailure>,
    /// The configuration and watchlist that it uses.
    pub in_use: InUse,
    /// The logs that it follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<Vec<String>>,
    /// Where its trust root comes from; `None`: an earlier version did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_root: Option<RootStanding>,
    /// Those of the logs that the configuration names.
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
    /// The loops that do not move.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stuck: Vec<String>,
    /// The last reload, if it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
    /// The receivers of `[heartbeat]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Told>,
    /// Its clock beside those of the hosts that answered lately; `None`: none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<ComparedClock>,
}

/// A receiver of `[heartbeat]`, as the daemon knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Told {
    /// The key of the configuration and the host: `url at switch.example`.
    pub name: String,
    /// When it last accepted a heartbeat.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub accepted_at: Option<DateTime<Utc>>,
    /// Since when it accepts none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failing_since: Option<DateTime<Utc>>,
    /// Its last answer, or the reason, if it did not accept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
}

impl Told {
    /// One that was told nothing yet.
    pub fn new(name: String) -> Self {
        Self { name, accepted_at: None, failing_since: None, error: None }
    }
}

/// A clock beside those of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedClock {
    /// How far it is ahead, in seconds; negative: behind; 0: not noticeably.
    pub ahead_seconds: i64,
    /// With how many hosts it was compared.
    pub hosts: usize,
}

impl ComparedClock {
    /// How far it is ahead; negative: behind.
    pub fn ahead(self) -> TimeDelta {
        TimeDelta::try_seconds(self.ahead_seconds).unwrap_or_default()
    }

    /// Whether it takes more than a host or two that are wrong to say this.
    pub const fn is_certain(self) -> bool {
        self.hosts >= limits::CLOCK_HOSTS
    }
}

/// A log that was followed and no longer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftLog {
    /// Its name.
    pub name: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The party that caused it.
    pub by: LeftBy,
}

/// Why a log is no longer followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LeftBy {
    /// The operator took it out of the configuration.
    Operator,
    /// The trust root says that another log has taken its place.
    Retired,
    /// The trust root no longer names it.
    TrustRoot,
}

/// A log of the trust root that is not followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogNotFollowed {
    /// Its URL, or `with the key` and the id of that where it has none.
    pub name: String,
    /// Why, one line.
    pub why: String,
    /// What to do about it.
    pub next: String,
}

/// A reload that was refused: the process goes by what it read before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refused {
    /// Since when.
    pub since: DateTime<Utc>,
    /// Why, one line.
    pub why: String,
}

/// What was read when, as digests that can be compared with those of what is on disk.
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
    /// When.
    pub at: DateTime<Utc>,
    /// Why, with what to do.
    pub why: String,
}

/// A forge that gives no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailingForge {
    /// Its host.
    pub host: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it was last asked.
    pub last: DateTime<Utc>,
    /// How that ended.
    pub error: String,
}

impl Runner {
    /// What the process at work, or the last one, knew.
    pub(super) fn facts(&self) -> Option<&Facts> {
        self.heartbeat.as_ref().map(|heartbeat| &heartbeat.facts)
    }

    /// Since when a daemon works here, as far as is known.
    pub(super) fn began(&self) -> Option<DateTime<Utc>> {
        let heartbeat = self.heartbeat.as_ref().filter(|_| self.lock != LockState::Free)?;
        (heartbeat.kind == Kind::Daemon).then_some(heartbeat.started_at)
    }

    /// What the process at work knows of the clock, or what the last pass knew: between passes nobody compares it.
    pub(super) fn compared_clock(&self) -> Option<ComparedClock> {
        let heartbeat = self.heartbeat.as_ref();
        let holds = |heartbeat: &&Heartbeat| heartbeat.kind == Kind::Once || self.lock != LockState::Free;
        heartbeat.filter(holds)?.facts.clock
    }

    /// Whether whoever is at work has only just begun.
    pub(super) fn has_just_begun(&self, now: DateTime<Utc>) -> bool {
        let heartbeat = self.heartbeat.as_ref().filter(|_| self.lock != LockState::Free);
        heartbeat.is_some_and(|heartbeat| now - heartbeat.started_at < limits::START)
    }

    /// Whether whoever is at work has had so much time to do it: what lasts is judged by the times that are stored, and
    /// a daemon that was just started tries first.
    pub(super) fn had(&self, time: TimeDelta, now: DateTime<Utc>) -> bool {
        self.began().is_none_or(|began| now - began >= time)
    }

    /// When anybody first worked on this database.
    pub(super) fn first_at(&self) -> Option<DateTime<Utc>> {
        self.heartbeat.as_ref().map(|heartbeat| heartbeat.first_at)
    }

    /// How long a source may be silent. Between passes of `run --once` nobody reads it; within one it is read.
    pub(super) fn patience(&self) -> TimeDelta {
        match &self.heartbeat {
            Some(heartbeat) if heartbeat.kind == Kind::Once && self.lock != LockState::Held => {
                pass_patience(&heartbeat.facts.passes)
            }
            _ => limits::SOURCE,
        }
    }
}

/// How long until the next pass may take: twice the longest time between two of the last ones, within reason.
pub(super) fn pass_patience(passes: &[DateTime<Utc>]) -> TimeDelta {
    let longest = passes.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
    (longest * 2).clamp(limits::PASS, limits::LONGEST_PASS)
}

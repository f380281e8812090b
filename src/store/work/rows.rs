//! The stored form of queued packages.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Row;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    model::Package,
    store::columns::{Micros, Text, count},
};

/// The longest wait of a package, whatever a server asks for.
pub const LONGEST_WAIT: TimeDelta = TimeDelta::hours(6);

/// The reason of another check of a document that does not show how new it is.
pub const AGAIN: &str = "looked at again";

/// Another check of a package that was already checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    /// Its number.
    pub looks: u32,
    /// When the first check was.
    pub since: DateTime<Utc>,
    /// When it is due.
    pub due_at: DateTime<Utc>,
}

/// The order in which packages of one registry are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// A feed announced a change, and no turn has failed since.
    Announced,
    /// The last turn failed, or ended before the work was done.
    Again,
    /// The rest: first checks, re-checks, comparisons.
    Rest,
}

impl Lane {
    const ALL: [Self; 3] = [Self::Announced, Self::Again, Self::Rest];
}

/// The reason why a package's turn ended before the package was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setback {
    /// It failed.
    Failed,
    /// The time of the turn was over before the document came.
    RanOver,
    /// The registry does not show the announced revision yet: this is not a failure, and the package keeps its lane.
    Behind,
    /// The host asked for a pause: there was no attempt.
    Paused,
}

/// The progress of a history that is read in portions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Portions {
    /// Releases read.
    pub done: u64,
    /// Releases in all.
    pub total: u64,
}

/// A package whose history is being read in portions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FirstSight {
    /// The package.
    pub package: Package,
    /// Its progress.
    #[serde(flatten)]
    pub portions: Portions,
    /// Since when it waits.
    pub since: DateTime<Utc>,
}

/// A package to check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Work {
    /// The package.
    pub package: Package,
    /// The revision that its document must have reached, where a feed announced one.
    pub revision: Option<String>,
    /// The source of the request: a feed's name, "backfill", "watchlist".
    pub reason: String,
    /// Since when it waits.
    pub since: DateTime<Utc>,
    /// Failed attempts since the last event.
    pub attempts: u32,
    /// The last error.
    pub last_error: Option<String>,
    /// Changes with every new event; never used twice.
    pub generation: i64,
    /// Its lane.
    pub lane: Lane,
    /// Turns that ended without any progress, since the package was last fully checked.
    pub turns: u32,
    /// The progress of its history, if that is read in portions.
    pub portions: Option<Portions>,
    /// Consecutive checks that found a document behind its announcement, however many announcements there were.
    pub behind: u32,
}

impl Work {
    /// The number of consecutive checks that were behind, after this setback.
    pub(super) fn behind_after(&self, setback: Setback) -> u32 {
        match setback {
            Setback::Behind => self.behind.saturating_add(1),
            Setback::Paused => self.behind,
            Setback::Failed | Setback::RanOver => 0,
        }
    }
}

/// The counts of the queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WorkSummary {
    /// Packages that wait.
    pub waiting: u64,
    /// Those of them that are due.
    pub due: u64,
    /// Those whose last attempt failed.
    pub failing: u64,
    /// Those that were checked, and are checked once more because their document does not show how new it is.
    pub again: u64,
    /// Since when the oldest one waits.
    pub oldest: Option<DateTime<Utc>>,
    /// Since when the oldest one whose last attempt failed waits.
    pub oldest_failing: Option<DateTime<Utc>>,
}

pub(super) fn work(row: &Row<'_>) -> rusqlite::Result<Work> {
    Ok(Work {
        package: row.get::<_, Text<_>>("package")?.0,
        revision: row.get("revision")?,
        reason: row.get("reason")?,
        since: row.get::<_, Micros>("since")?.0,
        attempts: row.get("attempts")?,
        last_error: row.get("last_error")?,
        generation: row.get("generation")?,
        lane: lane(row)?,
        turns: row.get("turns")?,
        portions: portions(row)?,
        behind: row.get("behind")?,
    })
}

pub(super) fn lane(row: &Row<'_>) -> rusqlite::Result<Lane> {
    let lane: u8 = row.get("lane")?;
    Ok(Lane::ALL.get(usize::from(lane)).copied().unwrap_or(Lane::Rest))
}

pub(super) fn portions(row: &Row<'_>) -> rusqlite::Result<Option<Portions>> {
    let (done, total): (Option<i64>, Option<i64>) = (row.get("done")?, row.get("total")?);
    Ok(done.zip(total).map(|(done, total)| Portions { done: count(done), total: count(total) }))
}

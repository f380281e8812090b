//! The stored form of queued packages.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Row;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    model::Package,
    store::columns::{Micros, Text, count},
};

/// The longest wait that a package is ever given, whatever a server asks for.
pub const LONGEST_WAIT: TimeDelta = TimeDelta::hours(6);

/// The reason of another look at a document that could not tell how new it is.
pub const AGAIN: &str = "looked at again";

/// Another look at a package that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    /// The how manieth it is.
    pub looks: u32,
    /// When the first look was.
    pub since: DateTime<Utc>,
    /// When it is due.
    pub due_at: DateTime<Utc>,
}

/// The order in which packages of one registry are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// A feed announced a change, and nothing has gone wrong since.
    Announced,
    /// The last turn failed, or ended before the work was done.
    Again,
    /// The rest: first sights, reminders, comparisons.
    Rest,
}

impl Lane {
    const ALL: [Self; 3] = [Self::Announced, Self::Again, Self::Rest];
}

/// Why a package's turn ended before the package was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setback {
    /// It failed.
    Failed,
    /// The time of the turn was over before the document was there.
    RanOver,
    /// The registry does not show yet what was announced: nobody's failure, and the package keeps its lane.
    Behind,
    /// The host asked for a pause: nothing was tried.
    Paused,
}

/// How far a history is that is read in portions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Portions {
    /// Releases read.
    pub done: u64,
    /// Of so many.
    pub total: u64,
}

/// A package whose history is being read in portions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FirstSight {
    /// The package.
    pub package: Package,
    /// How far it is.
    #[serde(flatten)]
    pub portions: Portions,
    /// Since when it waits.
    pub since: DateTime<Utc>,
}

/// A package to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Work {
    /// The package.
    pub package: Package,
    /// The revision that its document must have reached, where a feed announced one.
    pub revision: Option<String>,
    /// Who asked: a feed's name, "backfill", "watchlist".
    pub reason: String,
    /// Since when it waits.
    pub since: DateTime<Utc>,
    /// Failed attempts since the last event.
    pub attempts: u32,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Changes with every new event; never given twice.
    pub generation: i64,
    /// Where it stands in line.
    pub lane: Lane,
    /// Turns that ended before anything came, since the package was last looked at whole.
    pub turns: u32,
    /// How far its history is, if that is read in portions.
    pub portions: Option<Portions>,
    /// Looks on end that found a document behind what was announced, however often something was.
    pub behind: u32,
}

impl Work {
    /// How many looks on end were behind once there was this setback too.
    pub(super) fn behind_after(&self, setback: Setback) -> u32 {
        match setback {
            Setback::Behind => self.behind.saturating_add(1),
            Setback::Paused => self.behind,
            Setback::Failed | Setback::RanOver => 0,
        }
    }
}

/// How much there is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WorkSummary {
    /// Packages that wait.
    pub waiting: u64,
    /// Those of them that are due.
    pub due: u64,
    /// Those whose last attempt failed.
    pub failing: u64,
    /// Those that were looked at, and are looked at once more because their document does not tell how new it is.
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

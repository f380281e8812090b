//! Stores the progress of a long reading of a log.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use schemars::JsonSchema;
use serde::Serialize;

use crate::store::{
    columns::{Micros, Position},
    error::QueryFailure,
    reading::Reading,
};

/// A reading of a log that is in progress, or was interrupted: the next one continues where it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(into = "Wire")]
#[schemars(with = "Wire")]
pub struct LogProgress {
    /// The entry that it began with.
    pub first: u64,
    /// The entry that it reads next.
    pub next: u64,
    /// The end of the entries that it is to read, exclusive.
    pub past: u64,
    /// When it began.
    pub since: DateTime<Utc>,
    /// When it reached this position.
    pub at: DateTime<Utc>,
}

impl LogProgress {
    /// A reading at its start.
    pub(crate) fn beginning(first: u64, past: u64, since: DateTime<Utc>) -> Self {
        Self { first, next: first, past, since, at: since }
    }

    /// The reading at a later position.
    #[must_use]
    pub(crate) fn come(self, next: u64, at: DateTime<Utc>) -> Self {
        Self { next, at, ..self }
    }

    /// Entries that are left to read.
    pub fn left(&self) -> u64 {
        self.past.saturating_sub(self.next)
    }

    /// The percentage that is read, rounded down.
    pub fn percent(&self) -> u64 {
        let (read, all) = (self.next.saturating_sub(self.first), self.past.saturating_sub(self.first));
        u64::try_from(u128::from(read) * 100 / u128::from(all.max(1))).unwrap_or(100)
    }

    /// Entries per second since it began. `None`: it has only begun, or a clock was set.
    pub(crate) fn rate(&self) -> Option<u64> {
        let millis = u64::try_from((self.at - self.since).num_milliseconds()).ok().filter(|millis| *millis > 0)?;
        let read = u128::from(self.next.saturating_sub(self.first));
        u64::try_from(read * 1000 / u128::from(millis)).ok().filter(|rate| *rate > 0)
    }

    /// The remaining time, at that rate.
    pub(crate) fn time_left(&self) -> Option<TimeDelta> {
        TimeDelta::try_seconds(i64::try_from(self.left().div_ceil(self.rate()?)).ok()?)
    }
}

/// The JSON form.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LogProgress")]
struct Wire {
    /// The entry that it began with.
    first: u64,
    /// The entry that it reads next.
    next: u64,
    /// The end of the entries that it is to read, exclusive.
    past: u64,
    /// When it began.
    since: DateTime<Utc>,
    /// When it reached this position.
    at: DateTime<Utc>,
    /// Its speed so far; null where it has only begun.
    entries_per_second: Option<u64>,
    /// The remaining time, at that rate.
    seconds_left: Option<i64>,
}

impl From<LogProgress> for Wire {
    fn from(progress: LogProgress) -> Self {
        let (entries_per_second, left) = (progress.rate(), progress.time_left());
        let LogProgress { first, next, past, since, at } = progress;
        Self { first, next, past, since, at, entries_per_second, seconds_left: left.map(|left| left.num_seconds()) }
    }
}

/// Stores the progress of a reading; a finished one is deleted.
pub(super) fn remember(db: &Connection, log: &str, progress: &LogProgress) -> Result<(), QueryFailure> {
    if progress.left() == 0 {
        return forget(db, log);
    }
    db.prepare_cached(
        "INSERT INTO log_progress (log, first, next, past, since, at) VALUES (:log, :first, :next, :past, :since, :at)
         ON CONFLICT (log) DO UPDATE SET first = excluded.first, next = excluded.next, past = excluded.past,
             since = excluded.since, at = excluded.at",
    )?
    .execute(named_params! {
        ":log": log, ":first": Position(progress.first), ":next": Position(progress.next),
        ":past": Position(progress.past), ":since": Micros(progress.since), ":at": Micros(progress.at),
    })?;
    Ok(())
}

pub(super) fn forget(db: &Connection, log: &str) -> Result<(), QueryFailure> {
    db.prepare_cached("DELETE FROM log_progress WHERE log = ?1")?.execute([log])?;
    Ok(())
}

/// The progress of a log's reading, if it has not ended. Damaged values count as none: they are only shown.
pub(super) fn of(db: &Reading<'_>, log: &str) -> Result<Option<LogProgress>, QueryFailure> {
    let mut query = db.prepare_cached("SELECT * FROM log_progress WHERE log = ?1")?;
    Ok(query.query_row([log], |row| Ok(read(row).ok())).optional()?.flatten())
}

fn read(row: &Row<'_>) -> rusqlite::Result<LogProgress> {
    Ok(LogProgress {
        first: row.get::<_, Position>("first")?.0,
        next: row.get::<_, Position>("next")?.0,
        past: row.get::<_, Position>("past")?.0,
        since: row.get::<_, Micros>("since")?.0,
        at: row.get::<_, Micros>("at")?.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_and_rest_are_known_once_some_was_read() {
        let since: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        let begun = LogProgress::beginning(1_000, 61_000, since);
        assert_eq!((begun.percent(), begun.left(), begun.rate(), begun.time_left()), (0, 60_000, None, None));
        let later = begun.come(13_000, since + TimeDelta::seconds(4));
        assert_eq!((later.percent(), later.rate(), later.time_left()), (20, Some(3_000), Some(TimeDelta::seconds(16))));
        assert_eq!(begun.come(61_000, later.at).time_left(), Some(TimeDelta::zero()));
        for odd in [
            begun.come(13_000, since - TimeDelta::seconds(4)),
            begun.come(1_000, since + TimeDelta::seconds(4)),
            LogProgress { first: u64::MAX, past: 0, ..begun },
        ] {
            assert_eq!(odd.time_left(), None, "{odd:?}");
        }
        let endless = LogProgress::beginning(0, u64::MAX, since).come(1, since + TimeDelta::seconds(1));
        assert_eq!((endless.percent(), endless.rate(), endless.time_left()), (0, Some(1), None));
    }
}

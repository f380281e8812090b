//! Measurements of the queue for the health check.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};

use super::{
    Store, StoreError,
    alerts::alert_row,
    columns::{Micros, Rank, count, limit, time},
    error::QueryFailure,
    reading::known,
    sealed::{ALERTS, RELEASES},
};
use crate::model::{Alert, Severity};

/// Measurements of the queue, beyond its counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueVitals {
    /// Since when the package that has been due for longest is due.
    pub oldest_due: Option<DateTime<Utc>>,
    /// Packages that a feed announced and that were not checked since.
    pub announced: Option<AnnouncedWork>,
    /// Packages whose history is still to be read, and that do not fail.
    pub learning: u64,
}

/// Packages that a feed announced and that were not checked since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnouncedWork {
    pub count: u64,
    /// The one that was announced first, as it is stored.
    pub package: String,
    /// When it was announced.
    pub since: DateTime<Utc>,
    /// The last error of its check.
    pub last_error: Option<String>,
}

impl Store {
    /// Measurements of the queue, beyond [`Store::work_summary`].
    pub(crate) fn queue_vitals(&self, now: DateTime<Utc>) -> Result<QueueVitals, StoreError> {
        self.read("looking at the queue", |db| {
            let oldest_due = db
                .prepare_cached("SELECT min(due_at) FROM work WHERE due_at <= ?1")?
                .query_row([Micros(now)], |row| row.get(0))?;
            let learning = db
                .prepare_cached(
                    "SELECT count(*) FROM work WHERE attempts = 0 AND NOT EXISTS (SELECT 1 FROM packages
                     WHERE packages.package = work.package AND (backfilled_at IS NOT NULL OR status = 'gone'))",
                )?
                .query_row([], |row| row.get(0))?;
            Ok(QueueVitals { oldest_due: time(oldest_due), announced: announced(db)?, learning: count(learning) })
        })
    }

    /// Packages that no registry has ever shown, as they are stored.
    pub(crate) fn never_known(&self) -> Result<Vec<String>, StoreError> {
        self.read("listing the packages that are not known", |db| {
            let mut query = db.prepare_cached(
                "SELECT package FROM packages WHERE status = 'gone' AND backfilled_at IS NULL ORDER BY package",
            )?;
            Ok(query.query_map([], |row| row.get(0))?.filter_map(known).collect::<Result<_, _>>()?)
        })
    }

    /// Releases that were new at their first check, after this time, and could not be fully checked; the latest first.
    pub(crate) fn lately_unchecked(
        &self,
        after: DateTime<Utc>,
        at_most: usize,
    ) -> Result<Vec<(String, DateTime<Utc>)>, StoreError> {
        self.read("listing what could not be checked", |db| {
            let sql = "SELECT purl, observed_at, {row} FROM releases WHERE outcome = 'unchecked'
                           AND published_at > observed_at - 604800000000 AND observed_at > ?1
                       ORDER BY observed_at DESC LIMIT ?2";
            db.rows(&RELEASES, sql, (Micros(after), limit(at_most)), |row| {
                Ok((row.get("purl")?, row.get::<_, Micros>("observed_at")?.0))
            })
        })
    }

    /// Open alerts about logs and about provwatch itself, at least this severe, the worst first. A finding of a
    /// `[[logs.match]]` does not question either.
    pub(crate) fn open_troubles(&self, at_least: Severity, at_most: usize) -> Result<Vec<Alert>, StoreError> {
        self.read("listing the open alerts about provwatch itself", |db| {
            let sql = "SELECT body, status, {row} FROM alerts WHERE status = 'open' AND kind IN ('log', 'operation')
                           AND severity >= ?1 AND CASE WHEN json_valid(body) THEN
                               body ->> 'match' IS NULL OR json_array_length(body, '$.signals') > 0 ELSE 1 END
                       ORDER BY severity DESC, raised_at DESC, fingerprint LIMIT ?2";
            db.rows(&ALERTS, sql, (Rank(at_least), limit(at_most)), alert_row)
        })
    }
}

/// An announced package is not in the last lane until it was fully checked. `since` of a row shows how long a package
/// has waited for any reason, so the event gives the time of the announcement. One that is checked turn by turn waits
/// since its last turn. One whose document lags its announcement (attempts in the first lane) was checked: the lag is
/// reported for the registry.
fn announced(db: &Connection) -> Result<Option<AnnouncedWork>, QueryFailure> {
    let mut query = db.prepare_cached(
        "SELECT package, last_error, count(*) OVER () AS packages,
             CASE WHEN last_error IS NULL AND attempts = 0 AND due_at > announced_at THEN due_at ELSE announced_at END AS waits_since
         FROM (SELECT package, last_error, attempts, due_at, coalesce((SELECT min(seen_at) FROM events
                   WHERE events.package = work.package AND events.seen_at >= work.since), since) AS announced_at
               FROM work WHERE lane = 1 OR (lane = 0 AND attempts = 0)) AS announced
         ORDER BY waits_since, package LIMIT 1",
    )?;
    let found = query.query_row([], |row| {
        Ok(AnnouncedWork {
            count: count(row.get("packages")?),
            package: row.get("package")?,
            since: row.get::<_, Micros>("waits_since")?.0,
            last_error: row.get("last_error")?,
        })
    });
    // A row that cannot be read is found and set aside by the process that works on it.
    Ok(known(found.optional()).transpose()?.flatten())
}

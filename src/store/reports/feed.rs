//! How far the reports were read.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row, named_params};
use schemars::JsonSchema;
use serde::Serialize;

use crate::store::{
    Store, StoreError,
    columns::{Micros, count, limit, time},
    reading::known,
};

/// The state of the reports as they were last read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReportFeed {
    /// The folder or file.
    pub source: String,
    /// When it was last read to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<DateTime<Utc>>,
    /// When the newest report was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest_at: Option<DateTime<Utc>>,
    /// Reports in it.
    pub files: u64,
    /// Those that could not be read.
    pub unreadable: u64,
    /// The first of these, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_problem: Option<String>,
    /// Why the source could not be read the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error_at: Option<DateTime<Utc>>,
}

/// A reading that came to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReadReports {
    pub source: String,
    /// The state of the file, if it is one.
    pub state: Option<i64>,
    /// When the newest of the reports that were read was last changed.
    pub newest_at: Option<DateTime<Utc>>,
    pub files: usize,
    pub unreadable: usize,
    pub first_problem: Option<String>,
}

impl Store {
    /// The state of the reports; `None`: they were never read.
    ///
    /// # Errors
    /// As every read.
    pub fn report_feed(&self) -> Result<Option<ReportFeed>, StoreError> {
        self.read("reading the state of the reports", |db| {
            let found = db.prepare_cached("SELECT * FROM report_feed")?.query_row([], feed_row).optional();
            Ok(known(found).transpose()?.flatten())
        })
    }

    /// Whether a file was read to its end in this state.
    ///
    /// # Errors
    /// As every read.
    pub(crate) fn has_read_reports(&self, source: &str, state: i64) -> Result<bool, StoreError> {
        self.read("reading the state of the reports", |db| {
            let sql =
                "SELECT EXISTS (SELECT 1 FROM report_feed WHERE source = ?1 AND state = ?2 AND read_at IS NOT NULL)";
            Ok(db.prepare_cached(sql)?.query_row((source, state), |row| row.get(0))?)
        })
    }

    /// Records a reading that came to its end.
    ///
    /// # Errors
    /// As every write.
    pub(crate) fn reports_read(&self, read: &ReadReports, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("recording that the reports were read", |db| {
            db.prepare_cached(
                "INSERT INTO report_feed (only, source, state, read_at, newest_at, files, unreadable, first_problem)
                 VALUES (1, :source, :state, :now, :newest, :files, :unreadable, :problem)
                 ON CONFLICT (only) DO UPDATE SET source = excluded.source, state = excluded.state,
                     read_at = excluded.read_at,
                     newest_at = CASE WHEN excluded.newest_at IS NULL OR report_feed.newest_at > excluded.newest_at
                         THEN report_feed.newest_at ELSE excluded.newest_at END,
                     files = excluded.files, unreadable = excluded.unreadable,
                     first_problem = excluded.first_problem, last_error = NULL, last_error_at = NULL",
            )?
            .execute(named_params! {
                ":source": read.source, ":state": read.state, ":now": Micros(now),
                ":newest": read.newest_at.map(Micros), ":files": limit(read.files),
                ":unreadable": limit(read.unreadable), ":problem": read.first_problem,
            })?;
            Ok(())
        })
    }

    /// Records that the source has not changed since it was read to its end.
    ///
    /// # Errors
    /// As every write.
    pub(crate) fn reports_unchanged(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("recording that the reports have not changed", |db| {
            db.prepare_cached("UPDATE report_feed SET read_at = ?1, last_error = NULL, last_error_at = NULL")?
                .execute([Micros(now)])?;
            Ok(())
        })
    }

    /// Forgets the reports of another source. What was told of stored releases stays known. Returns whether there were any.
    ///
    /// # Errors
    /// As every write.
    pub(crate) fn forget_reports_but_of(&self, source: Option<&str>) -> Result<bool, StoreError> {
        let known = self.report_feed()?.map(|feed| feed.source);
        if known.is_none() || known.as_deref() == source {
            return Ok(false);
        }
        self.write("forgetting the reports of another source", |db| {
            db.prepare_cached("DELETE FROM reports")?.execute([])?;
            db.prepare_cached("DELETE FROM report_feed")?.execute([])?;
            Ok(true)
        })
    }

    /// Records that the source could not be read. What was read before stays.
    ///
    /// # Errors
    /// As every write.
    pub(crate) fn reports_failed(&self, source: &str, error: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("recording that the reports cannot be read", |db| {
            db.prepare_cached(
                "INSERT INTO report_feed (only, source, last_error, last_error_at) VALUES (1, ?1, ?2, ?3)
                 ON CONFLICT (only) DO UPDATE SET source = excluded.source, last_error = excluded.last_error,
                     last_error_at = excluded.last_error_at",
            )?
            .execute((source, error, Micros(now)))?;
            Ok(())
        })
    }

    /// How many reports are stored.
    ///
    /// # Errors
    /// As every read.
    pub fn report_count(&self) -> Result<u64, StoreError> {
        self.read("counting the reports", |db| {
            let mut query = db.prepare_cached("SELECT count(DISTINCT id) FROM reports")?;
            Ok(count(query.query_row([], |row| row.get(0))?))
        })
    }
}

fn feed_row(row: &Row<'_>) -> rusqlite::Result<ReportFeed> {
    Ok(ReportFeed {
        source: row.get("source")?,
        read_at: time(row.get("read_at")?),
        newest_at: time(row.get("newest_at")?),
        files: count(row.get("files")?),
        unreadable: count(row.get("unreadable")?),
        first_problem: row.get("first_problem")?,
        last_error: row.get("last_error")?,
        last_error_at: time(row.get("last_error_at")?),
    })
}

//! The reports about stored releases of which no alert has told yet.

use chrono::{DateTime, Utc};
use rusqlite::{Row, named_params};

use crate::{
    model::{Development, ReleaseId},
    store::{
        Store, StoreError,
        columns::{Micros, Text, limit, time},
        developments::develop,
        reading::known,
    },
};

/// What is new of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReportNews {
    /// It says that the release is malicious.
    Reported,
    /// It was withdrawn, or no longer says so.
    Withdrawn(DateTime<Utc>),
}

/// News of a report about a stored release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UntoldReport {
    pub release: ReleaseId,
    pub id: String,
    pub published_at: DateTime<Utc>,
    pub news: ReportNews,
}

impl Store {
    /// The news of which no alert has told, the earliest first.
    ///
    /// # Errors
    /// As every read.
    pub(crate) fn untold_reports(&self, at_most: usize) -> Result<Vec<UntoldReport>, StoreError> {
        self.read("looking for reports that were not told", |db| {
            let mut query = db.prepare_cached(
                "SELECT * FROM report_matches
                 WHERE told_at IS NULL OR (withdrawn_at IS NOT NULL AND withdrawal_told_at IS NULL)
                 ORDER BY found_at, purl, id LIMIT ?1",
            )?;
            Ok(query.query_map([limit(at_most)], untold)?.filter_map(known).collect::<Result<_, _>>()?)
        })
    }

    /// The news about one release.
    ///
    /// # Errors
    /// As every read.
    pub(crate) fn untold_reports_of(&self, release: &ReleaseId) -> Result<Vec<UntoldReport>, StoreError> {
        self.read("looking for reports that were not told", |db| {
            let mut query = db.prepare_cached(
                "SELECT * FROM report_matches WHERE purl = ?1
                     AND (told_at IS NULL OR (withdrawn_at IS NOT NULL AND withdrawal_told_at IS NULL))
                 ORDER BY id",
            )?;
            Ok(query.query_map([release.to_string()], untold)?.filter_map(known).collect::<Result<_, _>>()?)
        })
    }

    /// Records that an alert told of the news, or that none does, and adds what comes after the alert. `accused_at`: when
    /// provwatch accused the release itself.
    ///
    /// # Errors
    /// As every write.
    pub(crate) fn report_told(
        &self,
        told: &UntoldReport,
        accused_at: Option<DateTime<Utc>>,
        developments: &[Development],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write("recording that a report was told", |db| {
            develop(db, &told.release, developments, now)?;
            db.prepare_cached(
                "UPDATE report_matches SET
                     told_at = coalesce(told_at, :now), accused_at = coalesce(accused_at, :accused_at),
                     withdrawal_told_at = CASE WHEN :withdrawn THEN :now ELSE withdrawal_told_at END
                 WHERE purl = :purl AND id = :id",
            )?
            .execute(named_params! {
                ":purl": told.release.to_string(), ":id": told.id, ":now": Micros(now),
                ":accused_at": accused_at.map(Micros), ":withdrawn": told.news != ReportNews::Reported,
            })?;
            Ok(())
        })
    }
}

fn untold(row: &Row<'_>) -> rusqlite::Result<UntoldReport> {
    let withdrawn_at = time(row.get("withdrawn_at")?);
    Ok(UntoldReport {
        release: row.get::<_, Text<_>>("purl")?.0,
        id: row.get("id")?,
        published_at: row.get::<_, Micros>("published")?.0,
        news: withdrawn_at.map_or(ReportNews::Reported, ReportNews::Withdrawn),
    })
}

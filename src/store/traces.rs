//! Finds releases that share traces with another one.

use chrono::{DateTime, Utc};
use rusqlite::{Params, Row};
use serde::Serialize;

use super::{
    ReleaseRow, Store, StoreError,
    columns::{Micros, Text, limit},
    error::QueryFailure,
    reading::Reading,
    releases::release_row,
    sealed::RELEASES,
    trace::Trace,
};
use crate::model::{CorrelationKey, Package, ReleaseId};

/// A release next to others, with its time and whether the baseline includes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    pub purl: ReleaseId,
    pub published_at: DateTime<Utc>,
    /// Whether the baseline includes it.
    pub in_baseline: bool,
}

/// The other releases of the people and machines behind a release, each list the latest first and without itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[expect(clippy::struct_field_names, reason = "the keys of its JSON form")]
pub struct Related {
    /// By the same account of the same registry.
    pub by_publisher: Vec<ReleaseRow>,
    /// From the same repository, by its numeric id.
    pub by_repository: Vec<ReleaseRow>,
    /// From the same run.
    pub by_run: Vec<ReleaseRow>,
}

impl Store {
    /// The releases that a trace leads to, the latest first.
    ///
    /// # Errors
    /// As every read.
    pub fn traced(&self, trace: Trace<'_>, at_most: usize) -> Result<Vec<ReleaseRow>, StoreError> {
        self.read("looking up a trace", |db| leading_to(db, trace.kind(), &trace.value(), at_most))
    }

    /// The latest other version of a package that a trace leads to, published until then.
    pub(crate) fn other_version(
        &self,
        trace: Trace<'_>,
        release: &ReleaseId,
        until: DateTime<Utc>,
    ) -> Result<Option<ReleaseId>, StoreError> {
        self.read("looking up a trace in a package", |db| {
            let sql = "SELECT purl, {row} FROM traces JOIN releases ON releases.id = traces.release
                 WHERE kind = ?1 AND value = ?2 AND package = ?3 AND purl <> ?4 AND traces.published_at <= ?5
                 ORDER BY traces.published_at DESC, traces.release DESC LIMIT 1";
            let of = (trace.kind(), trace.value(), release.package().to_string(), release.to_string(), Micros(until));
            Ok(db.rows(&RELEASES, sql, of, |row| Ok(row.get::<_, Text<_>>(0)?.0))?.pop())
        })
    }

    /// The latest releases with a correlation key, at most this many, up to a time; the oldest first.
    pub(crate) fn bound(
        &self,
        correlation_key: &CorrelationKey,
        until: DateTime<Utc>,
        at_most: usize,
    ) -> Result<Vec<Neighbour>, StoreError> {
        self.read("looking for what was published together", |db| {
            let (kind, or_kind, value) = match correlation_key {
                CorrelationKey::Publisher(value) => ("publisher", "publisher", value),
                CorrelationKey::Repository(value) => ("repository_id", "repository", value),
                CorrelationKey::Owner(value) => ("owner", "owner", value),
            };
            let sql = "SELECT purl, traces.published_at, teaches, {row} FROM traces JOIN releases ON releases.id = traces.release
                 WHERE kind IN (?1, ?2) AND value = ?3 AND traces.published_at <= ?4
                 ORDER BY traces.published_at DESC LIMIT ?5";
            neighbours(db, sql, (kind, or_kind, value, Micros(until), limit(at_most)))
        })
    }

    /// The runs of a package's latest releases, at most this many, up to a time; the oldest first.
    pub(crate) fn runs_of(
        &self,
        package: &Package,
        until: DateTime<Utc>,
        at_most: usize,
    ) -> Result<Vec<(String, Neighbour)>, StoreError> {
        self.read("looking at the runs of a package", |db| {
            let sql = "SELECT purl, releases.published_at, teaches, value, {row} FROM releases
                 JOIN traces ON traces.release = releases.id AND kind = 'run'
                 WHERE package = ?1 AND releases.published_at <= ?2 ORDER BY releases.published_at DESC LIMIT ?3";
            let mut rows = db.rows(&RELEASES, sql, (package.to_string(), Micros(until), limit(at_most)), |row| {
                Ok((row.get(3)?, neighbour(row)?))
            })?;
            rows.reverse();
            Ok(rows)
        })
    }

    /// The latest releases of a package, at most this many, up to a time; the oldest first.
    pub(crate) fn siblings(
        &self,
        package: &Package,
        until: DateTime<Utc>,
        at_most: usize,
    ) -> Result<Vec<Neighbour>, StoreError> {
        self.read("looking at a package's latest releases", |db| {
            let sql =
                "SELECT purl, published_at, teaches, {row} FROM releases WHERE package = ?1 AND published_at <= ?2
                 ORDER BY published_at DESC LIMIT ?3";
            neighbours(db, sql, (package.to_string(), Micros(until), limit(at_most)))
        })
    }

    /// The other releases of the publisher, the repository and the run of a release; at most this many of each.
    ///
    /// # Errors
    /// As every read.
    pub fn related(&self, release: &ReleaseId, at_most: usize) -> Result<Related, StoreError> {
        self.read("looking for related releases", |db| {
            let purl = release.to_string();
            Ok(Related {
                by_publisher: sharing(db, &purl, "publisher", at_most)?,
                by_repository: sharing(db, &purl, "repository_id", at_most)?,
                by_run: sharing(db, &purl, "run", at_most)?,
            })
        })
    }
}

fn neighbours(db: &Reading<'_>, sql: &str, values: impl Params) -> Result<Vec<Neighbour>, QueryFailure> {
    let mut rows = db.rows(&RELEASES, sql, values, neighbour)?;
    rows.reverse();
    Ok(rows)
}

fn neighbour(row: &Row<'_>) -> rusqlite::Result<Neighbour> {
    let Text(purl) = row.get(0)?;
    Ok(Neighbour { purl, published_at: row.get::<_, Micros>(1)?.0, in_baseline: row.get(2)? })
}

/// The other releases that share a trace of this kind with a release; one with several identities has several.
fn sharing(db: &Reading<'_>, purl: &str, kind: &str, at_most: usize) -> Result<Vec<ReleaseRow>, QueryFailure> {
    let mut query = db.prepare_cached(
        "SELECT value FROM traces JOIN releases ON releases.id = traces.release WHERE purl = ?1 AND kind = ?2",
    )?;
    let values: Vec<String> = query.query_map((purl, kind), |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    for value in values {
        found.extend(leading_to(db, kind, &value, at_most.saturating_add(1))?);
    }
    found.retain(|row| row.purl.to_string() != purl);
    found.sort_by(|a, b| b.published_at.cmp(&a.published_at).then_with(|| a.purl.cmp(&b.purl)));
    found.dedup_by(|a, b| a.purl == b.purl);
    found.truncate(at_most);
    Ok(found)
}

fn leading_to(db: &Reading<'_>, kind: &str, value: &str, at_most: usize) -> Result<Vec<ReleaseRow>, QueryFailure> {
    let sql = "SELECT releases.*, {row} FROM traces JOIN releases ON releases.id = traces.release
         WHERE kind = ?1 AND value = ?2 ORDER BY traces.published_at DESC, traces.release DESC LIMIT ?3";
    db.rows(&RELEASES, sql, (kind, value, limit(at_most)), release_row)
}

//! Finds releases that share traces with another one.

use chrono::{DateTime, Utc};
use rusqlite::{Params, Row};
use serde::Serialize;

use super::{Trace, of_release::Traced, trace::Key};
use crate::{
    model::{CorrelationKey, Observation, Package, ReleaseId},
    store::{
        ReleaseRow, Store, StoreError,
        columns::{Micros, Text, limit},
        error::QueryFailure,
        packed::Packed,
        reading::Reading,
        releases::release_row,
        sealed::RELEASES,
    },
};

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
        self.read("looking up a trace", |db| {
            let mut rows = leading_to(db, trace.key(), at_most)?;
            rows.retain(|row| row.observation.as_ref().is_some_and(|seen| Traced::of(seen).has(&trace)));
            Ok(rows)
        })
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
                 WHERE key = ?1 AND package = ?2 AND purl <> ?3 AND traces.published_at <= ?4
                 ORDER BY traces.published_at DESC, traces.release DESC LIMIT 1";
            let of = (trace.key().0, release.package().to_string(), release.to_string(), Micros(until));
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
            let [key, or_key] = keys(correlation_key);
            let sql = "SELECT purl, traces.published_at, teaches, {row} FROM traces JOIN releases ON releases.id = traces.release
                 WHERE key IN (?1, ?2) AND traces.published_at <= ?3 ORDER BY traces.published_at DESC LIMIT ?4";
            neighbours(db, sql, (key.0, or_key.0, Micros(until), limit(at_most)))
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
            let sql = "SELECT purl, published_at, teaches, observation, {row} FROM releases
                 WHERE package = ?1 AND published_at <= ?2 AND observation IS NOT NULL
                 ORDER BY published_at DESC LIMIT ?3";
            let rows = db.rows(&RELEASES, sql, (package.to_string(), Micros(until), limit(at_most)), |row| {
                Ok((row.get::<_, Packed<Observation>>("observation")?.0, neighbour(row)?))
            })?;
            let runs = |(release, one): (Observation, Neighbour)| {
                release.runs().map(|run| (run.to_owned(), one.clone())).collect::<Vec<_>>()
            };
            let mut runs: Vec<_> = rows.into_iter().flat_map(runs).take(at_most).collect();
            runs.reverse();
            Ok(runs)
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
            let sql = "SELECT *, {row} FROM releases WHERE purl = ?1";
            let row = db.rows(&RELEASES, sql, [release.to_string()], release_row)?.pop();
            let Some(observation) = row.and_then(|row| row.observation) else { return Ok(Related::default()) };
            let traced = Traced::of(&observation);
            let sharing = |is_meant: fn(&Trace<'_>) -> bool| {
                let keys = traced.traces().iter().filter(|trace| is_meant(trace)).map(Trace::key).collect::<Vec<_>>();
                sharing(db, release, &keys, at_most)
            };
            Ok(Related {
                by_publisher: sharing(|trace| matches!(trace, Trace::Publisher(..)))?,
                by_repository: sharing(|trace| matches!(trace, Trace::RepositoryId { .. }))?,
                by_run: sharing(|trace| matches!(trace, Trace::Run(_)))?,
            })
        })
    }
}

/// The keys of a correlation key, whose repository may be an id or a URL.
fn keys(correlation_key: &CorrelationKey) -> [Key; 2] {
    let key = |kind, value: &str| Key::of(kind, value);
    match correlation_key {
        CorrelationKey::Publisher(value) => [key("publisher", value); 2],
        CorrelationKey::Repository(value) => [key("repository_id", value), Trace::Repository(value).key()],
        CorrelationKey::Owner(value) => [Trace::Owner(value).key(); 2],
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

/// The other releases that share one of these keys with a release; one with several identities has several.
fn sharing(
    db: &Reading<'_>,
    release: &ReleaseId,
    keys: &[Key],
    at_most: usize,
) -> Result<Vec<ReleaseRow>, QueryFailure> {
    let mut found = Vec::new();
    for key in keys {
        found.extend(leading_to(db, *key, at_most.saturating_add(1))?);
    }
    found.retain(|row| row.purl != *release);
    found.sort_by(|a, b| b.published_at.cmp(&a.published_at).then_with(|| a.purl.cmp(&b.purl)));
    found.dedup_by(|a, b| a.purl == b.purl);
    found.truncate(at_most);
    Ok(found)
}

fn leading_to(db: &Reading<'_>, key: Key, at_most: usize) -> Result<Vec<ReleaseRow>, QueryFailure> {
    let sql = "SELECT releases.*, {row} FROM traces JOIN releases ON releases.id = traces.release
         WHERE key = ?1 ORDER BY traces.published_at DESC, traces.release DESC LIMIT ?2";
    db.rows(&RELEASES, sql, (key.0, limit(at_most)), release_row)
}

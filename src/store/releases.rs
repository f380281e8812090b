//! Stores releases, and selects those to re-check.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Store, StoreError,
    addresses::Hiding,
    columns::{Json, Micros, Text, Word, limit, time},
    developments::develop,
    error::QueryFailure,
    outcome::Outcome,
    packed::Packed,
    reading::one,
    sealed::RELEASES,
    traces::trace,
};
use crate::{
    clock::horizon,
    model::{Development, Observation, Package, ReleaseId, ReleaseLine, ReleaseStatus, files_fingerprint},
};

/// A release as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ReleaseRow {
    /// The release.
    pub purl: ReleaseId,
    /// Its line.
    pub line: ReleaseLine,
    /// When it was published, if that could be read.
    pub published_at: Option<DateTime<Utc>>,
    /// When it was first recorded.
    pub observed_at: DateTime<Utc>,
    /// When something about it last changed here.
    pub updated_at: DateTime<Utc>,
    /// Whether it can still be installed, as last heard.
    pub status: ReleaseStatus,
    /// What came of looking at it.
    pub outcome: Outcome,
    /// What could not be checked, each a sentence for people.
    pub unchecked: Vec<String>,
    /// Whether the baseline has learned from it.
    #[serde(rename = "teaches")]
    pub in_baseline: bool,
    /// When to look again for evidence that could not be had.
    pub recheck_at: Option<DateTime<Utc>>,
    /// The number of failed attempts.
    pub attempts: u32,
    /// What is known of it; `None` if it was never readable.
    pub observation: Option<Observation>,
}

impl Store {
    /// Every release that was observed, by publish time.
    ///
    /// # Errors
    /// As every read.
    pub fn observations(&self) -> Result<Vec<Observation>, StoreError> {
        self.read("reading every release", |db| {
            let sql =
                "SELECT observation, {row} FROM releases WHERE observation IS NOT NULL ORDER BY published_at, purl";
            db.rows(&RELEASES, sql, [], |row| row.get::<_, Packed<Observation>>(0).map(|Packed(it)| it))
        })
    }

    /// A release, if it was ever recorded.
    ///
    /// # Errors
    /// As every read.
    pub fn release(&self, release: &ReleaseId) -> Result<Option<ReleaseRow>, StoreError> {
        self.read("reading a release", |db| {
            one(db, &RELEASES, "SELECT *, {row} FROM releases WHERE purl = ?1", [release.to_string()], release_row)
        })
    }

    /// The releases of a package, the latest first; those without a publish time last.
    ///
    /// # Errors
    /// As every read.
    pub fn releases(&self, package: &Package, at_most: usize) -> Result<Vec<ReleaseRow>, StoreError> {
        self.read("listing the releases of a package", |db| {
            let sql = "SELECT *, {row} FROM releases WHERE package = ?1 ORDER BY published_at DESC, id DESC LIMIT ?2";
            db.rows(&RELEASES, sql, (package.to_string(), limit(at_most)), release_row)
        })
    }

    /// The releases of a package that were published until a time, the latest first.
    ///
    /// # Errors
    /// As every read.
    pub fn releases_until(
        &self,
        package: &Package,
        until: DateTime<Utc>,
        at_most: usize,
    ) -> Result<Vec<ReleaseRow>, StoreError> {
        self.read("listing the releases of a package until a time", |db| {
            let sql = "SELECT *, {row} FROM releases WHERE package = ?1 AND published_at <= ?2
                       ORDER BY published_at DESC, id DESC LIMIT ?3";
            db.rows(&RELEASES, sql, (package.to_string(), Micros(until), limit(at_most)), release_row)
        })
    }

    /// The releases of a package that were published after a time, the earliest first.
    ///
    /// # Errors
    /// As every read.
    pub fn releases_after(
        &self,
        package: &Package,
        after: DateTime<Utc>,
        at_most: usize,
    ) -> Result<Vec<ReleaseRow>, StoreError> {
        self.read("listing the releases of a package after a time", |db| {
            let sql = "SELECT *, {row} FROM releases WHERE package = ?1 AND published_at > ?2
                       ORDER BY published_at, id LIMIT ?3";
            db.rows(&RELEASES, sql, (package.to_string(), Micros(after), limit(at_most)), release_row)
        })
    }

    /// The releases of a package without a publish time, the latest recorded first.
    ///
    /// # Errors
    /// As every read.
    pub fn undated_releases(&self, package: &Package, at_most: usize) -> Result<Vec<ReleaseRow>, StoreError> {
        self.read("listing the undated releases of a package", |db| {
            let sql = "SELECT *, {row} FROM releases WHERE package = ?1 AND published_at IS NULL
                       ORDER BY id DESC LIMIT ?2";
            db.rows(&RELEASES, sql, (package.to_string(), limit(at_most)), release_row)
        })
    }

    /// The packages that have releases whose evidence is to be asked for again and that are not queued, by purl; nothing
    /// waits for longer than `longest`.
    ///
    /// # Errors
    /// As every read.
    pub fn packages_to_recheck(
        &self,
        now: DateTime<Utc>,
        longest: TimeDelta,
        at_most: usize,
    ) -> Result<Vec<Package>, StoreError> {
        self.read("reading the rechecks", |db| {
            let mut query = db.prepare_cached(
                // In the order of the index, which has only what waits: this is asked every second.
                "SELECT package FROM releases WHERE recheck_at IS NOT NULL AND (recheck_at <= ?1 OR recheck_at > ?2)
                     AND NOT EXISTS (SELECT 1 FROM work WHERE work.package = releases.package)
                 ORDER BY recheck_at LIMIT ?3",
            )?;
            let due = (Micros(now), Micros(horizon(now, longest)), limit(at_most));
            let rows = query.query_map(due, |row| Ok(row.get::<_, Text<_>>(0)?.0))?;
            let mut packages: Vec<Package> = rows.collect::<Result<_, _>>()?;
            packages.sort();
            packages.dedup();
            Ok(packages)
        })
    }

    /// Puts another look at a release off, or gives it up, because there was nothing to look at. `false`: it was not
    /// waiting.
    pub(crate) fn put_off_recheck(
        &self,
        release: &ReleaseId,
        until: Option<DateTime<Utc>>,
    ) -> Result<bool, StoreError> {
        self.write("putting a recheck off", |db| {
            let changed = db
                .prepare_cached(
                    "UPDATE releases SET recheck_at = :until,
                         attempts = CASE WHEN :until IS NULL THEN 0 ELSE attempts + 1 END
                     WHERE purl = :purl AND recheck_at IS NOT NULL",
                )?
                .execute(named_params! { ":purl": release.to_string(), ":until": until.map(Micros) })?;
            Ok(changed == 1)
        })
    }

    /// The files of releases as the registry states them now, and what it stated before: nothing that a judgement would change.
    pub(crate) fn restate_files(&self, releases: &[Observation], now: DateTime<Utc>) -> Result<(), StoreError> {
        if releases.is_empty() {
            return Ok(());
        }
        self.write("storing the digests of files", |db| {
            let mut update = db.prepare_cached(
                "UPDATE releases SET files = ?2, observation = ?3, updated_at = ?4 WHERE purl = ?1 RETURNING id",
            )?;
            for release in releases {
                let hiding = Hiding::of(db, release.purl.package())?;
                let stored = Packed(hiding.release(release));
                let values = (release.purl.to_string(), files_fingerprint(&release.files), stored, Micros(now));
                if let Some(id) = update.query_row(values, |row| row.get(0)).optional()? {
                    trace(db, id, release)?;
                }
            }
            Ok(())
        })
    }

    /// A release that teaches nothing is to be looked at again now.
    ///
    /// # Errors
    /// As every write.
    pub fn look_again(&self, release: &ReleaseId, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("scheduling a re-check of a release", |db| look_again(db, release, now))
    }

    /// A release is to be judged again now, whether the baseline includes it or not.
    ///
    /// # Errors
    /// As every write.
    pub(crate) fn judge_again(&self, release: &ReleaseId, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("scheduling another judgement of a release", |db| {
            db.prepare_cached("UPDATE releases SET recheck_at = ?2, attempts = 0 WHERE purl = ?1")?
                .execute((release.to_string(), Micros(now)))?;
            Ok(())
        })
    }

    /// The registry yanked, quarantined, removed or restored a release. `false`: that was known, or the release is not.
    ///
    /// # Errors
    /// As every write.
    pub fn set_status(
        &self,
        release: &ReleaseId,
        status: ReleaseStatus,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.write("storing the status of a release", |db| {
            let changed = db
                .prepare_cached("UPDATE releases SET status = ?2, updated_at = ?3 WHERE purl = ?1 AND status <> ?4")?
                .execute((release.to_string(), Word(status), Micros(now), Word(status)))?;
            if changed == 1 {
                develop(db, release, &[Development::of_status(status, now)], now)?;
            }
            Ok(changed == 1)
        })
    }
}

/// A release that teaches nothing is to be looked at again now.
pub(super) fn look_again(db: &Connection, release: &ReleaseId, now: DateTime<Utc>) -> Result<(), QueryFailure> {
    db.prepare_cached(
        "UPDATE releases SET recheck_at = ?2, attempts = 0 WHERE purl = ?1 AND teaches = 0 AND recheck_at IS NULL",
    )?
    .execute((release.to_string(), Micros(now)))?;
    Ok(())
}

/// The release of a row with `package` and `version`. The version needs no parsing, however odd the registry's text is.
pub(super) fn release_id(row: &Row<'_>) -> rusqlite::Result<ReleaseId> {
    let package: Package = row.get::<_, Text<_>>("package")?.0;
    Ok(package.at(row.get::<_, String>("version")?))
}

pub(super) fn release_row(row: &Row<'_>) -> rusqlite::Result<ReleaseRow> {
    Ok(ReleaseRow {
        purl: release_id(row)?,
        line: ReleaseLine::named(row.get::<_, String>("line")?),
        published_at: time(row.get("published_at")?),
        observed_at: row.get::<_, Micros>("observed_at")?.0,
        updated_at: row.get::<_, Micros>("updated_at")?.0,
        status: row.get::<_, Word<_>>("status")?.0,
        outcome: row.get::<_, Word<_>>("outcome")?.0,
        unchecked: row.get::<_, Json<_>>("unchecked")?.0,
        in_baseline: row.get("teaches")?,
        recheck_at: time(row.get("recheck_at")?),
        attempts: row.get("attempts")?,
        observation: row.get::<_, Option<Packed<_>>>("observation")?.map(|seen| seen.0),
    })
}

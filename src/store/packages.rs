//! Stores the state of packages and of their versions.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rusqlite::{Row, named_params};
use serde::Serialize;

use super::{
    Outcome, Store, StoreError,
    columns::{Json, Micros, Text, Word, time},
    dist_tags::SeenTags,
    reading::{one, several},
    sealed::{PACKAGES, RELEASES},
};
use crate::model::{Package, ReleaseStatus};

/// The known state of a package as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageRow {
    /// The package.
    pub package: Package,
    /// When it was first checked; never changes.
    pub first_seen: DateTime<Utc>,
    /// When its document was last read completely.
    pub checked_at: Option<DateTime<Utc>>,
    /// When its history was learned; `None`: not yet.
    pub backfilled_at: Option<DateTime<Utc>>,
    /// The `ETag` of the document that was last stored completely.
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    pub last_modified: Option<String>,
    /// Its revision.
    pub revision: Option<String>,
    /// Maintainers or owners, by account name.
    pub maintainers: Option<Vec<String>>,
    /// The registry's status word, if it is not ordinary.
    pub status: Option<String>,
    /// The versions that its document listed at the first check, until its history is read.
    pub history: Option<BTreeSet<String>>,
    /// The versions that were withdrawn at the last check; `None`: unknown.
    pub withdrawn: Option<BTreeSet<String>>,
    /// The dist-tags at the last check; `None`: unknown, or the registry has none.
    pub dist_tags: Option<SeenTags>,
}

impl PackageRow {
    /// A package without any state.
    pub fn new(package: Package, first_seen: DateTime<Utc>) -> Self {
        Self {
            package,
            first_seen,
            checked_at: None,
            backfilled_at: None,
            etag: None,
            last_modified: None,
            revision: None,
            maintainers: None,
            status: None,
            history: None,
            withdrawn: None,
            dist_tags: None,
        }
    }

    /// Whether a version may have been there at the first check. A later one is new, whatever time it claims.
    pub(crate) fn may_be_history(&self, version: &str) -> bool {
        self.history.as_ref().is_none_or(|history| history.contains(version))
    }
}

/// The state of a stored release, which shows whether it must be checked again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionState {
    /// Its status.
    pub status: ReleaseStatus,
    /// The outcome of its last check.
    pub outcome: Outcome,
    /// The fingerprint of its files, see [`crate::model::files_fingerprint`].
    pub files: String,
    /// Whether the baseline includes it.
    pub in_baseline: bool,
    /// The reasons why it is not fully checked.
    pub unchecked: Vec<String>,
    /// When to request unavailable evidence again.
    pub recheck_at: Option<DateTime<Utc>>,
    /// The number of failed attempts.
    pub attempts: u32,
    /// When it was first recorded.
    pub observed_at: DateTime<Utc>,
}

impl Store {
    /// A package, if it was ever checked.
    ///
    /// # Errors
    /// As every read.
    pub fn package(&self, package: &Package) -> Result<Option<PackageRow>, StoreError> {
        self.read("reading a package", |db| {
            let sql = "SELECT *, {row} FROM packages WHERE package = ?1";
            one(db, &PACKAGES, sql, [package.to_string()], package_row)
        })
    }

    /// Stores the whole row, except that `first_seen` stays as it was. It reaches the disk with the next record of the
    /// package; before that its work item is still in the queue there, and the document is read again.
    ///
    /// # Errors
    /// As every write.
    pub fn save_package(&self, row: &PackageRow) -> Result<(), StoreError> {
        self.write_repeatable("storing a package", |db| {
            db.prepare_cached(
                "INSERT INTO packages (package, first_seen, checked_at, backfilled_at, etag, last_modified, revision,
                                       maintainers, status, history, withdrawn, dist_tags)
                 VALUES (:package, :first_seen, :checked_at, :backfilled_at, :etag, :last_modified, :revision,
                         :maintainers, :status, :history, :withdrawn, :dist_tags)
                 ON CONFLICT (package) DO UPDATE SET checked_at = excluded.checked_at,
                     backfilled_at = excluded.backfilled_at, etag = excluded.etag,
                     last_modified = excluded.last_modified, revision = excluded.revision,
                     maintainers = excluded.maintainers, status = excluded.status, history = excluded.history,
                     withdrawn = excluded.withdrawn, dist_tags = excluded.dist_tags",
            )?
            .execute(named_params! {
                ":package": row.package.to_string(),
                ":first_seen": Micros(row.first_seen),
                ":checked_at": row.checked_at.map(Micros),
                ":backfilled_at": row.backfilled_at.map(Micros),
                ":etag": row.etag,
                ":last_modified": row.last_modified,
                ":revision": row.revision,
                ":maintainers": row.maintainers.as_ref().map(Json),
                ":status": row.status,
                ":history": row.history.as_ref().map(Json),
                ":withdrawn": row.withdrawn.as_ref().map(Json),
                ":dist_tags": row.dist_tags.as_ref().map(Json),
            })?;
            Ok(())
        })
    }

    /// Every package that was ever checked, by purl; as many as the watchlist ever had.
    ///
    /// # Errors
    /// As every read.
    pub fn packages(&self) -> Result<Vec<PackageRow>, StoreError> {
        self.read("listing the packages", |db| {
            db.rows(&PACKAGES, "SELECT *, {row} FROM packages ORDER BY package", [], package_row)
        })
    }

    /// The states of the stored releases of a package, by version.
    pub(crate) fn version_states(&self, package: &Package) -> Result<BTreeMap<String, VersionState>, StoreError> {
        self.read("reading the states of a package's versions", |db| {
            let sql =
                "SELECT version, status, outcome, files, teaches, unchecked, recheck_at, attempts, observed_at, {row}
                       FROM releases WHERE package = ?1";
            let state = |row: &Row<'_>| Ok((row.get("version")?, version_state(row)?));
            // All or none: a version that was left out would count as a new one.
            Ok(several(db, &RELEASES, sql, [package.to_string()], state)?.into_iter().collect())
        })
    }
}

fn version_state(row: &Row<'_>) -> rusqlite::Result<VersionState> {
    Ok(VersionState {
        status: row.get::<_, Word<_>>("status")?.0,
        outcome: row.get::<_, Word<_>>("outcome")?.0,
        files: row.get("files")?,
        in_baseline: row.get("teaches")?,
        unchecked: row.get::<_, Json<_>>("unchecked")?.0,
        recheck_at: time(row.get("recheck_at")?),
        attempts: row.get("attempts")?,
        observed_at: row.get::<_, Micros>("observed_at")?.0,
    })
}

fn package_row(row: &Row<'_>) -> rusqlite::Result<PackageRow> {
    Ok(PackageRow {
        package: row.get::<_, Text<_>>("package")?.0,
        first_seen: row.get::<_, Micros>("first_seen")?.0,
        checked_at: time(row.get("checked_at")?),
        backfilled_at: time(row.get("backfilled_at")?),
        etag: row.get("etag")?,
        last_modified: row.get("last_modified")?,
        revision: row.get("revision")?,
        maintainers: row.get::<_, Option<Json<_>>>("maintainers")?.map(|names| names.0),
        status: row.get("status")?,
        history: row.get::<_, Option<Json<_>>>("history")?.map(|versions| versions.0),
        withdrawn: row.get::<_, Option<Json<_>>>("withdrawn")?.map(|versions| versions.0),
        dist_tags: row.get::<_, Option<Json<_>>>("dist_tags")?.map(|tags| tags.0),
    })
}

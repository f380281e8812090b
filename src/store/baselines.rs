//! Stores baselines, their versions, and held releases.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Store, StoreError,
    addresses::{Addresses, Hiding, has_pseudonyms},
    broken::Broken,
    columns::{Json, Micros, Text, Word, limit, time},
    error::QueryFailure,
    operator_actions,
    packed::Packed,
    reading::one,
    releases::{self, release_id},
    sealed::{BASELINE_VERSIONS, BASELINES, RELEASES},
};
use crate::model::{Baseline, BaselineReason, Fingerprint, Observation, Package, ReleaseId, ReleaseLine, StoredForm};

/// A baseline as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBaseline {
    /// How many versions led to it; 0: none was ever learned.
    pub revision: u32,
    /// The baseline.
    pub baseline: Baseline,
}

/// A new state of a baseline and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaselineChange {
    /// The revision of the baseline that it was made from. In one batch a later change counts the versions of the earlier
    /// ones.
    pub based_on: u32,
    /// The new state.
    pub baseline: Baseline,
    /// The steps that led there, in order.
    pub versions: Vec<NewBaselineVersion>,
}

/// One step of a baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBaselineVersion {
    /// The line.
    pub line: ReleaseLine,
    /// Why.
    pub reason: BaselineReason,
    /// The release that was learned or accepted; none for a reset.
    pub purl: Option<ReleaseId>,
    /// Who: `provwatch`, or the operator's name.
    pub actor: String,
    /// The operator's reason.
    pub note: Option<String>,
}

/// One step of a baseline, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BaselineVersion {
    /// The line.
    pub line: ReleaseLine,
    /// Counts from 1 within the line.
    pub version: u32,
    /// Why.
    pub reason: BaselineReason,
    /// The release that was learned or accepted.
    pub purl: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// The operator's reason.
    pub note: Option<String>,
}

/// A release that the baseline has not learned from because it was unusual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Held {
    /// The release.
    pub purl: ReleaseId,
    /// Its line.
    pub line: ReleaseLine,
    /// When it was published.
    pub published_at: Option<DateTime<Utc>>,
}

impl Store {
    /// The baseline of a package; an empty one if none was learned.
    ///
    /// # Errors
    /// As every read.
    pub fn baseline(&self, package: &Package) -> Result<StoredBaseline, StoreError> {
        self.read("reading a baseline", |db| {
            let sql = "SELECT revision, body, {row} FROM baselines WHERE package = ?1";
            let stored = one(db, &BASELINES, sql, [package.to_string()], |row| {
                Ok(StoredBaseline { revision: row.get("revision")?, baseline: row.get::<_, Json<_>>("body")?.0 })
            })?;
            match stored {
                Some(mut stored) => {
                    if has_pseudonyms(&stored.baseline) {
                        Addresses::of(db)?.recognize(&mut stored.baseline, []);
                    }
                    Ok(stored)
                }
                None => Ok(StoredBaseline {
                    revision: never_learned(db, package)?,
                    baseline: Baseline::empty(package.clone()),
                }),
            }
        })
    }

    /// How a baseline came to be, the latest step first.
    ///
    /// # Errors
    /// As every read.
    pub fn baseline_history(&self, package: &Package, at_most: usize) -> Result<Vec<BaselineVersion>, StoreError> {
        self.read("reading the history of a baseline", |db| {
            let sql = "SELECT *, {row} FROM baseline_versions WHERE package = ?1 ORDER BY id DESC LIMIT ?2";
            db.rows(&BASELINE_VERSIONS, sql, (package.to_string(), limit(at_most)), baseline_version)
        })
    }

    /// What the operator said when a release was accepted, if it was and that was not taken back.
    ///
    /// # Errors
    /// As every read.
    pub fn acceptance(&self, release: &ReleaseId) -> Result<Option<BaselineVersion>, StoreError> {
        self.read("looking whether a release was accepted", |db| {
            let sql = "SELECT *, {row} FROM baseline_versions WHERE package = ?1 AND purl = ?2 AND reason IN (?3, ?4)
                       ORDER BY id DESC LIMIT 1";
            let reasons = (Word(BaselineReason::Accepted), Word(BaselineReason::Unaccepted));
            let of = (release.package().to_string(), release.to_string(), reasons.0, reasons.1);
            let last = one(db, &BASELINE_VERSIONS, sql, of, baseline_version)?;
            Ok(last.filter(|step| step.reason == BaselineReason::Accepted))
        })
    }

    /// The packages that have a baseline, by purl.
    pub(crate) fn baseline_packages(&self) -> Result<Vec<Package>, StoreError> {
        self.read("listing the baselines", |db| {
            let sql = "SELECT package, {row} FROM baselines ORDER BY package";
            db.rows(&BASELINES, sql, [], |row| Ok(row.get::<_, Text<_>>(0)?.0))
        })
    }

    /// The unusual releases of a package that its baseline has not learned from, in publish order.
    ///
    /// # Errors
    /// As every read.
    pub fn held(&self, package: &Package) -> Result<Vec<Held>, StoreError> {
        self.read("listing held releases", |db| {
            let sql = "SELECT package, version, line, published_at, {row} FROM releases
                 WHERE package = ?1 AND outcome IN ('held', 'alerted') AND teaches = 0 ORDER BY published_at, id";
            db.rows(&RELEASES, sql, [package.to_string()], |row| {
                Ok(Held {
                    purl: release_id(row)?,
                    line: ReleaseLine::named(row.get::<_, String>("line")?),
                    published_at: time(row.get("published_at")?),
                })
            })
        })
    }

    /// The releases that a line of a package was learned from, in publish order.
    pub(crate) fn learned_from(&self, package: &Package, line: &ReleaseLine) -> Result<Vec<Observation>, StoreError> {
        self.read("reading what a baseline was learned from", |db| {
            let sql = "SELECT observation, {row} FROM releases
                 WHERE package = ?1 AND line = ?2 AND teaches = 1 AND observation IS NOT NULL ORDER BY published_at, id";
            let of_line = (package.to_string(), line.as_str());
            let mut learned = db.rows(&RELEASES, sql, of_line, |row| Ok(row.get::<_, Packed<_>>(0)?.0))?;
            Addresses::of(db)?.recognize_among(package, &mut learned);
            Ok(learned)
        })
    }

    /// Changes a baseline by itself: the operator accepted a release or started a line anew, or one was withdrawn. Gives the number of versions
    /// that were appended; repeating a change appends none.
    ///
    /// # Errors
    /// [`StoreError::BaselineMoved`] if it was changed since it was read, [`StoreError::Unstorable`] if it learns from a
    /// release that was never recorded; else as every write.
    pub fn change_baseline(&self, change: &BaselineChange, now: DateTime<Utc>) -> Result<usize, StoreError> {
        self.write("changing a baseline", |db| apply(db, change, now))
    }
}

impl Store {
    /// Takes an acceptance back: changes the baseline, has the releases that it unlearned besides judged again, and opens the
    /// alert of the release again, in one transaction.
    ///
    /// # Errors
    /// As [`Store::change_baseline`].
    pub fn take_back(
        &self,
        change: &BaselineChange,
        alert: &Fingerprint,
        by: &str,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        self.write("taking an acceptance back", |db| {
            let steps = apply(db, change, now)?;
            for version in change.versions.iter().filter(|version| version.reason == BaselineReason::Unlearned) {
                if let Some(release) = &version.purl {
                    releases::look_again(db, release, now)?;
                }
            }
            operator_actions::open_again(db, alert, by, reason, now)?;
            Ok(steps)
        })
    }
}

/// The revision of a package without a baseline: none was ever learned. If steps led to one, it was lost: the next release
/// must not be taken for the package's first.
fn never_learned(db: &Connection, package: &Package) -> Result<u32, QueryFailure> {
    let package = package.to_string();
    let steps: u32 = db
        .prepare_cached("SELECT count(*) FROM baseline_versions WHERE package = ?1")?
        .query_row([&package], |row| row.get(0))?;
    if steps == 0 {
        return Ok(0);
    }
    Err(QueryFailure::Broken(Broken::missing(
        &BASELINES,
        &package,
        format!("it is missing, and {steps} steps led to it"),
    )))
}

/// Appends the steps that are not there yet and replaces the baseline.
pub(super) fn apply(db: &Connection, change: &BaselineChange, now: DateTime<Utc>) -> Result<usize, QueryFailure> {
    let package = change.baseline.package.to_string();
    let mut appended = 0;
    for version in &change.versions {
        if !is_done(db, &package, version)? {
            append(db, &package, version, now)?;
            appended += 1;
        }
    }
    if appended > 0 {
        replace(db, change, appended, now)?;
    }
    Ok(appended)
}

/// A release teaches once until a reset, and is unlearned once; a line that was just reset needs no other.
fn is_done(db: &Connection, package: &str, version: &NewBaselineVersion) -> Result<bool, QueryFailure> {
    match (&version.purl, version.reason) {
        (_, BaselineReason::Reset) => was_just_reset(db, package, &version.line),
        (Some(purl), BaselineReason::Unlearned | BaselineReason::Unaccepted) => Ok(!in_baseline(db, purl)?),
        (Some(purl), _) => in_baseline(db, purl),
        (None, _) => Ok(false),
    }
}

fn was_just_reset(db: &Connection, package: &str, line: &ReleaseLine) -> Result<bool, QueryFailure> {
    let last: Option<Word<BaselineReason>> = db
        .prepare_cached(
            "SELECT reason FROM baseline_versions WHERE package = ?1 AND line = ?2 ORDER BY version DESC LIMIT 1",
        )?
        .query_row((package, line.as_str()), |row| row.get(0))
        .optional()?;
    Ok(last.is_some_and(|Word(reason)| reason == BaselineReason::Reset))
}

fn in_baseline(db: &Connection, release: &ReleaseId) -> Result<bool, QueryFailure> {
    let mut query = db.prepare_cached("SELECT teaches FROM releases WHERE purl = ?1")?;
    Ok(query.query_row([release.to_string()], |row| row.get(0)).optional()?.unwrap_or(false))
}

fn append(
    db: &Connection,
    package: &str,
    version: &NewBaselineVersion,
    now: DateTime<Utc>,
) -> Result<(), QueryFailure> {
    db.prepare_cached(
        // The checksum here and not by the trigger: a history has many steps, and each would be written twice.
        "INSERT INTO baseline_versions (package, line, version, reason, purl, at, actor, note, checksum)
         SELECT :package, :line, coalesce(max(version), 0) + 1, :reason, :purl, :at, :actor, :note,
                row_sum(:package, :line, coalesce(max(version), 0) + 1, :reason, :purl, :at, :actor, :note)
         FROM baseline_versions WHERE package = :package AND line = :line",
    )?
    .execute(named_params! {
        ":package": package,
        ":line": version.line.as_str(),
        ":reason": Word(version.reason),
        ":purl": version.purl.as_ref().map(ToString::to_string),
        ":at": Micros(now),
        ":actor": version.actor,
        ":note": version.note,
    })?;
    match (&version.purl, version.reason) {
        (_, BaselineReason::Reset) => forget(db, package, &version.line),
        (Some(purl), BaselineReason::Unlearned | BaselineReason::Unaccepted) => mark_in_baseline(db, purl, false),
        (Some(purl), _) => mark_in_baseline(db, purl, true),
        (None, _) => Ok(()),
    }
}

fn forget(db: &Connection, package: &str, line: &ReleaseLine) -> Result<(), QueryFailure> {
    db.prepare_cached("UPDATE releases SET teaches = 0 WHERE package = ?1 AND line = ?2")?
        .execute((package, line.as_str()))?;
    Ok(())
}

fn mark_in_baseline(db: &Connection, release: &ReleaseId, in_baseline: bool) -> Result<(), QueryFailure> {
    // The checksum here and not by the trigger: a history has many releases.
    let sql =
        format!("UPDATE releases SET teaches = ?2, checksum = {} WHERE purl = ?1", RELEASES.resealed("teaches", "?2"));
    let marked = db.prepare_cached(&sql)?.execute((release.to_string(), in_baseline))?;
    if marked == 0 {
        let why = "the baseline can only learn from releases that are recorded".to_owned();
        return Err(StoreError::Unstorable { what: release.to_string(), why }.into());
    }
    Ok(())
}

/// Replaces the baseline if it still is the one that the change was made from: two writers (the daemon, an operator who
/// accepts a release) must not undo one another's steps.
fn replace(db: &Connection, change: &BaselineChange, appended: usize, now: DateTime<Utc>) -> Result<(), QueryFailure> {
    let baseline = Hiding::of(db, &change.baseline.package)?;
    let baseline = baseline.baseline(&change.baseline);
    let replaced = db
        .prepare_cached(
            "INSERT INTO baselines (package, revision, updated_at, body, checksum)
             SELECT :package, :appended, :now, :body, row_sum(:package, :appended, :now, :body)
             WHERE :based_on = coalesce((SELECT revision FROM baselines WHERE package = :package), 0)
             ON CONFLICT (package) DO UPDATE SET revision = baselines.revision + excluded.revision,
                 updated_at = excluded.updated_at, body = excluded.body",
        )?
        .execute(named_params! {
            ":package": change.baseline.package.to_string(),
            ":appended": limit(appended),
            ":now": Micros(now),
            ":based_on": change.based_on,
            ":body": Json(StoredForm(&baseline)),
        })?;
    if replaced == 0 {
        return Err(StoreError::BaselineMoved { package: change.baseline.package.clone() }.into());
    }
    Ok(())
}

fn baseline_version(row: &Row<'_>) -> rusqlite::Result<BaselineVersion> {
    Ok(BaselineVersion {
        line: ReleaseLine::named(row.get::<_, String>("line")?),
        version: row.get("version")?,
        reason: row.get::<_, Word<_>>("reason")?.0,
        purl: row.get("purl")?,
        at: row.get::<_, Micros>("at")?.0,
        actor: row.get("actor")?,
        note: row.get("note")?,
    })
}

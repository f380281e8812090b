//! Stores the runs of one's own release workflow that the CI told of. Their table only grows.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params};

use super::{
    Store, StoreError,
    columns::{Json, Micros, Text, limit},
    error::QueryFailure,
    sealed::ALLOWED_RUNS,
    traces::Trace,
};
use crate::model::{Allowance, FileDigest, Package, run_and_attempt};

/// Most releases that an allowance has judged again at once.
const MOST: i64 = 100;

/// Most allowances that one query returns: a run has few, a package some in a window.
const AT_MOST: usize = 200;

/// What an allowance can be found by.
#[derive(Clone, Debug, Default)]
pub struct AllowedBy<'a> {
    /// The runs, with or without their attempts.
    pub runs: Vec<&'a str>,
    /// The digests, by algorithm.
    pub digests: Vec<(&'a str, &'a str)>,
    /// A package with the time of a release of it, and how far from it an allowance may be.
    pub near: Option<(&'a Package, DateTime<Utc>, TimeDelta)>,
}

impl Store {
    /// Stores that a run is allowed, and that the releases that it may explain are to be judged again now. `source` is
    /// the SHA-256 of a signed file: a file that was stored before is `None`. Its own number does not matter.
    ///
    /// # Errors
    /// As every write.
    pub fn allow_run(
        &self,
        allowance: &Allowance,
        source: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Option<i64>, StoreError> {
        self.write("recording an allowed run", |db| {
            let Some(id) = insert(db, allowance, source)? else { return Ok(None) };
            for digest in &allowance.digests {
                db.prepare_cached(
                    "INSERT INTO allowed_digests (digest, allowed_run) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                )?
                .execute((digest.to_string(), id))?;
            }
            judge_again(db, allowance, now)?;
            Ok(Some(id))
        })
    }

    /// The latest allowances, of all packages or of those that may be about one; the latest first.
    ///
    /// # Errors
    /// As every read.
    pub fn allowances(&self, package: Option<&Package>, at_most: usize) -> Result<Vec<Allowance>, StoreError> {
        self.read("listing allowed runs", |db| {
            let sql =
                "SELECT *, {row} FROM allowed_runs WHERE :package IS NULL OR package IS NULL OR package = :package
                       ORDER BY id DESC LIMIT :limit";
            let package = package.map(ToString::to_string);
            db.rows(&ALLOWED_RUNS, sql, named_params! { ":package": package, ":limit": limit(at_most) }, row)
        })
    }

    /// The allowances that name one of these runs or digests, or a package at about that time.
    ///
    /// # Errors
    /// As every read.
    pub fn allowed_by(&self, wanted: &AllowedBy<'_>) -> Result<Vec<Allowance>, StoreError> {
        self.read("looking for allowed runs", |db| {
            let mut found = Vec::new();
            for run in &wanted.runs {
                let sql = "SELECT *, {row} FROM allowed_runs WHERE run = ?1 ORDER BY id LIMIT ?2";
                found.extend(db.rows(&ALLOWED_RUNS, sql, (base(run), limit(AT_MOST)), row)?);
            }
            for (algorithm, hex) in &wanted.digests {
                let sql = "SELECT allowed_runs.*, {row} FROM allowed_digests
                           JOIN allowed_runs ON allowed_runs.id = allowed_digests.allowed_run
                           WHERE digest = ?1 ORDER BY allowed_run LIMIT ?2";
                let digest = format!("{algorithm}:{}", hex.to_lowercase());
                found.extend(db.rows(&ALLOWED_RUNS, sql, (digest, limit(AT_MOST)), row)?);
            }
            if let Some((package, at, within)) = wanted.near {
                let sql = "SELECT *, {row} FROM allowed_runs WHERE package = ?1 AND at >= ?2 AND at <= ?3
                           ORDER BY id LIMIT ?4";
                let window = (package.to_string(), Micros(at - within), Micros(at + within), limit(AT_MOST));
                found.extend(db.rows(&ALLOWED_RUNS, sql, window, row)?);
            }
            found.sort_by_key(|allowance| allowance.id);
            found.dedup_by_key(|allowance| allowance.id);
            Ok(found)
        })
    }

    /// Whether a signed file with this SHA-256 was stored.
    ///
    /// # Errors
    /// As every read.
    pub fn has_allowed(&self, source: &str) -> Result<bool, StoreError> {
        self.read("looking for an allowed run", |db| {
            let mut query = db.prepare_cached("SELECT 1 FROM allowed_runs WHERE source = ?1")?;
            Ok(query.exists([source])?)
        })
    }
}

/// The URL of a run as it is compared: without the attempt and a final slash, in lower case.
fn base(run: &str) -> String {
    run_and_attempt(run.trim_end_matches('/')).0.trim_end_matches('/').to_lowercase()
}

fn insert(db: &Connection, allowance: &Allowance, source: Option<&str>) -> Result<Option<i64>, QueryFailure> {
    let mut insert = db.prepare_cached(
        "INSERT INTO allowed_runs (run, attempt, digests, package, at, by, source)
         VALUES (:run, :attempt, :digests, :package, :at, :by, :source)
         ON CONFLICT (source) DO NOTHING RETURNING id",
    )?;
    let attempt = run_and_attempt(allowance.run.trim_end_matches('/')).1;
    let values: &[(&str, &dyn ToSql)] = named_params! {
        ":run": base(&allowance.run), ":attempt": attempt, ":digests": Json(&allowance.digests),
        ":package": allowance.package.as_ref().map(ToString::to_string), ":at": Micros(allowance.at),
        ":by": allowance.by, ":source": source,
    };
    Ok(insert.query_row(values, |row| row.get(0)).optional()?)
}

/// Has the releases judged again that the run built, whose files it may publish, and that its package had lately.
fn judge_again(db: &Connection, allowance: &Allowance, now: DateTime<Utc>) -> Result<(), QueryFailure> {
    let run = run_and_attempt(allowance.run.trim_end_matches('/')).0.trim_end_matches('/');
    // All attempts: `0` is the character after `/`.
    let built = "UPDATE releases SET recheck_at = ?2, attempts = 0 WHERE id IN (
                     SELECT release FROM traces WHERE key = ?1 ORDER BY published_at DESC LIMIT ?3)";
    db.prepare_cached(built)?.execute((Trace::AnyAttempt(run).key().0, Micros(now), MOST))?;
    for digest in &allowance.digests {
        let with_file = "UPDATE releases SET recheck_at = ?2, attempts = 0 WHERE id IN (
                             SELECT release FROM traces WHERE key = ?1
                             ORDER BY published_at DESC LIMIT ?3)";
        db.prepare_cached(with_file)?.execute((Trace::Digest(digest.hex()).key().0, Micros(now), MOST))?;
    }
    let Some(package) = &allowance.package else { return Ok(()) };
    let of_package = "UPDATE releases SET recheck_at = ?2, attempts = 0
                      WHERE package = ?1 AND published_at >= ?3 AND teaches = 0";
    let since = Micros(now - TimeDelta::days(1));
    db.prepare_cached(of_package)?.execute((package.to_string(), Micros(now), since))?;
    Ok(())
}

fn row(row: &Row<'_>) -> rusqlite::Result<Allowance> {
    let (run, attempt): (String, Option<u32>) = (row.get("run")?, row.get("attempt")?);
    Ok(Allowance {
        id: row.get("id")?,
        run: attempt.map_or_else(|| run.clone(), |attempt| format!("{run}/attempts/{attempt}")),
        digests: row.get::<_, Json<Vec<FileDigest>>>("digests")?.0,
        package: row.get::<_, Option<Text<Package>>>("package")?.map(|text| text.0),
        at: row.get::<_, Micros>("at")?.0,
        by: row.get("by")?,
    })
}

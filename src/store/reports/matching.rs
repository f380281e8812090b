//! Finds the stored releases that a report is about.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, named_params};

use super::questions::of_package;
use crate::{
    model::{AffectedVersions, MalwareReport, Package, ReleaseId},
    store::{columns::Micros, error::QueryFailure, reading::known},
};

/// Finds the reports about a release that is being stored.
pub(in crate::store) fn match_release(
    db: &Connection,
    release: &ReleaseId,
    now: DateTime<Utc>,
) -> Result<(), QueryFailure> {
    for (report, affected) in of_package(db, release.package())? {
        if report.is_active() && affected.affects(release) {
            found(db, release, &report, now)?;
        }
    }
    Ok(())
}

/// Finds the stored releases of a package that a new or changed report is about, and those that it is no longer about. Returns
/// how many it is about.
pub(super) fn match_report(
    db: &Connection,
    package: &Package,
    (report, affected): (&MalwareReport, &AffectedVersions),
    now: DateTime<Utc>,
) -> Result<usize, QueryFailure> {
    let mut matched = 0;
    for release in stored(db, package)? {
        if report.is_active() && affected.affects(&release) {
            found(db, &release, report, now)?;
            matched += 1;
        } else {
            withdrawn(db, &release, report, now)?;
        }
    }
    Ok(matched)
}

/// The releases of a package.
pub(super) fn stored(db: &Connection, package: &Package) -> Result<Vec<ReleaseId>, QueryFailure> {
    let mut query = db.prepare_cached("SELECT version FROM releases WHERE package = ?1 ORDER BY id")?;
    let versions = query.query_map([package.to_string()], |row| row.get::<_, String>(0))?;
    let versions: Vec<String> = versions.filter_map(known).collect::<Result<_, _>>()?;
    Ok(versions.into_iter().map(|version| package.at(version)).collect())
}

/// A report that was withdrawn and says so again is told anew.
fn found(db: &Connection, release: &ReleaseId, report: &MalwareReport, now: DateTime<Utc>) -> Result<(), QueryFailure> {
    // A version that no purl can name could not be read back.
    if release.to_string().parse::<ReleaseId>().ok().as_ref() != Some(release) {
        return Ok(());
    }
    db.prepare_cached(
        "INSERT INTO report_matches (purl, id, published, found_at) VALUES (:purl, :id, :published, :now)
         ON CONFLICT (purl, id) DO UPDATE SET published = excluded.published,
             found_at = CASE WHEN report_matches.withdrawn_at IS NULL
                 THEN report_matches.found_at ELSE excluded.found_at END,
             told_at = CASE WHEN report_matches.withdrawn_at IS NULL THEN report_matches.told_at END,
             withdrawn_at = NULL, withdrawal_told_at = NULL",
    )?
    .execute(named_params! {
        ":purl": release.to_string(), ":id": report.id, ":published": Micros(report.published_at), ":now": Micros(now),
    })?;
    Ok(())
}

/// The report no longer says that the release is malicious. What no alert told of is forgotten without a word.
pub(super) fn withdrawn(
    db: &Connection,
    release: &ReleaseId,
    report: &MalwareReport,
    now: DateTime<Utc>,
) -> Result<(), QueryFailure> {
    let (purl, at) = (release.to_string(), report.withdrawn_at.unwrap_or(now));
    db.prepare_cached("DELETE FROM report_matches WHERE purl = ?1 AND id = ?2 AND told_at IS NULL")?
        .execute((&purl, &report.id))?;
    db.prepare_cached(
        "UPDATE report_matches SET withdrawn_at = ?3 WHERE purl = ?1 AND id = ?2 AND withdrawn_at IS NULL",
    )?
    .execute((&purl, &report.id, Micros(at)))?;
    Ok(())
}

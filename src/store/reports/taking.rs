//! Stores reports that were read, with the releases that they are about.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    matching::{match_report, stored as releases, withdrawn},
    rows::stored,
};
use crate::{
    model::{AffectedVersions, MalwareReport, Package},
    store::{
        Store, StoreError,
        columns::{Micros, Text},
        error::QueryFailure,
        reading::known,
    },
};

/// A report that was read.
#[derive(Clone, Debug)]
pub struct NewReport {
    /// What it is, and since when.
    pub report: MalwareReport,
    /// The state of its file.
    pub stamp: i64,
    /// When it was last changed.
    pub modified_at: DateTime<Utc>,
    /// The packages with their versions; none if it is about other registries.
    pub affected: Vec<(Package, AffectedVersions)>,
}

/// What reports that were stored are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenReports {
    /// The reports.
    pub reports: usize,
    /// Stored releases that they are about.
    pub releases: usize,
}

impl Store {
    /// Whether a report was stored from a file in this state.
    ///
    /// # Errors
    /// As every read.
    pub(crate) fn has_report(&self, id: &str, stamp: i64) -> Result<bool, StoreError> {
        self.read("looking for a report", |db| {
            let mut query = db.prepare_cached("SELECT stamp FROM reports WHERE id = ?1 LIMIT 1")?;
            let known: Option<i64> = query.query_row([id], |row| row.get(0)).optional()?;
            Ok(known == Some(stamp))
        })
    }

    /// Stores reports in place of older ones with the same id, and notes the stored releases that they are about, in one
    /// transaction.
    ///
    /// # Errors
    /// As every write.
    pub fn take_reports(&self, reports: &[NewReport], now: DateTime<Utc>) -> Result<TakenReports, StoreError> {
        if reports.is_empty() {
            return Ok(TakenReports::default());
        }
        self.write_repeatable("storing reports of malicious releases", |db| {
            let mut taken = TakenReports { reports: reports.len(), releases: 0 };
            for report in reports {
                taken.releases += take(db, report, now)?;
            }
            Ok(taken)
        })
    }
}

fn take(db: &Connection, new: &NewReport, now: DateTime<Utc>) -> Result<usize, QueryFailure> {
    if is_outdated(db, new)? {
        return Ok(0);
    }
    let before = packages(db, &new.report.id)?;
    db.prepare_cached("DELETE FROM reports WHERE id = ?1")?.execute([&new.report.id])?;
    if new.affected.is_empty() {
        insert(db, new, "", "")?;
    }
    let mut releases = 0;
    for (package, affected) in &new.affected {
        insert(db, new, &package.to_string(), &stored(affected))?;
        releases += match_report(db, package, (&new.report, affected), now)?;
    }
    let named: BTreeSet<&Package> = new.affected.iter().map(|(package, _)| package).collect();
    for package in before.iter().filter(|package| !named.contains(package)) {
        left(db, package, &new.report, now)?;
    }
    Ok(releases)
}

/// A source may have two files of one report: an old one, and one in a folder of withdrawn reports.
fn is_outdated(db: &Connection, new: &NewReport) -> Result<bool, QueryFailure> {
    let mut query = db.prepare_cached("SELECT modified, withdrawn IS NOT NULL FROM reports WHERE id = ?1 LIMIT 1")?;
    let known = query.query_row([&new.report.id], |row| Ok((row.get::<_, Micros>(0)?.0, row.get::<_, bool>(1)?)));
    let known = known.optional()?;
    Ok(known.is_some_and(|known| known > (new.modified_at, !new.report.is_active())))
}

/// The report is no longer about a package.
fn left(db: &Connection, package: &Package, report: &MalwareReport, now: DateTime<Utc>) -> Result<(), QueryFailure> {
    releases(db, package)?.iter().try_for_each(|release| withdrawn(db, release, report, now))
}

fn packages(db: &Connection, id: &str) -> Result<Vec<Package>, QueryFailure> {
    let mut query =
        db.prepare_cached("SELECT package FROM reports WHERE id = ?1 AND package <> '' ORDER BY package")?;
    let packages = query.query_map([id], |row| Ok(row.get::<_, Text<Package>>(0)?.0))?;
    Ok(packages.filter_map(known).collect::<Result<_, _>>()?)
}

fn insert(db: &Connection, new: &NewReport, package: &str, affected: &str) -> Result<(), QueryFailure> {
    db.prepare_cached(
        "INSERT INTO reports (id, package, stamp, published, modified, withdrawn, aliases, affected)
         VALUES (:id, :package, :stamp, :published, :modified, :withdrawn, :aliases, :affected)",
    )?
    .execute(named_params! {
        ":id": new.report.id, ":package": package, ":stamp": new.stamp,
        ":published": Micros(new.report.published_at), ":modified": Micros(new.modified_at),
        ":withdrawn": new.report.withdrawn_at.map(Micros), ":aliases": new.report.aliases.join(" "),
        ":affected": affected,
    })?;
    Ok(())
}

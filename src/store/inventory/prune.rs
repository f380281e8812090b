//! Deletes past uses that are older than the store keeps them, and releases that no project uses any more.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use crate::store::{
    columns::{Micros, limit},
    error::QueryFailure,
};

/// The key of a use.
type Key = (i64, i64, i64);

/// The oldest uses that ended before a time.
pub(in crate::store) fn old_uses(
    db: &Connection,
    before: DateTime<Utc>,
    at_most: usize,
) -> Result<Vec<Key>, QueryFailure> {
    let mut query = db.prepare_cached(
        "SELECT release, project, from_at FROM inventory_uses WHERE until_at < ?1 ORDER BY until_at LIMIT ?2",
    )?;
    let rows = query.query_map((Micros(before), limit(at_most)), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Deletes uses, if they still are that old.
pub(in crate::store) fn delete_uses(
    db: &Connection,
    uses: &[Key],
    before: DateTime<Utc>,
) -> Result<usize, QueryFailure> {
    let mut delete = db.prepare_cached(
        "DELETE FROM inventory_uses WHERE release = ?1 AND project = ?2 AND from_at = ?3 AND until_at < ?4",
    )?;
    let mut deleted = 0;
    for (release, project, from_at) in uses {
        deleted += delete.execute((release, project, from_at, Micros(before)))?;
    }
    drop(delete);
    let releases: BTreeSet<i64> = uses.iter().map(|(release, ..)| *release).collect();
    for release in releases {
        forget(db, release)?;
    }
    Ok(deleted)
}

/// Deletes a release that no project uses, or used. One that only led to others is a text of theirs, and they show no such
/// text then.
fn forget(db: &Connection, release: i64) -> Result<(), QueryFailure> {
    let is_used: bool = db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM inventory_uses WHERE release = ?1)")?
        .query_row([release], |row| row.get(0))?;
    if !is_used {
        db.prepare_cached("DELETE FROM inventory_digests WHERE release = ?1")?.execute([release])?;
        db.prepare_cached("DELETE FROM inventory_releases WHERE id = ?1")?.execute([release])?;
    }
    Ok(())
}

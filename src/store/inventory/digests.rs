//! Stores the digests that lock files demand of releases, so that a digest leads to a release.

use rusqlite::Connection;

use super::rows::release_of;
use crate::{
    model::{FileDigest, ReleaseId},
    store::{Store, StoreError, columns::limit, error::QueryFailure, sealed::INVENTORY_RELEASES},
};

/// Most digests of a release: more than any has files.
const MOST: usize = 256;

impl Store {
    /// The releases of which a lock file demands a digest.
    ///
    /// # Errors
    /// As every read.
    pub fn locked_by_digest(&self, digest: &FileDigest, at_most: usize) -> Result<Vec<ReleaseId>, StoreError> {
        self.read("looking up a digest in the inventory", |db| {
            let sql = "SELECT r.package, r.version, {row AS r} FROM inventory_digests AS d
                       JOIN inventory_releases AS r ON r.id = d.release WHERE d.key = ?1 ORDER BY r.id LIMIT ?2";
            db.rows(&INVENTORY_RELEASES, sql, (key(digest), limit(at_most)), release_of)
        })
    }
}

/// Adds digests of a release.
pub(super) fn note(db: &Connection, release: i64, digests: &[FileDigest]) -> Result<(), QueryFailure> {
    let mut insert = db.prepare_cached(
        "INSERT INTO inventory_digests (key, release) SELECT :key, :release
         WHERE (SELECT count(*) FROM inventory_digests WHERE release = :release) < :most
         ON CONFLICT DO NOTHING",
    )?;
    for digest in digests {
        let values = rusqlite::named_params! { ":key": key(digest), ":release": release, ":most": limit(MOST) };
        insert.execute(values)?;
    }
    Ok(())
}

/// The first eight bytes of a digest: those of two files differ, unless somebody computes 2^64 of them.
fn key(digest: &FileDigest) -> Option<i64> {
    let mut first = [0; 8];
    hex::decode_to_slice(digest.hex().get(..16)?, &mut first).ok()?;
    Some(i64::from_be_bytes(first))
}

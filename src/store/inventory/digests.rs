//! Stores the digests that lock files demand of releases, so that a digest leads to a release.

use rusqlite::Connection;

use crate::{
    model::{FileDigest, Package, ReleaseId},
    store::{
        Store, StoreError,
        columns::{Text, limit},
        error::QueryFailure,
        sealed::INVENTORY_RELEASES,
    },
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
                       JOIN inventory_releases AS r ON r.id = d.release WHERE d.digest = ?1 ORDER BY r.id LIMIT ?2";
            db.rows(&INVENTORY_RELEASES, sql, (bytes(digest), limit(at_most)), |row| {
                let package: Package = row.get::<_, Text<_>>("package")?.0;
                Ok(package.at(row.get::<_, String>("version")?))
            })
        })
    }
}

/// Adds digests of a release.
pub(super) fn note(db: &Connection, release: i64, digests: &[FileDigest]) -> Result<(), QueryFailure> {
    let mut insert = db.prepare_cached(
        "INSERT INTO inventory_digests (release, digest) SELECT :release, :digest
         WHERE (SELECT count(*) FROM inventory_digests WHERE release = :release) < :most
         ON CONFLICT DO NOTHING",
    )?;
    for digest in digests {
        insert.execute(rusqlite::named_params! {
            ":release": release, ":digest": bytes(digest), ":most": limit(MOST),
        })?;
    }
    Ok(())
}

fn bytes(digest: &FileDigest) -> Vec<u8> {
    hex::decode(digest.hex()).unwrap_or_default()
}

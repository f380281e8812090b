//! Stores when normal versions were yanked or unpublished.

use chrono::{DateTime, Utc};
use rusqlite::named_params;

use super::{Store, StoreError, columns::Micros};
use crate::model::{Package, ReleaseId};

impl Store {
    /// Notes that a normal version was withdrawn between two checks. The first note stays.
    ///
    /// # Errors
    /// As every write.
    pub(crate) fn note_withdrawal(
        &self,
        release: &ReleaseId,
        published_at: DateTime<Utc>,
        (after, until): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<(), StoreError> {
        self.write("noting a withdrawal", |db| {
            db.prepare_cached(
                "INSERT INTO withdrawals (purl, package, version, published_at, after_at, seen_at)
                 VALUES (:purl, :package, :version, :published_at, :after_at, :seen_at) ON CONFLICT (purl) DO NOTHING",
            )?
            .execute(named_params! {
                ":purl": release.to_string(),
                ":package": release.package().to_string(),
                ":version": release.version(),
                ":published_at": Micros(published_at),
                ":after_at": Micros(after),
                ":seen_at": Micros(until),
            })?;
            Ok(())
        })
    }

    /// Forgets a withdrawal that was taken back.
    ///
    /// # Errors
    /// As every write.
    pub(crate) fn forget_withdrawal(&self, release: &ReleaseId) -> Result<(), StoreError> {
        self.write("forgetting a withdrawal", |db| {
            db.prepare_cached("DELETE FROM withdrawals WHERE purl = ?1")?.execute([release.to_string()])?;
            Ok(())
        })
    }

    /// The versions of a package that may have been withdrawn in a period, each with its publish time.
    ///
    /// # Errors
    /// As every read.
    pub(crate) fn withdrawals(
        &self,
        package: &Package,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<(String, DateTime<Utc>)>, StoreError> {
        self.read("reading the withdrawals of a package", |db| {
            let mut query = db.prepare_cached(
                "SELECT version, published_at FROM withdrawals
                 WHERE package = ?1 AND seen_at >= ?2 AND after_at <= ?3 ORDER BY published_at, version",
            )?;
            let rows = query.query_map((package.to_string(), Micros(from), Micros(until)), |row| {
                Ok((row.get(0)?, row.get::<_, Micros>(1)?.0))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

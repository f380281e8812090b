//! Gives up deliveries that no sink can make: their subscription was removed, or their endpoint is disabled for too long.

use chrono::{DateTime, Utc};
use rusqlite::named_params;

use crate::store::{Store, StoreError, columns::Micros};

impl Store {
    /// Gives up all pending deliveries to a subscription. Returns their number.
    pub(crate) fn give_up_all(&self, subscription: &str, now: DateTime<Utc>, why: &str) -> Result<usize, StoreError> {
        self.give_up_older(subscription, DateTime::<Utc>::MAX_UTC, (now, why))
    }

    /// Gives up the pending deliveries to a subscription that were put into the outbox at a time or before. Returns their
    /// number; without any it takes no lock.
    pub(crate) fn give_up_older(
        &self,
        subscription: &str,
        before: DateTime<Utc>,
        (now, why): (DateTime<Utc>, &str),
    ) -> Result<usize, StoreError> {
        let any = self.read("looking for deliveries that are too old", |db| {
            let mut query = db.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM deliveries WHERE subscription = ?1 AND state = 'pending'
                     AND coalesce(retried_at, created_at) <= ?2)",
            )?;
            Ok(query.query_row((subscription, Micros(before)), |row| row.get::<_, bool>(0))?)
        })?;
        if !any {
            return Ok(0);
        }
        self.write("giving deliveries up", |db| {
            db.prepare_cached(
                "INSERT INTO attempts (delivery, number, at, outcome, detail)
                 SELECT id, attempts + 1, :now, 'gave-up', :why FROM deliveries
                 WHERE subscription = :subscription AND state = 'pending'
                     AND coalesce(retried_at, created_at) <= :before",
            )?
            .execute(named_params! {
                ":subscription": subscription, ":now": Micros(now), ":why": why, ":before": Micros(before),
            })?;
            let mut update = db.prepare_cached(
                "UPDATE deliveries SET state = 'failed', attempts = attempts + 1, next_at = :now, settled_at = :now
                 WHERE subscription = :subscription AND state = 'pending'
                     AND coalesce(retried_at, created_at) <= :before",
            )?;
            Ok(update.execute(named_params! {
                ":subscription": subscription, ":now": Micros(now), ":before": Micros(before),
            })?)
        })
    }
}

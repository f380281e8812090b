//! Deletes what the store need not keep for ever: settled deliveries with their attempts, the events of feeds, and past uses of
//! the inventory.
//!
//! Evidence, releases, baselines, alerts and the history are never deleted. A delivery that told a subscription of the
//! members of a campaign stays, so that the subscription is not told again. The last delivery of an alert that is not
//! resolved stays too: whoever was told of the alert is told what becomes of it. The number of deleted deliveries stays: it is
//! part of the Message-ID of later messages about the alert.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, named_params};

use super::{
    Store, StoreError,
    columns::{Micros, limit},
    error::QueryFailure,
    inventory::{delete_uses, old_uses},
};

/// What one step deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pruned {
    /// Deliveries, each with its attempts.
    pub deliveries: usize,
    /// Events.
    pub events: usize,
    /// Past uses of releases by projects.
    pub uses: usize,
    /// Whether another step may find more.
    pub more: bool,
}

impl Pruned {
    pub fn rows(self) -> usize {
        self.deliveries + self.events + self.uses
    }
}

impl Store {
    /// Deletes at most so many settled deliveries, events, and past uses each, from before a time. It takes the write lock only if
    /// there are any, and for one small transaction.
    ///
    /// # Errors
    /// As every write.
    pub(crate) fn prune(&self, before: DateTime<Utc>, at_most: usize) -> Result<Pruned, StoreError> {
        let (deliveries, events, uses) = self.read("looking for old rows", |db| {
            Ok((old_deliveries(db, before, at_most)?, old_events(db, before, at_most)?, old_uses(db, before, at_most)?))
        })?;
        if deliveries.is_empty() && events.is_empty() && uses.is_empty() {
            return Ok(Pruned::default());
        }
        self.write("deleting old rows", |db| {
            let gone = Pruned {
                deliveries: delete_deliveries(db, &deliveries, before)?,
                events: delete_events(db, &events, before)?,
                uses: delete_uses(db, &uses, before)?,
                more: [deliveries.len(), events.len(), uses.len()].contains(&at_most),
            };
            Ok(gone)
        })
    }
}

fn old_deliveries(db: &Connection, before: DateTime<Utc>, at_most: usize) -> Result<Vec<i64>, QueryFailure> {
    let mut query = db.prepare_cached(
        "SELECT id FROM deliveries WHERE settled_at < :before AND state <> 'pending'
             AND NOT EXISTS (SELECT 1 FROM told_members WHERE told_members.delivery = deliveries.id)
             AND (state = 'failed' OR NOT EXISTS (
                 SELECT 1 FROM alerts WHERE alerts.fingerprint = deliveries.alert AND alerts.status <> 'resolved'
             ) OR EXISTS (
                 SELECT 1 FROM deliveries AS later WHERE later.alert = deliveries.alert
                     AND later.subscription = deliveries.subscription AND later.id > deliveries.id
                     AND later.state <> 'failed'
             ))
         ORDER BY settled_at LIMIT :at_most",
    )?;
    let values = named_params! { ":before": Micros(before), ":at_most": limit(at_most) };
    Ok(query.query_map(values, |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Events are numbered in the order in which they were seen, so the old ones are the first. Twice as many are read, so that
/// some with a time that a wrong clock wrote do not hide those behind them.
fn old_events(db: &Connection, before: DateTime<Utc>, at_most: usize) -> Result<Vec<i64>, QueryFailure> {
    let mut query = db.prepare_cached(
        "SELECT id FROM (SELECT id, seen_at FROM events ORDER BY id LIMIT :looked_at) AS first
         WHERE seen_at < :before ORDER BY id LIMIT :at_most",
    )?;
    let values = named_params! {
        ":before": Micros(before), ":looked_at": limit(2 * at_most), ":at_most": limit(at_most),
    };
    Ok(query.query_map(values, |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn delete_deliveries(db: &Connection, ids: &[i64], before: DateTime<Utc>) -> Result<usize, QueryFailure> {
    let mut count = db.prepare_cached(
        "INSERT INTO pruned_deliveries (alert, subscription, count)
         SELECT alert, subscription, 1 FROM deliveries WHERE id = ?1 AND settled_at < ?2
         ON CONFLICT (alert, subscription) DO UPDATE SET count = pruned_deliveries.count + 1",
    )?;
    let mut delete = db.prepare_cached("DELETE FROM deliveries WHERE id = ?1 AND settled_at < ?2")?;
    let mut deleted = 0;
    for id in ids {
        count.execute((id, Micros(before)))?;
        deleted += delete.execute((id, Micros(before)))?;
    }
    Ok(deleted)
}

fn delete_events(db: &Connection, ids: &[i64], before: DateTime<Utc>) -> Result<usize, QueryFailure> {
    let mut delete = db.prepare_cached("DELETE FROM events WHERE id = ?1 AND seen_at < ?2")?;
    let mut deleted = 0;
    for id in ids {
        deleted += delete.execute((id, Micros(before)))?;
    }
    Ok(deleted)
}

//! Puts dead letters back into the outbox, and makes waiting deliveries due, when an operator asks for it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::{
    actions::{Acting, DeliveryDeed, record},
    endpoints::{state, wake},
    recipients::forget_refused,
};
use crate::store::{Store, StoreError, columns::Micros, error::QueryFailure};

/// What became of deliveries that an operator wants to be tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retried {
    /// Dead letters that are back in the outbox.
    pub put_back: Vec<i64>,
    /// Waiting deliveries whose next attempt is now.
    pub due: Vec<i64>,
    /// Subscriptions whose endpoint was disabled, and is tried again.
    pub woken: Vec<String>,
}

impl Store {
    /// Puts those of the deliveries that were given up back into the outbox, with their whole time before them, makes
    /// those that wait due now, and lets the endpoints of these subscriptions be tried again. Delivered ones stay.
    ///
    /// # Errors
    /// As every write.
    pub fn retry_deliveries(
        &self,
        ids: &[i64],
        subscriptions: &BTreeSet<String>,
        acting: &Acting,
    ) -> Result<Retried, StoreError> {
        self.write("putting deliveries back into the outbox", |db| {
            let mut retried = Retried::default();
            for id in ids {
                if put_back(db, *id, acting.at)? {
                    retried.put_back.push(*id);
                } else if make_due(db, *id, acting.at)? {
                    retried.due.push(*id);
                }
            }
            for name in subscriptions {
                if state(db, name)?.disabled.is_some() {
                    retried.woken.push(name.clone());
                }
                wake(db, name, acting.at)?;
            }
            let changed = retried.put_back.len() + retried.due.len();
            if changed + retried.woken.len() > 0 {
                let only = subscriptions.first().filter(|_| subscriptions.len() == 1).map(String::as_str);
                record(db, acting, (DeliveryDeed::Retried, only), changed)?;
            }
            Ok(retried)
        })
    }
}

/// The message is whole again, and has all its time again; its key and its attempts stay. Recipients that have it do not
/// get it again.
pub(super) fn put_back(db: &Connection, id: i64, now: DateTime<Utc>) -> Result<bool, QueryFailure> {
    let mut update = db.prepare_cached(
        "UPDATE deliveries SET state = 'pending', next_at = ?1, settled_at = NULL, refusals = NULL, retried_at = ?2
         WHERE id = ?3 AND state = 'failed'",
    )?;
    let is_back = update.execute((Micros(now), Micros(now), id))? == 1;
    if is_back {
        forget_refused(db, id)?;
    }
    Ok(is_back)
}

fn make_due(db: &Connection, id: i64, now: DateTime<Utc>) -> Result<bool, QueryFailure> {
    let mut update =
        db.prepare_cached("UPDATE deliveries SET next_at = ?1 WHERE id = ?2 AND state = 'pending' AND next_at > ?3")?;
    Ok(update.execute((Micros(now), id, Micros(now)))? == 1)
}

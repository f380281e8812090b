//! Dead letters: deliveries that were given up.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, named_params};

use crate::store::{
    Store, StoreError,
    columns::{Micros, count, limit, time_of_any},
    reading::known,
};

/// Most dead letters that are named.
const NAMED: usize = 5;

/// The dead letters of one subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadLetters {
    /// How many there are.
    pub count: u64,
    /// The ids of the latest, the last one first.
    pub latest: Vec<i64>,
    /// When the last one was given up.
    pub last_at: Option<DateTime<Utc>>,
    /// Why.
    pub why: Option<String>,
}

impl Store {
    /// The deliveries to a subscription that were given up after a time.
    ///
    /// # Errors
    /// As every read.
    pub fn dead_letters(&self, subscription: &str, after: DateTime<Utc>) -> Result<DeadLetters, StoreError> {
        self.read("reading the dead letters", |db| {
            let values = named_params! {":subscription": subscription, ":after": Micros(after)};
            let mut counted = db.prepare_cached(
                "SELECT count(*), max(settled_at) FROM deliveries
                 WHERE subscription = :subscription AND state = 'failed' AND settled_at > :after",
            )?;
            let (number, last) = counted.query_row(values, |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))?;
            let mut latest = db.prepare_cached(
                "SELECT id FROM deliveries
                 WHERE subscription = :subscription AND state = 'failed' AND settled_at > :after
                 ORDER BY settled_at DESC, id DESC LIMIT :named",
            )?;
            let values = named_params! {
                ":subscription": subscription, ":after": Micros(after), ":named": limit(NAMED),
            };
            let latest: Vec<i64> =
                latest.query_map(values, |row| row.get(0))?.filter_map(known).collect::<Result<_, _>>()?;
            let mut last_attempt =
                db.prepare_cached("SELECT detail FROM attempts WHERE delivery = ?1 ORDER BY number DESC LIMIT 1")?;
            let why = match latest.first() {
                Some(id) => last_attempt.query_row([id], |row| row.get(0)).optional()?,
                None => None,
            };
            Ok(DeadLetters { count: count(number), latest, last_at: time_of_any(last), why })
        })
    }
}

//! Selects the next delivery of each subscription.

use chrono::{DateTime, Utc};
use rusqlite::named_params;

use super::{
    Delivery, Store, StoreError,
    columns::{Json, Micros, Rank, limit},
    deliveries::{LONGEST_DELIVERY_WAIT, undelivered},
    sealed::DELIVERIES,
};
use crate::{clock::horizon, model::Severity};

/// The conditions for a sink's next delivery.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The time.
    pub now: DateTime<Utc>,
    /// Only deliveries that were due by then. A pass that attempts nothing twice uses the time when it began.
    pub due_by: DateTime<Utc>,
    /// The least severity of an alert.
    pub least: Severity,
    /// Only digests: single messages wait for the next one.
    pub digests_only: bool,
    /// Whether deliveries that were never attempted come first.
    pub fresh_first: bool,
    /// The subjects whose alerts were sent last, the latest last; see [`Alert::whose`](crate::model::Alert::whose). Of
    /// equally severe alerts those of other subjects come first, so that many of one package do not delay another's.
    pub served: Vec<String>,
}

/// Deliveries that are read to find one that is sound.
const LOOKED_AT: usize = 16;

impl Store {
    /// The next delivery of a subscription's sink: the severest alert first, of equally severe ones those of the
    /// subject that was not served for longest, and of these the longest waiting. A later message about an alert waits
    /// for every earlier one, even while that waits for its next attempt.
    ///
    /// # Errors
    /// As every read. A delivery that is damaged, or whose alert is, does not delay the others.
    pub fn next_delivery(&self, subscription: &str, turn: &Turn) -> Result<Option<Delivery>, StoreError> {
        self.read("reading the outbox", |db| {
            let sql = "WITH served AS MATERIALIZED (SELECT value AS whose, key AS place FROM json_each(:served))
                 SELECT due.*, {row AS due}, (
                     SELECT count(*) FROM deliveries AS earlier WHERE earlier.alert = due.alert
                         AND earlier.subscription = due.subscription AND earlier.id < due.id
                 ) + coalesce((
                     SELECT count FROM pruned_deliveries AS pruned WHERE pruned.alert = due.alert
                         AND pruned.subscription = due.subscription
                 ), 0) AS sequence
                 FROM deliveries AS due LEFT JOIN alerts ON alerts.fingerprint = due.alert
                 LEFT JOIN served ON served.whose = coalesce(alerts.package, alerts.kind)
                 WHERE due.subscription = :subscription AND due.state = 'pending'
                     AND (due.next_at <= :due_by OR due.next_at > :latest) AND (alerts.severity >= :least OR alerts.severity IS NULL)
                     AND (NOT :digests_only OR due.why = 'digest')
                     AND NOT EXISTS (
                         SELECT 1 FROM deliveries AS earlier WHERE earlier.alert = due.alert
                             AND earlier.subscription = due.subscription AND earlier.state = 'pending'
                             AND earlier.id < due.id
                     )
                 ORDER BY CASE WHEN :fresh_first AND due.attempts > 0 THEN 1 ELSE 0 END,
                     alerts.severity DESC, coalesce(served.place, -1), due.id
                 LIMIT :looked_at";
            let values = named_params! {
                ":subscription": subscription,
                ":due_by": Micros(turn.due_by),
                ":latest": Micros(horizon(turn.now, LONGEST_DELIVERY_WAIT)),
                ":least": Rank(turn.least),
                ":digests_only": turn.digests_only,
                ":fresh_first": turn.fresh_first,
                ":served": Json(&turn.served),
                ":looked_at": limit(LOOKED_AT),
            };
            for found in db.rows(&DELIVERIES, sql, values, undelivered)? {
                if let Some(delivery) = found.with_alert(db)? {
                    return Ok(Some(delivery));
                }
            }
            Ok(None)
        })
    }

    /// How many deliveries to a subscription are due.
    pub(crate) fn due_count(&self, subscription: &str, due_by: DateTime<Utc>) -> Result<usize, StoreError> {
        self.read("counting what is due", |db| {
            let mut query = db.prepare_cached(
                "SELECT count(*) FROM deliveries
                 WHERE subscription = ?1 AND state = 'pending' AND (next_at <= ?2 OR next_at > ?3)",
            )?;
            let latest = horizon(due_by, LONGEST_DELIVERY_WAIT);
            let due: i64 = query.query_row((subscription, Micros(due_by), Micros(latest)), |row| row.get(0))?;
            Ok(due.try_into().unwrap_or(0))
        })
    }

    /// The subscriptions with pending deliveries.
    ///
    /// # Errors
    /// As every read.
    pub fn awaited_subscriptions(&self) -> Result<Vec<String>, StoreError> {
        self.read("reading the outbox", |db| {
            let mut query = db.prepare_cached(
                "SELECT DISTINCT subscription FROM deliveries WHERE state = 'pending' ORDER BY subscription",
            )?;
            Ok(query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
        })
    }
}

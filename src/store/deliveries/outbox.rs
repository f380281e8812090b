//! Queries about the content and state of the outbox.

use chrono::TimeDelta;

use super::rows::{DeliveryState, SubscriptionState, delivery_state, subscription_state};
use crate::{
    model::{Alert, Fingerprint},
    store::{Store, StoreError, columns::limit, reading::known, sealed::DELIVERIES},
};

/// The longest wait of a delivery, whatever a receiver asks for: the longest step of the outbox's schedule.
pub const LONGEST_DELIVERY_WAIT: TimeDelta = TimeDelta::hours(6);

impl Store {
    /// Removes deliveries of these alerts to these subscriptions from the outbox that were never attempted.
    pub(crate) fn withdraw_deliveries(
        &self,
        fingerprints: &[Fingerprint],
        subscriptions: &[String],
    ) -> Result<(), StoreError> {
        self.write("withdrawing deliveries", |db| {
            let mut delete = db.prepare_cached(
                "DELETE FROM deliveries WHERE alert = ?1 AND subscription = ?2 AND state = 'pending' AND attempts = 0",
            )?;
            for fingerprint in fingerprints {
                for subscription in subscriptions {
                    delete.execute((fingerprint, subscription))?;
                }
            }
            Ok(())
        })
    }

    /// The states of an alert's deliveries, the latest first; one for each subscription and raise.
    ///
    /// # Errors
    /// As every read.
    pub fn deliveries_of(&self, alert: &Alert, at_most: usize) -> Result<Vec<DeliveryState>, StoreError> {
        self.read("reading the deliveries of an alert", |db| {
            let sql = "SELECT deliveries.*, {row}, (SELECT detail FROM attempts WHERE delivery = deliveries.id AND number = deliveries.attempts) AS detail
                 FROM deliveries WHERE alert = ?1 ORDER BY id DESC LIMIT ?2";
            db.rows(&DELIVERIES, sql, (&alert.fingerprint, limit(at_most)), delivery_state)
        })
    }

    /// The state of the deliveries, by subscription.
    ///
    /// # Errors
    /// As every read.
    pub fn delivery_summary(&self) -> Result<Vec<SubscriptionState>, StoreError> {
        self.read("counting the deliveries", |db| {
            let mut query = db.prepare_cached(
                "SELECT subscription, count(*) FILTER (WHERE state = 'pending') AS pending,
                        count(*) FILTER (WHERE state = 'pending' AND attempts > 0) AS retrying,
                        count(*) FILTER (WHERE state = 'failed') AS failed,
                        min(created_at) FILTER (WHERE state = 'pending') AS oldest_pending,
                        max(settled_at) FILTER (WHERE state = 'delivered') AS last_success,
                        max(settled_at) FILTER (WHERE state = 'failed') AS last_failure
                 FROM deliveries GROUP BY subscription ORDER BY subscription",
            )?;
            Ok(query.query_map([], subscription_state)?.filter_map(known).collect::<Result<_, _>>()?)
        })
    }
}

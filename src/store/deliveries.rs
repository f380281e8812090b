use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    Store, StoreError,
    alerts::alert_row,
    columns::{Micros, count, limit, time},
    error::Failure,
};
use crate::model::Alert;

/// One alert that is to reach one subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The row.
    pub id: i64,
    /// The same at every attempt, and of no other delivery: 32 hex digits.
    pub idempotency_key: String,
    /// The subscription's name.
    pub subscription: String,
    /// The alert as it stands now.
    pub alert: Alert,
    /// Attempts made so far.
    pub attempts: u32,
    /// How often this alert was announced to this subscription before.
    pub sequence: u32,
    /// When it was put into the outbox.
    pub created_at: DateTime<Utc>,
}

/// How the deliveries of one subscription fare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SubscriptionState {
    /// Its name.
    pub subscription: String,
    /// Deliveries that are still to be made.
    pub pending: u64,
    /// Those of them that were attempted in vain.
    pub retrying: u64,
    /// Deliveries that were given up.
    pub failed: u64,
    /// Since when the oldest pending one waits.
    pub oldest_pending: Option<DateTime<Utc>>,
    /// When one last got through.
    pub last_success: Option<DateTime<Utc>>,
}

/// How an attempt ended.
#[derive(Clone, Copy)]
enum Ending {
    Delivered,
    Retry(DateTime<Utc>),
    GaveUp,
}

impl Ending {
    const fn outcome(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry(_) => "retry",
            Self::GaveUp => "gave-up",
        }
    }

    const fn state(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry(_) => "pending",
            Self::GaveUp => "failed",
        }
    }
}

impl Store {
    /// The deliveries that are due, the longest due first, at most so many of each subscription: a sink that is down
    /// does not keep others from their turn.
    ///
    /// # Errors
    /// As every read.
    pub fn due_deliveries(&self, now: DateTime<Utc>, per_subscription: usize) -> Result<Vec<Delivery>, StoreError> {
        self.read("reading the outbox", |db| {
            let mut query = db.prepare_cached(
                "SELECT due.*, alerts.body, alerts.status, (
                     SELECT count(*) FROM deliveries AS earlier WHERE earlier.alert = due.alert
                         AND earlier.subscription = due.subscription AND earlier.id < due.id
                 ) AS sequence FROM (
                     SELECT *, row_number() OVER (PARTITION BY subscription ORDER BY next_at, id) AS place
                     FROM deliveries WHERE state = 'pending' AND next_at <= ?1
                 ) AS due JOIN alerts ON alerts.fingerprint = due.alert
                 WHERE due.place <= ?2 ORDER BY due.next_at, due.id",
            )?;
            Ok(query.query_map((Micros(now), limit(per_subscription)), delivery)?.collect::<Result<_, _>>()?)
        })
    }

    /// It got through; `detail` is what the sink answered. `false`: this attempt was recorded before.
    ///
    /// # Errors
    /// As every write.
    pub fn delivered(&self, delivery: &Delivery, now: DateTime<Utc>, detail: &str) -> Result<bool, StoreError> {
        self.write("recording a delivery", |db| end_attempt(db, delivery, Ending::Delivered, now, detail))
    }

    /// It did not get through and is to be tried again. `false`: this attempt was recorded before.
    ///
    /// # Errors
    /// As every write.
    pub fn retry_delivery(
        &self,
        delivery: &Delivery,
        now: DateTime<Utc>,
        next_at: DateTime<Utc>,
        error: &str,
    ) -> Result<bool, StoreError> {
        self.write("putting a delivery off", |db| end_attempt(db, delivery, Ending::Retry(next_at), now, error))
    }

    /// It will not get through. `false`: this attempt was recorded before.
    ///
    /// # Errors
    /// As every write.
    pub fn give_up(&self, delivery: &Delivery, now: DateTime<Utc>, error: &str) -> Result<bool, StoreError> {
        self.write("giving a delivery up", |db| end_attempt(db, delivery, Ending::GaveUp, now, error))
    }

    /// How the deliveries fare, by subscription.
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
                        max(settled_at) FILTER (WHERE state = 'delivered') AS last_success
                 FROM deliveries GROUP BY subscription ORDER BY subscription",
            )?;
            Ok(query.query_map([], subscription_state)?.collect::<Result<_, _>>()?)
        })
    }
}

/// Puts one delivery for each subscription into the outbox; `raise` counts how often the alert was announced.
pub(super) fn announce(
    db: &Connection,
    alert: &Alert,
    raise: i64,
    subscriptions: &[String],
    now: DateTime<Utc>,
) -> Result<usize, Failure> {
    let mut insert = db.prepare_cached(
        "INSERT INTO deliveries (idempotency_key, alert, subscription, created_at, next_at) VALUES (?1, ?2, ?3, ?4, ?4)
         ON CONFLICT (idempotency_key) DO NOTHING",
    )?;
    let mut announced = 0;
    for subscription in subscriptions {
        let key = idempotency_key(&alert.fingerprint, raise, subscription);
        announced += insert.execute((key, &alert.fingerprint, subscription, Micros(now)))?;
    }
    Ok(announced)
}

fn idempotency_key(fingerprint: &str, raise: i64, subscription: &str) -> String {
    let digest = Sha256::digest(format!("{fingerprint}\n{raise}\n{subscription}"));
    hex::encode(&digest[..16])
}

/// Records one attempt. The number of earlier attempts tells a repeated report from a new attempt.
fn end_attempt(
    db: &Connection,
    delivery: &Delivery,
    ending: Ending,
    now: DateTime<Utc>,
    detail: &str,
) -> Result<bool, Failure> {
    let number = delivery.attempts.saturating_add(1);
    let next_at = if let Ending::Retry(next_at) = ending { next_at } else { now };
    let changed = db
        .prepare_cached(
            "UPDATE deliveries SET state = :state, attempts = :number, next_at = :next_at,
                 settled_at = iif(:state = 'pending', NULL, :now)
             WHERE id = :id AND state = 'pending' AND attempts = :before",
        )?
        .execute(named_params! {
            ":state": ending.state(),
            ":number": number,
            ":next_at": Micros(next_at),
            ":now": Micros(now),
            ":id": delivery.id,
            ":before": delivery.attempts,
        })?;
    if changed == 1 {
        db.prepare_cached("INSERT INTO attempts (delivery, number, at, outcome, detail) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute((delivery.id, number, Micros(now), ending.outcome(), detail))?;
    }
    Ok(changed == 1)
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: row.get("id")?,
        idempotency_key: row.get("idempotency_key")?,
        subscription: row.get("subscription")?,
        alert: alert_row(row)?,
        attempts: row.get("attempts")?,
        sequence: row.get("sequence")?,
        created_at: row.get::<_, Micros>("created_at")?.0,
    })
}

fn subscription_state(row: &Row<'_>) -> rusqlite::Result<SubscriptionState> {
    Ok(SubscriptionState {
        subscription: row.get("subscription")?,
        pending: count(row.get("pending")?),
        retrying: count(row.get("retrying")?),
        failed: count(row.get("failed")?),
        oldest_pending: time(row.get("oldest_pending")?),
        last_success: time(row.get("last_success")?),
    })
}

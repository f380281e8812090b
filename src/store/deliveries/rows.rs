//! The stored form of deliveries.

use chrono::{DateTime, Utc};
use rusqlite::Row;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    recipients::{Recipient, recipients},
    threads::thread,
};
use crate::{
    model::{Alert, Fingerprint},
    store::{
        alerts::raised,
        broken::{Broken, Raw},
        columns::{Micros, Word, count, time, time_of_any},
        error::QueryFailure,
        reading::Reading,
        sealed::DELIVERIES,
    },
};

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
    /// How often its receiver answered that it does not take it.
    pub refusals: u32,
    /// When it was put into the outbox, or last back into it.
    pub created_at: DateTime<Utc>,
    /// What the sink keeps of the alert, since an earlier delivery.
    pub thread: Option<String>,
    /// The recipients that are done since an earlier attempt.
    pub recipients: Vec<Recipient>,
}

/// How the deliveries of one subscription fare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SubscriptionState {
    /// Its name.
    pub subscription: String,
    /// Deliveries that are still to be made.
    pub pending: u64,
    /// Those of them whose attempts failed.
    pub retrying: u64,
    /// Deliveries that were given up.
    pub failed: u64,
    /// Since when the oldest pending one waits.
    pub oldest_pending: Option<DateTime<Utc>>,
    /// When one last got through.
    pub last_success: Option<DateTime<Utc>>,
    /// When one was last given up.
    pub last_failure: Option<DateTime<Utc>>,
}

/// The state of one delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeliveryState {
    /// The subscription's name.
    pub subscription: String,
    /// Where it stands.
    pub state: DeliveryStatus,
    /// Attempts made so far.
    pub attempts: u32,
    /// When it was put into the outbox.
    pub created_at: DateTime<Utc>,
    /// When it got through or was given up.
    pub settled_at: Option<DateTime<Utc>>,
    /// The sink's answer to the last attempt.
    pub detail: Option<String>,
    /// Why it was sent, if not because the alert was raised: a repetition, an escalation, a notice of an action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// Still to be made.
    Pending,
    /// It got through.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryStatus {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// A delivery before its alert was read.
pub(in crate::store) struct Undelivered {
    id: i64,
    idempotency_key: String,
    subscription: String,
    alert: Fingerprint,
    attempts: u32,
    sequence: u32,
    refusals: u32,
    created_at: DateTime<Utc>,
    why: Option<String>,
}

impl Undelivered {
    /// The delivery. One whose alert is damaged waits until that was set aside, one that has none is damaged itself.
    pub fn with_alert(self, db: &Reading<'_>) -> Result<Option<Delivery>, QueryFailure> {
        let Self { id, idempotency_key, subscription, alert, attempts, sequence, refusals, created_at, why } = self;
        match raised(db, &alert) {
            Ok(Some((alert, _))) => Ok(Some(Delivery {
                thread: thread(db, &alert.fingerprint, &subscription)?,
                recipients: recipients(db, id)?,
                id,
                idempotency_key,
                subscription,
                alert: Alert { note: why, ..alert },
                attempts,
                sequence,
                refusals,
                created_at,
            })),
            Ok(None) => {
                let why = format!("the alert {alert} does not exist");
                db.note(Broken { table: &DELIVERIES, key: vec![Raw::Integer(id)], why });
                Ok(None)
            }
            Err(QueryFailure::Broken(broken)) => {
                db.note(broken);
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }
}

pub(in crate::store) fn undelivered(row: &Row<'_>) -> rusqlite::Result<Undelivered> {
    Ok(Undelivered {
        id: row.get("id")?,
        idempotency_key: row.get("idempotency_key")?,
        subscription: row.get("subscription")?,
        alert: row.get("alert")?,
        attempts: row.get("attempts")?,
        sequence: row.get("sequence")?,
        refusals: row.get::<_, Option<u32>>("refusals")?.unwrap_or_default(),
        created_at: time(row.get("retried_at")?).unwrap_or(row.get::<_, Micros>("created_at")?.0),
        why: row.get("why")?,
    })
}

pub(super) fn subscription_state(row: &Row<'_>) -> rusqlite::Result<SubscriptionState> {
    Ok(SubscriptionState {
        subscription: row.get("subscription")?,
        pending: count(row.get("pending")?),
        retrying: count(row.get("retrying")?),
        failed: count(row.get("failed")?),
        oldest_pending: time_of_any(row.get("oldest_pending")?),
        last_success: time_of_any(row.get("last_success")?),
        last_failure: time_of_any(row.get("last_failure")?),
    })
}

pub(super) fn delivery_state(row: &Row<'_>) -> rusqlite::Result<DeliveryState> {
    Ok(DeliveryState {
        subscription: row.get("subscription")?,
        state: row.get::<_, Word<_>>("state")?.0,
        attempts: row.get("attempts")?,
        created_at: row.get::<_, Micros>("created_at")?.0,
        settled_at: time(row.get("settled_at")?),
        detail: row.get("detail")?,
        why: row.get("why")?,
    })
}

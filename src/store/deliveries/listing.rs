//! Lists deliveries, and shows one with all its attempts.

use chrono::{DateTime, Utc};
use rusqlite::{Row, named_params};
use schemars::JsonSchema;
use serde::Serialize;

use super::rows::{Delivery, DeliveryStatus, undelivered};
use crate::{
    model::{Alert, AlertId, Fingerprint, ReleaseId, Severity},
    store::{
        Store, StoreError,
        alerts::raised,
        columns::{Micros, Word, limit, time},
        error::QueryFailure,
        reading::Reading,
        sealed::{ATTEMPTS, DELIVERIES},
    },
};

/// Which deliveries to list; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// To this subscription.
    pub subscription: Option<String>,
    /// In this state.
    pub state: Option<DeliveryStatus>,
    /// Of this alert.
    pub alert: Option<Fingerprint>,
    /// Put into the outbox since then.
    pub since: Option<DateTime<Utc>>,
    /// Put into the outbox before.
    pub until: Option<DateTime<Utc>>,
}

/// One delivery, with its alert as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ListedDelivery {
    /// Its number.
    pub id: i64,
    /// The subscription's name.
    pub subscription: String,
    /// Where it stands.
    pub state: DeliveryStatus,
    /// The alert that it is about.
    pub alert: AlertId,
    /// The severity of the alert; none if the alert cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The title of the alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The release of the alert, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purl: Option<ReleaseId>,
    /// Attempts made so far.
    pub attempts: u32,
    /// When it was put into the outbox.
    pub created_at: DateTime<Utc>,
    /// When an operator put it back, after it was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retried_at: Option<DateTime<Utc>>,
    /// When it is tried next, if it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_at: Option<DateTime<Utc>>,
    /// When it got through or was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<DateTime<Utc>>,
    /// The answer to the last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Why it is sent, if not because the alert was raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MadeAttempt {
    /// Its number, from 1.
    pub number: u32,
    /// When it ended.
    pub at: DateTime<Utc>,
    /// `delivered`, `retry` or `gave-up`.
    pub outcome: String,
    /// The receiver's answer, or why it failed.
    pub detail: String,
}

/// One delivery with its attempts.
#[derive(Clone, Debug)]
pub struct WholeDelivery {
    pub listed: ListedDelivery,
    /// As its sink gets it; `None`: its alert cannot be read.
    pub delivery: Option<Delivery>,
    /// All attempts, the first one first.
    pub attempts: Vec<MadeAttempt>,
}

impl Store {
    /// Deliveries, the latest first.
    ///
    /// # Errors
    /// As every read.
    pub fn deliveries(&self, filter: &DeliveryFilter, at_most: usize) -> Result<Vec<ListedDelivery>, StoreError> {
        self.read("listing the deliveries", |db| {
            let sql = "SELECT deliveries.*, {row}, (SELECT detail FROM attempts WHERE delivery = deliveries.id AND number = deliveries.attempts) AS detail
                 FROM deliveries
                 WHERE (:subscription IS NULL OR subscription = :subscription) AND (:state IS NULL OR state = :state)
                     AND (:alert IS NULL OR alert = :alert) AND (:since IS NULL OR created_at >= :since)
                     AND (:until IS NULL OR created_at < :until)
                 ORDER BY id DESC LIMIT :at_most";
            let values = named_params! {
                ":subscription": filter.subscription, ":state": filter.state.map(Word), ":alert": filter.alert,
                ":since": filter.since.map(Micros), ":until": filter.until.map(Micros), ":at_most": limit(at_most),
            };
            let rows = db.rows(&DELIVERIES, sql, values, bare)?;
            rows.into_iter().map(|row| with_alert(db, row)).collect()
        })
    }

    /// One delivery with all its attempts. `None`: there is none of this number.
    ///
    /// # Errors
    /// As every read.
    pub fn delivery(&self, id: i64) -> Result<Option<WholeDelivery>, StoreError> {
        self.read("reading a delivery", |db| {
            let sql = "SELECT due.*, {row AS due}, (SELECT detail FROM attempts WHERE delivery = due.id AND number = due.attempts) AS detail, (
                     SELECT count(*) FROM deliveries AS earlier WHERE earlier.alert = due.alert
                         AND earlier.subscription = due.subscription AND earlier.id < due.id
                 ) + coalesce((
                     SELECT count FROM pruned_deliveries AS pruned WHERE pruned.alert = due.alert
                         AND pruned.subscription = due.subscription
                 ), 0) AS sequence
                 FROM deliveries AS due WHERE due.id = ?1";
            let both = |row: &Row<'_>| Ok((bare(row)?, undelivered(row)?));
            let Some((row, whole)) = db.rows(&DELIVERIES, sql, [id], both)?.pop() else { return Ok(None) };
            let sql = "SELECT attempts.*, {row} FROM attempts WHERE delivery = ?1 ORDER BY number";
            let attempts = db.rows(&ATTEMPTS, sql, [id], attempt)?;
            Ok(Some(WholeDelivery { listed: with_alert(db, row)?, delivery: whole.with_alert(db)?, attempts }))
        })
    }
}

/// A row before its alert was read.
fn bare(row: &Row<'_>) -> rusqlite::Result<(Fingerprint, ListedDelivery)> {
    let alert: Fingerprint = row.get("alert")?;
    let state = row.get::<_, Word<_>>("state")?.0;
    let next_at = row.get::<_, Micros>("next_at")?.0;
    let listed = ListedDelivery {
        id: row.get("id")?,
        subscription: row.get("subscription")?,
        state,
        alert: alert.id(),
        severity: None,
        title: None,
        purl: None,
        attempts: row.get("attempts")?,
        created_at: row.get::<_, Micros>("created_at")?.0,
        retried_at: time(row.get("retried_at")?),
        next_at: (state == DeliveryStatus::Pending).then_some(next_at),
        settled_at: time(row.get("settled_at")?),
        detail: row.get("detail")?,
        why: row.get("why")?,
    };
    Ok((alert, listed))
}

fn with_alert(db: &Reading<'_>, (alert, row): (Fingerprint, ListedDelivery)) -> Result<ListedDelivery, QueryFailure> {
    let alert = match raised(db, &alert) {
        Ok(found) => found.map(|(alert, _)| alert),
        Err(QueryFailure::Broken(broken)) => {
            db.note(broken);
            None
        }
        Err(failure) => return Err(failure),
    };
    let Some(Alert { severity, title, purl, .. }) = alert else { return Ok(row) };
    Ok(ListedDelivery { severity: Some(severity), title: Some(title), purl, ..row })
}

fn attempt(row: &Row<'_>) -> rusqlite::Result<MadeAttempt> {
    Ok(MadeAttempt {
        number: row.get("number")?,
        at: row.get::<_, Micros>("at")?.0,
        outcome: row.get("outcome")?,
        detail: row.get("detail")?,
    })
}

//! The record of what operators did with deliveries. It is part of the history.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::store::{
    Store, StoreError,
    columns::{Micros, Word, count, limit},
    error::QueryFailure,
    sealed::DELIVERY_ACTIONS,
};

/// Who acts on deliveries, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acting {
    /// Who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Why, if they said it.
    pub reason: Option<String>,
}

/// What an operator did with deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryDeed {
    /// They are tried again.
    Retried,
    /// A subscription is told of alerts of which it never was.
    Sent,
}

/// One action of an operator on deliveries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeliveryAction {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: String,
    /// What.
    pub action: DeliveryDeed,
    /// The subscription, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription: Option<String>,
    /// How many deliveries it put into the outbox, or made due.
    pub deliveries: u64,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Store {
    /// What operators did with deliveries, the latest first; only at one moment, if one is given.
    ///
    /// # Errors
    /// As every read.
    pub fn delivery_actions(
        &self,
        at: Option<DateTime<Utc>>,
        at_most: usize,
    ) -> Result<Vec<DeliveryAction>, StoreError> {
        self.read("listing the actions on deliveries", |db| {
            let sql = "SELECT delivery_actions.*, {row} FROM delivery_actions WHERE (:at IS NULL OR at = :at)
                 ORDER BY id DESC LIMIT :at_most";
            let values = named_params! {":at": at.map(Micros), ":at_most": limit(at_most)};
            db.rows(&DELIVERY_ACTIONS, sql, values, action)
        })
    }
}

/// Records an action on so many deliveries.
pub(super) fn record(
    db: &Connection,
    acting: &Acting,
    (deed, subscription): (DeliveryDeed, Option<&str>),
    deliveries: usize,
) -> Result<(), QueryFailure> {
    db.prepare_cached(
        "INSERT INTO delivery_actions (at, by, action, subscription, deliveries, reason)
         VALUES (:at, :by, :action, :subscription, :deliveries, :reason)",
    )?
    .execute(named_params! {
        ":at": Micros(acting.at), ":by": acting.by, ":action": Word(deed), ":subscription": subscription,
        ":deliveries": limit(deliveries), ":reason": acting.reason,
    })?;
    Ok(())
}

fn action(row: &Row<'_>) -> rusqlite::Result<DeliveryAction> {
    Ok(DeliveryAction {
        at: row.get::<_, Micros>("at")?.0,
        by: row.get("by")?,
        action: row.get::<_, Word<_>>("action")?.0,
        subscription: row.get("subscription")?,
        deliveries: count(row.get("deliveries")?),
        reason: row.get("reason")?,
    })
}

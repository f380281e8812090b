//! The state of receivers' endpoints: which are disabled, and which an operator wants to be tried again.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use schemars::JsonSchema;
use serde::Serialize;

use super::{attempts::end_gone, rows::Delivery};
use crate::store::{
    Store, StoreError,
    columns::{Micros, time},
    error::QueryFailure,
};

/// The state of a subscription's endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointState {
    /// It answered that it is gone for good: nothing is sent to it.
    pub disabled: Option<Disabled>,
    /// When an operator last asked to try it again.
    pub woken_at: Option<DateTime<Utc>>,
}

/// Why nothing is sent to an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Disabled {
    /// Since when.
    pub since: DateTime<Utc>,
    /// Its answer.
    pub why: String,
}

impl Store {
    /// The state of a subscription's endpoint.
    ///
    /// # Errors
    /// As every read.
    pub fn endpoint(&self, subscription: &str) -> Result<EndpointState, StoreError> {
        self.read("reading the state of an endpoint", |db| state(db, subscription))
    }

    /// The disabled endpoints, by the names of their subscriptions.
    ///
    /// # Errors
    /// As every read.
    pub fn disabled_endpoints(&self) -> Result<Vec<(String, Disabled)>, StoreError> {
        self.read("reading the disabled endpoints", |db| {
            let sql = "SELECT * FROM endpoints WHERE disabled_at IS NOT NULL ORDER BY subscription";
            let mut query = db.prepare_cached(sql)?;
            let read = |row: &Row<'_>| Ok((row.get("subscription")?, endpoint(row)?.disabled));
            let rows: Vec<(String, Option<Disabled>)> = query.query_map([], read)?.collect::<Result<_, _>>()?;
            Ok(rows.into_iter().filter_map(|(name, disabled)| Some((name, disabled?))).collect())
        })
    }

    /// The endpoint answered that it is gone for good: it is disabled, and the delivery waits. `false`: this attempt was
    /// recorded before.
    pub(crate) fn endpoint_gone(&self, delivery: &Delivery, now: DateTime<Utc>, why: &str) -> Result<bool, StoreError> {
        self.write("disabling an endpoint", |db| {
            let is_first = end_gone(db, delivery, now, why)?;
            if is_first {
                disable(db, &delivery.subscription, now, why)?;
            }
            Ok(is_first)
        })
    }

    /// Lets disabled endpoints be tried again: those of subscriptions with such a name. Returns their names.
    pub(crate) fn wake_endpoints(
        &self,
        which: impl Fn(&str) -> bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<String>, StoreError> {
        let disabled = self.disabled_endpoints()?.into_iter().map(|(name, _)| name);
        let names: Vec<String> = disabled.filter(|name| which(name)).collect();
        if !names.is_empty() {
            self.write("waking endpoints", |db| names.iter().try_for_each(|name| wake(db, name, now)))?;
        }
        Ok(names)
    }
}

/// Lets a subscription's endpoint be tried again now, also if it only pauses.
pub(super) fn wake(db: &Connection, subscription: &str, now: DateTime<Utc>) -> Result<(), QueryFailure> {
    db.prepare_cached(
        "INSERT INTO endpoints (subscription, woken_at) VALUES (?1, ?2)
         ON CONFLICT (subscription) DO UPDATE SET disabled_at = NULL, why = NULL, woken_at = excluded.woken_at",
    )?
    .execute((subscription, Micros(now)))?;
    Ok(())
}

pub(super) fn state(db: &Connection, subscription: &str) -> Result<EndpointState, QueryFailure> {
    let mut query = db.prepare_cached("SELECT * FROM endpoints WHERE subscription = ?1")?;
    Ok(query.query_row([subscription], endpoint).optional()?.unwrap_or_default())
}

fn disable(db: &Connection, subscription: &str, now: DateTime<Utc>, why: &str) -> Result<(), QueryFailure> {
    db.prepare_cached(
        "INSERT INTO endpoints (subscription, disabled_at, why) VALUES (:subscription, :now, :why)
         ON CONFLICT (subscription) DO UPDATE SET disabled_at = excluded.disabled_at, why = excluded.why",
    )?
    .execute(named_params! {":subscription": subscription, ":now": Micros(now), ":why": why})?;
    Ok(())
}

fn endpoint(row: &Row<'_>) -> rusqlite::Result<EndpointState> {
    let why: Option<String> = row.get("why")?;
    let disabled = time(row.get("disabled_at")?).map(|since| Disabled { since, why: why.unwrap_or_default() });
    Ok(EndpointState { disabled, woken_at: time(row.get("woken_at")?) })
}

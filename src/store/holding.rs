//! Holds messages back that a silence covers, and counts them.

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::{columns::Micros, error::QueryFailure, silences};
use crate::model::Alert;

/// The subscriptions that are told of an alert now. If a silence covers the alert they are none, and the silence has a
/// record of each.
pub(super) fn let_through<'a>(
    db: &Connection,
    alert: &Alert,
    subscriptions: &'a [String],
    now: DateTime<Utc>,
) -> Result<&'a [String], QueryFailure> {
    if subscriptions.is_empty() {
        return Ok(subscriptions);
    }
    let silences = silences::active(db, now)?;
    let covering: Vec<i64> = silences.iter().filter(|one| one.holds(alert)).map(|one| one.id).collect();
    for silence in &covering {
        for subscription in subscriptions {
            hold(db, *silence, alert, subscription, now)?;
        }
    }
    Ok(if covering.is_empty() { subscriptions } else { &[] })
}

/// Whether a silence covers an alert.
pub(super) fn is_held(db: &Connection, alert: &Alert, now: DateTime<Utc>) -> Result<bool, QueryFailure> {
    Ok(silences::active(db, now)?.iter().any(|silence| silence.holds(alert)))
}

/// Counts a message that a silence holds back. A later message about the same alert is held back anew.
fn hold(
    db: &Connection,
    silence: i64,
    alert: &Alert,
    subscription: &str,
    now: DateTime<Utc>,
) -> Result<(), QueryFailure> {
    db.prepare_cached(
        "INSERT INTO silence_holds (silence, alert, subscription, at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (silence, alert, subscription) DO UPDATE SET at = excluded.at, released_at = NULL",
    )?
    .execute((silence, &alert.fingerprint, subscription, Micros(now)))?;
    Ok(())
}

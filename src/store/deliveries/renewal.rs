//! Recreates a delivery whose row was lost.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, types::FromSql};

use crate::{
    model::Fingerprint,
    store::{announcing::idempotency_key, columns::Micros, error::QueryFailure, reading::known},
};

/// Most announcements of one alert that are tried to find the alert of a lost delivery.
const MOST_RAISES: i64 = 1000;

/// Puts a delivery whose row was lost into the outbox again: its key identifies alert and subscription, or else the
/// row, as far as it can be read. Returns the alert and the subscription.
pub(in crate::store) fn renew(
    db: &Connection,
    key: &str,
    named: (Option<Fingerprint>, &str),
    now: DateTime<Utc>,
) -> Result<Option<(Fingerprint, String)>, QueryFailure> {
    let alerts = pairs::<Fingerprint, i64>(db, "SELECT fingerprint, raises FROM alerts")?;
    let subscriptions = pairs::<String, String>(db, "SELECT DISTINCT subscription, subscription FROM deliveries")?;
    let is_it = |fingerprint: Fingerprint, raises: i64, subscription: &str| {
        (1..=raises.min(MOST_RAISES)).any(|raise| idempotency_key(&fingerprint, raise, subscription) == key)
    };
    let named_first = alerts.iter().map(|(alert, raises)| (*alert, *raises, named.1));
    let all = alerts.iter().flat_map(|(alert, raises)| {
        subscriptions.iter().map(move |(subscription, _)| (*alert, *raises, subscription.as_str()))
    });
    let known = named_first.chain(all).find(|(alert, raises, subscription)| is_it(*alert, *raises, subscription));
    let named_alert = named.0.filter(|named| alerts.iter().any(|(alert, _)| alert == named));
    let (key, alert, subscription) = match (known, named_alert) {
        (Some((alert, _, subscription)), _) => (key.to_owned(), alert, subscription),
        (None, Some(alert)) if !named.1.is_empty() => {
            (idempotency_key(&alert, now.timestamp_micros(), named.1), alert, named.1)
        }
        (None, _) => return Ok(None),
    };
    db.prepare_cached(
        "INSERT INTO deliveries (idempotency_key, alert, subscription, created_at, next_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (idempotency_key) DO NOTHING",
    )?
    .execute((key, alert, subscription, Micros(now), Micros(now)))?;
    Ok(Some((alert, subscription.to_owned())))
}

fn pairs<T: FromSql, U: FromSql>(db: &Connection, sql: &str) -> Result<Vec<(T, U)>, QueryFailure> {
    let mut query = db.prepare_cached(sql)?;
    Ok(query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.filter_map(known).collect::<Result<_, _>>()?)
}

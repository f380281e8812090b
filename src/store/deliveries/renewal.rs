//! Making a delivery anew whose row was lost.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, types::FromSql};

use crate::store::{announcing::idempotency_key, columns::Micros, error::Failure, reading::known};

/// Most announcements of one alert that are tried to find what a lost delivery was about.
const MOST_RAISES: i64 = 1000;

/// Puts a delivery into the outbox whose row was lost: to whom and of what, its key tells, or else the row, as far as it can
/// be. The alert's fingerprint and the subscription.
pub(in crate::store) fn renew(
    db: &Connection,
    key: &str,
    named: (&str, &str),
    now: DateTime<Utc>,
) -> Result<Option<(String, String)>, Failure> {
    let alerts = pairs::<i64>(db, "SELECT fingerprint, raises FROM alerts")?;
    let subscriptions = pairs::<String>(db, "SELECT DISTINCT subscription, subscription FROM deliveries")?;
    let is_it = |fingerprint: &str, raises: i64, subscription: &str| {
        (1..=raises.min(MOST_RAISES)).any(|raise| idempotency_key(fingerprint, raise, subscription) == key)
    };
    let named_first = alerts.iter().map(|(alert, raises)| (alert.as_str(), *raises, named.1));
    let all = alerts.iter().flat_map(|(alert, raises)| {
        subscriptions.iter().map(move |(subscription, _)| (alert.as_str(), *raises, subscription.as_str()))
    });
    let known = named_first.chain(all).find(|(alert, raises, subscription)| is_it(alert, *raises, subscription));
    let by_row = || alerts.iter().any(|(alert, _)| alert == named.0) && !named.1.is_empty();
    let (key, alert, subscription) = match known {
        Some((alert, _, subscription)) => (key.to_owned(), alert, subscription),
        None if by_row() => (idempotency_key(named.0, now.timestamp_micros(), named.1), named.0, named.1),
        None => return Ok(None),
    };
    db.prepare_cached(
        "INSERT INTO deliveries (idempotency_key, alert, subscription, created_at, next_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (idempotency_key) DO NOTHING",
    )?
    .execute((key, alert, subscription, Micros(now), Micros(now)))?;
    Ok(Some((alert.to_owned(), subscription.to_owned())))
}

fn pairs<T: FromSql>(db: &Connection, sql: &str) -> Result<Vec<(String, T)>, Failure> {
    let mut query = db.prepare_cached(sql)?;
    Ok(query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.filter_map(known).collect::<Result<_, _>>()?)
}

//! Queues the deliveries of an alert: one for each subscription, with a minimum interval for growing campaigns.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::{alerts::count_announcement, columns::Micros, error::QueryFailure, holding::let_through, restores};
use crate::model::{Alert, AlertKind, Fingerprint};

/// The shortest time between one message about a campaign and the next about its growth. Each member is to be reported
/// within a minute.
const GROWTH_PAUSE: TimeDelta = TimeDelta::seconds(45);

/// How long a message about a campaign's growth waits for later members, to include them.
const GATHERING: TimeDelta = TimeDelta::seconds(30);

/// Puts one delivery for each subscription into the outbox, unless a silence holds it back; `raise` counts how often the
/// alert was announced.
pub(super) fn announce(
    db: &Connection,
    alert: &Alert,
    raise: i64,
    subscriptions: &[String],
    now: DateTime<Utc>,
) -> Result<usize, QueryFailure> {
    let mut announced = 0;
    for subscription in let_through(db, alert, subscriptions, now)? {
        // A message about a growing alert that was not sent yet includes everything when it is.
        let grows = alert.kind == AlertKind::Campaign || alert.entries.is_some();
        if !grows || last_of(db, alert, subscription)?.1 == 0 {
            announced += enqueue(db, alert, raise, subscription, now, now)?;
        }
    }
    Ok(announced)
}

/// The subscriptions that were told of an alert, or will be.
pub(super) fn told(db: &Connection, fingerprint: &Fingerprint) -> Result<Vec<String>, QueryFailure> {
    let mut query = db.prepare_cached(
        "SELECT DISTINCT subscription FROM deliveries WHERE alert = ?1 AND state <> 'failed' ORDER BY subscription",
    )?;
    Ok(query.query_map([fingerprint], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Announces what became of an alert to whoever was told of it, unless a silence holds that back. A message that was not
/// sent yet includes it when it is.
pub(super) fn follow_up(db: &Connection, alert: &Alert, raise: i64, now: DateTime<Utc>) -> Result<usize, QueryFailure> {
    let mut announced = 0;
    for subscription in told(db, &alert.fingerprint)? {
        announced += follow_up_to(db, alert, raise, &subscription, now)?;
    }
    Ok(announced)
}

/// As [`follow_up`], to one subscription.
pub(super) fn follow_up_to(
    db: &Connection,
    alert: &Alert,
    raise: i64,
    subscription: &str,
    now: DateTime<Utc>,
) -> Result<usize, QueryFailure> {
    let waits = last_of(db, alert, subscription)?.1 > 0;
    if waits || let_through(db, alert, &[subscription.to_owned()], now)?.is_empty() {
        return Ok(0);
    }
    enqueue(db, alert, raise, subscription, now, now)
}

/// When the last delivery of an alert to a subscription was or is due, and how many were not attempted yet.
fn last_of(db: &Connection, alert: &Alert, subscription: &str) -> Result<(Option<Micros>, i64), QueryFailure> {
    let mut last = db.prepare_cached(
        "SELECT max(next_at), count(*) FILTER (WHERE state = 'pending' AND attempts = 0)
         FROM deliveries WHERE alert = ?1 AND subscription = ?2",
    )?;
    Ok(last.query_row((&alert.fingerprint, subscription), |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Puts a delivery into the outbox that is sent when it is `due`, unless it is there.
fn enqueue(
    db: &Connection,
    alert: &Alert,
    raise: i64,
    subscription: &str,
    now: DateTime<Utc>,
    due: DateTime<Utc>,
) -> Result<usize, QueryFailure> {
    let mut insert = db.prepare_cached(
        "INSERT INTO deliveries (idempotency_key, alert, subscription, created_at, next_at, why)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (idempotency_key) DO NOTHING",
    )?;
    let key = idempotency_key(&alert.fingerprint, raise, subscription);
    let why = restores::note(db, alert)?;
    Ok(insert.execute((key, &alert.fingerprint, subscription, Micros(now), Micros(due), why))?)
}

/// Puts a message about an alert into the outbox that does not announce it, with what it is about; `key` is the message's
/// own.
pub(super) fn tell(
    db: &Connection,
    alert: &Alert,
    key: &str,
    subscription: &str,
    (now, why): (DateTime<Utc>, &str),
) -> Result<usize, QueryFailure> {
    let mut insert = db.prepare_cached(
        "INSERT INTO deliveries (idempotency_key, alert, subscription, created_at, next_at, why)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (idempotency_key) DO NOTHING",
    )?;
    Ok(insert.execute((key, &alert.fingerprint, subscription, Micros(now), Micros(now), why))?)
}

/// Announces a campaign that grew. A message that was not sent yet names all members when it is; else the next one
/// follows the last after a while, so that it includes members that join meanwhile.
pub(super) fn announce_growth(
    db: &Connection,
    alert: &Alert,
    raise: i64,
    subscriptions: &[String],
    now: DateTime<Utc>,
) -> Result<usize, QueryFailure> {
    let mut announced = 0;
    for subscription in let_through(db, alert, subscriptions, now)? {
        let (last, waiting) = last_of(db, alert, subscription)?;
        if waiting == 0 {
            // A delivery that waits for its next attempt is not a reason to wait longer.
            let earliest = now + GATHERING;
            let due = last.map_or(earliest, |last| earliest.max(last.0.min(now) + GROWTH_PAUSE));
            announced += enqueue(db, alert, raise, subscription, now, due)?;
        }
    }
    Ok(announced)
}

/// The number of an announcement to a subscription. One that was told of the last gets another.
pub(super) fn unused_raise(
    db: &Connection,
    alert: &Fingerprint,
    subscription: &str,
    raises: i64,
) -> Result<i64, QueryFailure> {
    let key = idempotency_key(alert, raises, subscription);
    let mut query = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM deliveries WHERE idempotency_key = ?1)")?;
    let is_used: bool = query.query_row([key], |row| row.get(0))?;
    if is_used { count_announcement(db, alert, raises) } else { Ok(raises) }
}

/// The same key for one announcement to one subscription however often it is stored, and for no other: 32 hex digits.
pub(super) fn idempotency_key(fingerprint: &Fingerprint, raise: i64, subscription: &str) -> String {
    let digest = Sha256::digest(format!("{fingerprint}\n{raise}\n{subscription}"));
    hex::encode(&digest[..16])
}

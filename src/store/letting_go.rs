//! Sends what silences held back when they are over, each alert once.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};

use super::{
    Store, StoreError,
    alerts::raised,
    announcing::{announce, unused_raise},
    columns::Micros,
    error::QueryFailure,
};
use crate::model::{AlertStatus, Fingerprint};

/// Most messages of one transaction.
const AT_ONCE: i64 = 500;

/// A message that a silence held back, which is over.
struct Overdue {
    silence: i64,
    alert: Fingerprint,
    subscription: String,
    at: DateTime<Utc>,
}

/// The held messages whose silence is over. While an operator handles or put off the alert, they wait: it may be open
/// again later, and nobody else would be told of that.
const OVERDUE: &str = "FROM silence_holds AS held JOIN silences ON silences.id = held.silence
     LEFT JOIN alerts ON alerts.fingerprint = held.alert
     WHERE held.released_at IS NULL
         AND (alerts.status IS NULL OR alerts.status NOT IN ('acknowledged', 'snoozed'))
         AND (silences.until_at <= :now OR EXISTS (
             SELECT 1 FROM silence_ends AS ends WHERE ends.silence = held.silence AND ends.at <= :now
         ))";

impl Store {
    /// Puts messages into the outbox that silences held back which are over, for alerts that are still open. Returns
    /// their number.
    ///
    /// # Errors
    /// As every write.
    pub fn release_held(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let is_any = self.read("looking for silences that are over", |db| {
            let mut query = db.prepare_cached(&format!("SELECT EXISTS (SELECT 1 {OVERDUE})"))?;
            Ok(query.query_row(named_params! {":now": Micros(now)}, |row| row.get::<_, bool>(0))?)
        })?;
        if !is_any {
            return Ok(0);
        }
        self.write("sending what silences held back", |db| release(db, now))
    }
}

fn release(db: &Connection, now: DateTime<Utc>) -> Result<usize, QueryFailure> {
    let mut sent = 0;
    for held in overdue(db, now)? {
        db.prepare_cached(
            "UPDATE silence_holds SET released_at = ?4 WHERE silence = ?1 AND alert = ?2 AND subscription = ?3",
        )?
        .execute((held.silence, held.alert, &held.subscription, Micros(now)))?;
        let Some((alert, raises)) = raised(db, &held.alert)? else { continue };
        let is_open = alert.status == AlertStatus::Open && alert.repeats.is_none();
        if is_open && !is_told(db, &held)? {
            let raise = unused_raise(db, &held.alert, &held.subscription, raises)?;
            sent += announce(db, &alert, raise, std::slice::from_ref(&held.subscription), now)?;
        }
    }
    Ok(sent)
}

fn overdue(db: &Connection, now: DateTime<Utc>) -> Result<Vec<Overdue>, QueryFailure> {
    let columns = "SELECT held.silence, held.alert, held.subscription, held.at";
    let sql = format!("{columns} {OVERDUE} ORDER BY held.at, held.alert, held.silence, held.subscription LIMIT :limit");
    let read = |row: &Row<'_>| {
        let (silence, alert, subscription) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Overdue { silence, alert, subscription, at: row.get::<_, Micros>(3)?.0 })
    };
    let mut query = db.prepare_cached(&sql)?;
    let rows = query.query_map(named_params! {":now": Micros(now), ":limit": AT_ONCE}, read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether a later message about the alert reached the outbox, such as one about a worse severity.
fn is_told(db: &Connection, held: &Overdue) -> Result<bool, QueryFailure> {
    let mut query = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM deliveries WHERE alert = ?1 AND subscription = ?2 AND created_at >= ?3)",
    )?;
    Ok(query.query_row((held.alert, &held.subscription, Micros(held.at)), |row| row.get(0))?)
}

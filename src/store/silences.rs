//! Stores silences. Their table only grows: an early end is a row of its own.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};

use super::{
    Store, StoreError,
    columns::{Json, Micros, count, time, time_of_any},
    error::QueryFailure,
    reading::Reading,
    sealed::{SILENCE_ENDS, SILENCES},
};
use crate::model::{AlertMatchers, Fingerprint, Held, Silence, SilenceEnd};

/// Most of the latest alerts that a silence lists.
const LATEST: i64 = 5;

impl Store {
    /// Stores a silence, and returns its number.
    ///
    /// # Errors
    /// As every write.
    pub fn add_silence(
        &self,
        matchers: &AlertMatchers,
        reason: &str,
        by: &str,
        (now, until): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<i64, StoreError> {
        self.write("recording a silence", |db| {
            let mut insert = db.prepare_cached(
                "INSERT INTO silences (matchers, reason, by, created_at, until_at)
                 VALUES (:matchers, :reason, :by, :now, :until) RETURNING id",
            )?;
            let values = named_params! {
                ":matchers": Json(matchers), ":reason": reason, ":by": by, ":now": Micros(now), ":until": Micros(until),
            };
            Ok(insert.query_row(values, |row| row.get(0))?)
        })
    }

    /// Ends a silence early. The earliest end counts; a later one than a stored one is not stored.
    ///
    /// # Errors
    /// As every write.
    pub fn expire_silence(&self, id: i64, end: &SilenceEnd) -> Result<(), StoreError> {
        self.write("ending a silence", |db| {
            db.prepare_cached(
                "INSERT INTO silence_ends (silence, at, by, reason) SELECT :id, :at, :by, :reason
                 WHERE NOT EXISTS (SELECT 1 FROM silence_ends WHERE silence = :id AND at <= :at)",
            )?
            .execute(named_params! {":id": id, ":at": Micros(end.at), ":by": end.by, ":reason": end.reason})?;
            Ok(())
        })
    }

    /// All silences, also those that ended, each with what it held back; by number.
    ///
    /// # Errors
    /// As every read.
    pub fn silences(&self) -> Result<Vec<Silence>, StoreError> {
        self.read("listing the silences", with_holds)
    }
}

/// All silences, each with what it held back.
pub(super) fn with_holds(db: &Reading<'_>) -> Result<Vec<Silence>, QueryFailure> {
    let mut silences = rows(db)?;
    for silence in &mut silences {
        silence.held = held(db, silence.id)?;
    }
    Ok(silences)
}

/// The silences that hold alerts back now, without what they held back. A damaged row silences nothing.
pub(super) fn active(db: &Connection, now: DateTime<Utc>) -> Result<Vec<Silence>, QueryFailure> {
    let mut silences = rows(&Reading::over(db))?;
    silences.retain(|silence| silence.is_active(now));
    Ok(silences)
}

fn rows(db: &Reading<'_>) -> Result<Vec<Silence>, QueryFailure> {
    let mut silences = db.rows(&SILENCES, "SELECT *, {row} FROM silences ORDER BY id", [], silence_row)?;
    let ends = db.rows(&SILENCE_ENDS, "SELECT *, {row} FROM silence_ends", [], end_row)?;
    for (id, end) in ends {
        if let Some(silence) = silences.iter_mut().find(|silence| silence.id == id) {
            silence.expired = silence.expired.take().filter(|known| known.at <= end.at).or(Some(end));
        }
    }
    Ok(silences)
}

fn silence_row(row: &Row<'_>) -> rusqlite::Result<Silence> {
    Ok(Silence {
        id: row.get("id")?,
        matchers: row.get::<_, Json<_>>("matchers")?.0,
        reason: row.get("reason")?,
        by: row.get("by")?,
        created_at: row.get::<_, Micros>("created_at")?.0,
        until: row.get::<_, Micros>("until_at")?.0,
        expired: None,
        held: Held::default(),
    })
}

fn end_row(row: &Row<'_>) -> rusqlite::Result<(i64, SilenceEnd)> {
    let end = SilenceEnd { at: row.get::<_, Micros>("at")?.0, by: row.get("by")?, reason: row.get("reason")? };
    Ok((row.get("silence")?, end))
}

fn held(db: &Connection, silence: i64) -> Result<Held, QueryFailure> {
    let mut totals =
        db.prepare_cached("SELECT count(DISTINCT alert), max(at) FROM silence_holds WHERE silence = ?1")?;
    let (alerts, last_at) = totals.query_row([silence], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut latest = db.prepare_cached(
        "SELECT alert FROM silence_holds WHERE silence = ?1 GROUP BY alert ORDER BY max(at) DESC, alert LIMIT ?2",
    )?;
    let latest = latest.query_map((silence, LATEST), |row| row.get::<_, Fingerprint>(0))?;
    let latest = latest.map(|alert| Ok(alert?.id())).collect::<rusqlite::Result<_>>()?;
    Ok(Held { alerts: count(alerts), last_at: time_of_any(last_at), latest })
}

/// One message that a silence held back.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct HeldBack {
    /// The number of the silence.
    pub silence: i64,
    /// Its reason.
    pub reason: String,
    /// The subscription whose message it held back.
    pub subscription: String,
    /// When it last did.
    pub at: DateTime<Utc>,
    /// When the silence was over, and the message was sent if the alert was still open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released_at: Option<DateTime<Utc>>,
}

impl Store {
    /// The messages about an alert that silences held back, the latest first.
    ///
    /// # Errors
    /// As every read.
    pub fn held_back(&self, alert: &Fingerprint) -> Result<Vec<HeldBack>, StoreError> {
        self.read("reading what silences held back", |db| {
            let mut query = db.prepare_cached(
                "SELECT held.silence, silences.reason, held.subscription, held.at, held.released_at
                 FROM silence_holds AS held JOIN silences ON silences.id = held.silence
                 WHERE held.alert = ?1 ORDER BY held.at DESC, held.silence, held.subscription",
            )?;
            let read = |row: &Row<'_>| {
                Ok(HeldBack {
                    silence: row.get(0)?,
                    reason: row.get(1)?,
                    subscription: row.get(2)?,
                    at: row.get::<_, Micros>(3)?.0,
                    released_at: time(row.get(4)?),
                })
            };
            Ok(query.query_map([alert], read)?.collect::<Result<_, _>>()?)
        })
    }
}

//! The recipients of a message that are done before the whole delivery is, so that no attempt sends them the message
//! again; and the recipients that a receiver refuses.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::store::{
    Store, StoreError,
    columns::{Micros, Word, limit, time_of_any},
    error::QueryFailure,
    reading::known,
};

/// Most refused recipients that are named.
const NAMED: usize = 20;

/// One recipient of a message that is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Recipient {
    /// Its address.
    pub address: String,
    /// What became of the message to it.
    pub reception: Reception,
    /// The receiver's answer.
    pub answer: String,
}

/// What became of a message to one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Reception {
    /// It has the message.
    Accepted,
    /// The receiver does not take messages to it.
    Refused,
}

impl Reception {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
}

/// A recipient of a subscription that the receiver refused last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRecipient {
    /// The subscription.
    pub subscription: String,
    /// The address.
    pub address: String,
    /// When it was last refused.
    pub at: DateTime<Utc>,
    /// The receiver's answer.
    pub answer: String,
}

impl Store {
    /// Records what became of recipients of a message. It can be repeated; a delivery that is not there any more has none.
    ///
    /// # Errors
    /// As every write.
    pub(crate) fn note_recipients(
        &self,
        delivery: i64,
        now: DateTime<Utc>,
        recipients: &[Recipient],
    ) -> Result<(), StoreError> {
        self.write("recording the recipients of a message", |db| {
            let mut insert = db.prepare_cached(
                "INSERT INTO recipients (delivery, address, outcome, at, answer)
                 SELECT id, :address, :outcome, :at, :answer FROM deliveries WHERE id = :delivery
                 ON CONFLICT (delivery, address) DO UPDATE
                     SET outcome = excluded.outcome, at = excluded.at, answer = excluded.answer",
            )?;
            for one in recipients {
                insert.execute(named_params! {
                    ":delivery": delivery, ":address": one.address, ":outcome": Word(one.reception),
                    ":at": Micros(now), ":answer": one.answer,
                })?;
            }
            Ok(())
        })
    }

    /// The recipients that were refused after a time, each once, and to whom the subscription delivered nothing since. A
    /// later message that was delivered, and does not name them, was accepted, or has them no longer.
    ///
    /// # Errors
    /// As every read.
    pub fn refused_recipients(&self, after: DateTime<Utc>) -> Result<Vec<RefusedRecipient>, StoreError> {
        self.read("reading the refused recipients", |db| {
            let mut query = db.prepare_cached(
                "SELECT subscription, address, max(at) AS last FROM recipients JOIN deliveries ON deliveries.id = delivery
                 WHERE outcome = 'refused' AND at > :after GROUP BY subscription, address
                 ORDER BY last DESC, subscription, address LIMIT :named",
            )?;
            let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, time_of_any(row.get(2)?)));
            let values = named_params! {":after": Micros(after), ":named": limit(NAMED)};
            let latest: Vec<(String, String, Option<DateTime<Utc>>)> =
                query.query_map(values, read)?.filter_map(known).collect::<Result<_, _>>()?;
            let mut refused = Vec::new();
            for (subscription, address, at) in latest {
                let Some(at) = at else { continue };
                if !is_over(db, &subscription, &address, at)? {
                    let answer = answer(db, &subscription, &address, at)?;
                    refused.push(RefusedRecipient { subscription, address, at, answer });
                }
            }
            Ok(refused)
        })
    }
}

/// The recipients of a message that are done.
pub(super) fn recipients(db: &Connection, delivery: i64) -> Result<Vec<Recipient>, QueryFailure> {
    let mut query = db.prepare_cached("SELECT * FROM recipients WHERE delivery = ?1 ORDER BY address")?;
    let read = |row: &Row<'_>| {
        Ok(Recipient {
            address: row.get("address")?,
            reception: row.get::<_, Word<_>>("outcome")?.0,
            answer: row.get("answer")?,
        })
    };
    Ok(query.query_map([delivery], read)?.filter_map(known).collect::<Result<_, _>>()?)
}

/// Lets the recipients be tried again that were refused: an operator wants that.
pub(super) fn forget_refused(db: &Connection, delivery: i64) -> Result<(), QueryFailure> {
    db.prepare_cached("DELETE FROM recipients WHERE delivery = ?1 AND outcome = 'refused'")?.execute([delivery])?;
    Ok(())
}

fn is_over(db: &Connection, subscription: &str, address: &str, at: DateTime<Utc>) -> Result<bool, QueryFailure> {
    let mut query = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM deliveries AS later WHERE later.settled_at > :at
             AND later.subscription = :subscription AND later.state = 'delivered'
             AND NOT EXISTS (SELECT 1 FROM recipients WHERE recipients.delivery = later.id
                 AND recipients.address = :address AND recipients.outcome = 'refused'))",
    )?;
    let values = named_params! {":subscription": subscription, ":address": address, ":at": Micros(at)};
    Ok(query.query_row(values, |row| row.get(0))?)
}

fn answer(db: &Connection, subscription: &str, address: &str, at: DateTime<Utc>) -> Result<String, QueryFailure> {
    let mut query = db.prepare_cached(
        "SELECT answer FROM recipients JOIN deliveries ON deliveries.id = delivery
         WHERE subscription = :subscription AND address = :address AND outcome = 'refused' AND at = :at LIMIT 1",
    )?;
    let values = named_params! {":subscription": subscription, ":address": address, ":at": Micros(at)};
    Ok(query.query_row(values, |row| row.get(0))?)
}

//! Signs the head of the history, and stores it with its signature.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    head::{Head, head},
    keys::HeadSigner,
};
use crate::store::{
    Store, StoreError,
    columns::{self, Micros},
    error::QueryFailure,
};

/// A head that moved is signed after this long, or after this many entries.
const SIGNED_EVERY: TimeDelta = TimeDelta::days(1);
const SIGNED_AFTER: i64 = 1000;

/// When a moved head is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// Once a day, and after a thousand entries.
    WhenDue,
    /// At once: nobody may come later.
    Now,
}

impl Store {
    /// Signs the head if it moved since this key signed one, and the time has come. Returns the signed head.
    ///
    /// # Errors
    /// As every write.
    pub fn sign_head(
        &self,
        signer: &HeadSigner,
        when: Signing,
        now: DateTime<Utc>,
    ) -> Result<Option<Head>, StoreError> {
        let key = signer.verifier().id();
        let due = self.read("reading the signed heads", |db| due(db, &key, when, now))?;
        let Some(head) = due else { return Ok(None) };
        let signature = signer.sign(&head, now);
        self.write("storing a signed head", |db| {
            db.prepare_cached(
                "INSERT INTO signed_heads (seq, key, chain, at, signature) VALUES (:seq, :key, :chain, :at, :signature)
                 ON CONFLICT (seq, key) DO NOTHING",
            )?
            .execute(named_params! {
                ":seq": head.seq,
                ":key": key,
                ":chain": columns::Hash(head.chain),
                ":at": Micros(now),
                ":signature": signature,
            })?;
            Ok(Some(head))
        })
    }
}

fn due(db: &Connection, key: &str, when: Signing, now: DateTime<Utc>) -> Result<Option<Head>, QueryFailure> {
    let Some(head) = head(db)? else { return Ok(None) };
    let mut query = db.prepare_cached("SELECT seq, at FROM signed_heads WHERE key = ?1 ORDER BY seq DESC LIMIT 1")?;
    let last = query.query_row([key], |row| Ok((row.get(0)?, row.get::<_, Micros>(1)?.0))).optional()?;
    let is_due = last.is_none_or(|(seq, at): (i64, DateTime<Utc>)| {
        let (entries, age) = (head.seq - seq, now - at);
        // An age below zero: a clock that was ahead signed it.
        entries > 0
            && (when == Signing::Now || entries >= SIGNED_AFTER || age >= SIGNED_EVERY || age < TimeDelta::zero())
    });
    Ok(is_due.then_some(head))
}

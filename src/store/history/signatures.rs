//! Compares signed heads with the entries of the history, in one pass over both.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Row, Rows};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    fault::{Fault, Faults},
    head::Head,
    keys::HeadVerifier,
};
use crate::store::{columns::time_of_any, error::QueryFailure};

/// The longest time that the daemon may work without signing a head that moved: it signs one a day.
const OVERDUE: TimeDelta = TimeDelta::days(2);

/// What the signed heads show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Signatures {
    /// Heads with a signature of the key that verified.
    pub verified: u64,
    /// Heads that could not be verified: no key is known, or another one signed them.
    pub unverified: u64,
    /// The last entry that a verified signature covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up_to: Option<i64>,
    /// When it was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<DateTime<Utc>>,
}

struct Signed {
    seq: i64,
    key: String,
    chain: Vec<u8>,
    at: i64,
    signature: Vec<u8>,
}

pub(super) const SIGNED: &str = "SELECT seq, key, chain, at, signature FROM signed_heads ORDER BY seq, key";

/// The signed heads that were not compared yet.
pub(super) struct SignedHeads<'a> {
    rows: Rows<'a>,
    next: Option<Signed>,
    key: Option<&'a HeadVerifier>,
    pub found: Signatures,
}

impl<'a> SignedHeads<'a> {
    pub fn over(rows: Rows<'a>, key: Option<&'a HeadVerifier>) -> Result<Self, QueryFailure> {
        let mut heads = Self { rows, next: None, key, found: Signatures::default() };
        heads.advance()?;
        Ok(heads)
    }

    fn advance(&mut self) -> Result<(), QueryFailure> {
        self.next = self.rows.next()?.map(signed).transpose()?;
        Ok(())
    }

    /// Compares the signed heads of an entry, and those of entries that do not exist.
    pub fn meet(&mut self, seq: i64, chain: &[u8], faults: &mut Faults) -> Result<(), QueryFailure> {
        while let Some(signed) = self.next.take_if(|signed| signed.seq <= seq) {
            if signed.seq == seq && signed.chain == chain {
                self.verify(&signed, faults);
            } else {
                faults.add(Fault::SignedDiffers { seq: signed.seq });
            }
            self.advance()?;
        }
        Ok(())
    }

    fn verify(&mut self, signed: &Signed, faults: &mut Faults) {
        let Some(key) = self.key.filter(|key| key.id() == signed.key) else {
            self.found.unverified += 1;
            return;
        };
        if !key.verifies(signed.seq, &signed.chain, signed.at, &signed.signature) {
            faults.add(Fault::SignatureInvalid { seq: signed.seq });
            return;
        }
        self.found.verified += 1;
        self.found.up_to = Some(signed.seq);
        self.found.signed_at = time_of_any(Some(signed.at));
    }

    /// After the last entry. `worked_at`: when a daemon last worked on the store.
    pub fn end(
        mut self,
        head: Option<&Head>,
        worked_at: Option<DateTime<Utc>>,
        faults: &mut Faults,
    ) -> Result<Signatures, QueryFailure> {
        let last = head.map_or(0, |head| head.seq);
        while let Some(signed) = self.next.take() {
            faults.add(Fault::SignedMissing { seq: signed.seq, last });
            self.advance()?;
        }
        match (self.key, self.found.up_to, self.found.signed_at) {
            (Some(key), None, _) if last > 0 => faults.add(Fault::NeverSigned { key: key.id() }),
            (Some(_), Some(seq), Some(at)) if last > seq && worked_at.is_some_and(|worked| worked - at > OVERDUE) => {
                faults.add(Fault::SignatureOverdue { seq, entries: last - seq });
            }
            _ => {}
        }
        Ok(self.found)
    }
}

/// A value that cannot be read is empty, and then nothing verifies.
fn signed(row: &Row<'_>) -> Result<Signed, QueryFailure> {
    let bytes = |index: usize| -> Result<Vec<u8>, QueryFailure> {
        Ok(row.get_ref(index)?.as_bytes().map(<[u8]>::to_vec).unwrap_or_default())
    };
    let number = |index: usize| -> Result<i64, QueryFailure> { Ok(row.get_ref(index)?.as_i64().unwrap_or(i64::MAX)) };
    Ok(Signed {
        seq: number(0)?,
        key: String::from_utf8_lossy(&bytes(1)?).into_owned(),
        chain: bytes(2)?,
        at: number(3)?,
        signature: bytes(4)?,
    })
}

//! Verifies the whole history in one pass, with memory that does not grow with it.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{
    covered::COVERED,
    cursor::{About, Cursor, rows_of},
    fault::{Fault, Faults},
    hashes::{Hash, link},
    head::{Head, NotedHead},
    keys::HeadVerifier,
    signatures::{SIGNED, Signatures, SignedHeads},
    standing,
};
use crate::store::{Store, StoreError, columns::time_of_any, error::QueryFailure};

impl CheckedHistory {
    /// Nothing that was checked.
    pub(crate) fn empty() -> Self {
        Self { entries: 0, head: None, faults: Vec::new(), fault_count: 0, signatures: Signatures::default() }
    }
}

/// What the history is compared with, beside itself and its rows.
#[derive(Debug, Default)]
pub(crate) struct Against {
    /// The key that signs its heads.
    pub key: Option<HeadVerifier>,
    /// Heads that were noted earlier.
    pub noted: Vec<NotedHead>,
}

/// The result of a check.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CheckedHistory {
    /// How many entries there are.
    pub entries: u64,
    /// The last one.
    pub head: Option<Head>,
    /// The first contradictions, in the order of the history.
    pub faults: Vec<Fault>,
    /// How many there are.
    pub fault_count: u64,
    pub signatures: Signatures,
}

impl Store {
    /// Verifies the history, the rows that it covers, its signed and noted heads, and that every alert stands where its
    /// last action says, all as of one moment. Reads every covered row.
    ///
    /// # Errors
    /// As every read. A contradiction or a damaged row is not an error.
    pub(crate) fn check_history(&self, against: &Against) -> Result<CheckedHistory, StoreError> {
        self.read("checking the history", |db| {
            let moment = db.unchecked_transaction()?;
            check(&moment, against)
        })
    }

    /// The first contradictions that [`Store::check_history`] finds without heads and keys, a sentence each.
    ///
    /// # Errors
    /// As every read.
    pub fn history_faults(&self) -> Result<Vec<String>, StoreError> {
        let checked = self.check_history(&Against::default())?;
        Ok(checked.faults.iter().map(ToString::to_string).collect())
    }
}

/// As [`Store::check_history`], as of the moment of a transaction.
pub(in crate::store) fn check(db: &Connection, against: &Against) -> Result<CheckedHistory, QueryFailure> {
    let (mut statements, mut signed) = (Vec::new(), db.prepare(SIGNED)?);
    for covered in COVERED {
        statements.push(db.prepare(&rows_of(covered))?);
    }
    let mut walk = Walk {
        against,
        cursors: Vec::new(),
        signed: SignedHeads::over(signed.query([])?, against.key.as_ref())?,
        before: Some((0, Vec::new())),
        seq: 0,
        entries: 0,
        head: None,
        faults: Faults::default(),
    };
    for (covered, statement) in COVERED.iter().zip(&mut statements) {
        walk.cursors.push(Cursor::over(covered, db, statement.query([])?)?);
    }
    let mut query = db.prepare("SELECT seq, kind, item, content, chain FROM history ORDER BY seq")?;
    let mut entries = query.query([])?;
    while let Some(row) = entries.next()? {
        walk.entry(row)?;
    }
    walk.end(db)
}

/// The state between two entries.
struct Walk<'a> {
    against: &'a Against,
    cursors: Vec<Cursor<'a>>,
    signed: SignedHeads<'a>,
    /// The number and hash of the entry before; `None`: it cannot be read.
    before: Option<(i64, Vec<u8>)>,
    seq: i64,
    entries: u64,
    head: Option<Head>,
    faults: Faults,
}

impl Walk<'_> {
    fn entry(&mut self, row: &Row<'_>) -> Result<(), QueryFailure> {
        let seq: i64 = row.get(0)?;
        self.entries += 1;
        if seq > self.seq + 1 {
            self.noted_between(self.seq + 1, seq - 1);
            self.faults.add(Fault::EntriesMissing { first: self.seq + 1, last: seq - 1 });
            self.before = None;
        }
        self.seq = seq;
        let values = (row.get_ref(1)?, row.get_ref(2)?, row.get_ref(3)?, row.get_ref(4)?);
        let (Ok(kind), Ok(item), Ok(content), Ok(chain)) =
            (values.0.as_bytes(), values.1.as_i64(), values.2.as_blob(), values.3.as_blob())
        else {
            self.faults.add(Fault::Unreadable { seq });
            self.before = None;
            return Ok(());
        };
        let expected = self.before.take().map(|(_, before)| link(&before, seq, kind, item, content));
        if expected.is_some_and(|expected| expected != chain) {
            self.faults.add(Fault::Unchained { seq });
        }
        self.covered(kind, &About { seq, item, content })?;
        self.signed.meet(seq, chain, &mut self.faults)?;
        self.noted(seq, chain);
        self.head = Hash::try_from(chain).ok().map(|chain| Head { seq, chain });
        self.before = Some((seq, chain.to_vec()));
        Ok(())
    }

    fn covered(&mut self, kind: &[u8], about: &About<'_>) -> Result<(), QueryFailure> {
        let cursor = self.cursors.iter_mut().find(|cursor| cursor.covered.kind.as_bytes() == kind);
        if let Some(cursor) = cursor {
            return cursor.meet(about, &mut self.faults);
        }
        self.faults.add(Fault::Unreadable { seq: about.seq });
        Ok(())
    }

    fn noted(&mut self, seq: i64, chain: &[u8]) {
        for noted in self.against.noted.iter().filter(|noted| noted.seq == seq && !noted.is_of(chain)) {
            self.faults.add(Fault::NotedDiffers { noted: noted.to_string() });
        }
    }

    fn noted_between(&mut self, first: i64, last: i64) {
        for noted in self.against.noted.iter().filter(|noted| (first..=last).contains(&noted.seq)) {
            self.faults.add(Fault::NotedDiffers { noted: noted.to_string() });
        }
    }

    fn end(mut self, db: &Connection) -> Result<CheckedHistory, QueryFailure> {
        for cursor in self.cursors {
            cursor.end(&mut self.faults)?;
        }
        let last = self.seq;
        if !is_head(db, self.before.as_ref())? {
            self.faults.add(Fault::HeadMoved { head: stored_head(db)?.map_or(0, |(seq, _)| seq), last });
        }
        for noted in self.against.noted.iter().filter(|noted| noted.seq > last) {
            self.faults.add(Fault::NotedMissing { noted: noted.to_string(), last });
        }
        let signatures = self.signed.end(self.head.as_ref(), worked_at(db)?, &mut self.faults)?;
        standing::compare(db, &mut self.faults)?;
        Ok(CheckedHistory {
            entries: self.entries,
            head: self.head,
            faults: self.faults.first,
            fault_count: self.faults.count,
            signatures,
        })
    }
}

/// Whether the stored head is the last entry.
fn is_head(db: &Connection, last: Option<&(i64, Vec<u8>)>) -> Result<bool, QueryFailure> {
    // An entry that cannot be read is reported as that.
    let Some(last) = last else { return Ok(true) };
    Ok(stored_head(db)?.as_ref() == Some(last))
}

fn stored_head(db: &Connection) -> Result<Option<(i64, Vec<u8>)>, QueryFailure> {
    let mut query = db.prepare_cached("SELECT seq, chain FROM history_head")?;
    let head = query.query_row([], |row| {
        let chain = row.get_ref(1)?.as_bytes().map(<[u8]>::to_vec).unwrap_or_default();
        Ok((row.get_ref(0)?.as_i64().unwrap_or(-1), chain))
    });
    Ok(head.optional()?)
}

/// When a process last worked on the store.
fn worked_at(db: &Connection) -> Result<Option<DateTime<Utc>>, QueryFailure> {
    let mut query = db.prepare_cached("SELECT max(beat_at) FROM runner")?;
    Ok(time_of_any(query.query_row([], |row| row.get(0))?))
}

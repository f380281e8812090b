//! Walks the rows of a covered table beside the entries of the history. Both are in the order of the ids, so that one pass
//! over each is enough.

use rusqlite::{Connection, Rows};

use super::{
    covered::Covered,
    fault::{Fault, Faults},
};
use crate::store::error::QueryFailure;

/// An entry of the history about a row.
pub(super) struct About<'a> {
    pub seq: i64,
    pub item: i64,
    pub content: &'a [u8],
}

/// The rows of a covered table that were not compared yet.
pub(super) struct Cursor<'a> {
    pub covered: &'static Covered,
    db: &'a Connection,
    rows: Rows<'a>,
    next: Option<(i64, Vec<u8>)>,
    /// The last id of an entry.
    past: i64,
}

/// The query whose rows a cursor walks.
pub(super) fn rows_of(covered: &Covered) -> String {
    let table = covered.table.name;
    format!("SELECT id, {} FROM {table} ORDER BY id", covered.content(table))
}

impl<'a> Cursor<'a> {
    pub fn over(covered: &'static Covered, db: &'a Connection, rows: Rows<'a>) -> Result<Self, QueryFailure> {
        let mut cursor = Self { covered, db, rows, next: None, past: i64::MIN };
        cursor.advance()?;
        Ok(cursor)
    }

    fn advance(&mut self) -> Result<(), QueryFailure> {
        self.next = match self.rows.next()? {
            Some(row) => Some((row.get(0)?, row.get(1)?)),
            None => None,
        };
        Ok(())
    }

    /// Compares the row that an entry is about. Rows before it have no entry.
    pub fn meet(&mut self, about: &About<'_>, faults: &mut Faults) -> Result<(), QueryFailure> {
        let (seq, table, row) = (about.seq, self.covered.table.name, about.item);
        if row <= self.past {
            faults.add(Fault::Reordered { seq, table, row });
            return Ok(());
        }
        self.past = row;
        self.skip_below(row, faults)?;
        let Some((_, content)) = self.next.take_if(|(id, _)| *id == row) else {
            faults.add(Fault::Deleted { seq, table, row });
            return Ok(());
        };
        if content != about.content {
            faults.add(if self.is_sound(row)? {
                Fault::Edited { seq, table, row }
            } else {
                Fault::Damaged { seq, table, row }
            });
        }
        self.advance()
    }

    fn skip_below(&mut self, row: i64, faults: &mut Faults) -> Result<(), QueryFailure> {
        while let Some((id, _)) = self.next.take_if(|(id, _)| *id < row) {
            faults.add(Fault::Inserted { table: self.covered.table.name, row: id });
            self.advance()?;
        }
        Ok(())
    }

    fn is_sound(&self, row: i64) -> Result<bool, QueryFailure> {
        let table = self.covered.table;
        let sql = format!("SELECT {} FROM {} WHERE id = ?1", table.sound(table.name), table.name);
        Ok(self.db.prepare_cached(&sql)?.query_row([row], |row| row.get(0))?)
    }

    /// After the last entry: the remaining rows have none.
    pub fn end(mut self, faults: &mut Faults) -> Result<(), QueryFailure> {
        while let Some((row, _)) = self.next.take() {
            faults.add(Fault::Inserted { table: self.covered.table.name, row });
            self.advance()?;
        }
        Ok(())
    }
}

//! Searches for damaged rows, and sets aside those that were found.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OpenFlags};

use super::{noted::is_of_an_index, set_aside};
use crate::store::{
    Store, StoreError, broken::Broken, connect, error::QueryFailure, handle::Flush, reading::Reading, sealed,
};

/// Page cache in KiB of the connection that reads everything once, and no page twice.
const CACHE: i64 = -512;

/// The result of setting damaged rows aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetAside {
    /// Rows that were set aside.
    pub rows: usize,
}

impl Store {
    /// Compares every row with its checksum, including rows that no query reads; [`Store::set_damage_aside`] sets
    /// damaged ones aside. It uses a connection of its own, in parallel to all else, and takes seconds for a gigabyte.
    pub(crate) fn look_for_damage(&self) -> Result<(), StoreError> {
        let connection = connect::connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let cached = connection.pragma_update(None, "cache_size", CACHE);
        cached.map_err(|source| StoreError::sql(&self.path, "looking for damaged rows", source))?;
        self.look_through(&connection)
    }

    pub(in crate::store) fn look_through(&self, connection: &Connection) -> Result<(), StoreError> {
        for table in sealed::ALL.iter().filter(|table| !table.columns.is_empty()) {
            let reading = Reading::over(connection);
            let sql = format!("SELECT {{row}} FROM {} WHERE NOT {}", table.name, table.sound(table.name));
            let outcome = reading.rows(table, &sql, [], |_| Ok(()));
            self.noted.add(reading.broken());
            outcome.map_err(|failure| self.failed(failure, "looking for damaged rows"))?;
        }
        Ok(())
    }

    /// Sets aside every damaged row that was found, each in a transaction of its own, and replaces it with sound data.
    /// Repeating it changes nothing.
    ///
    /// # Errors
    /// As every write. The remaining rows are found again.
    pub fn set_damage_aside(&self, now: DateTime<Utc>) -> Result<SetAside, StoreError> {
        let mut set_aside = SetAside::default();
        let mut failed = None;
        for broken in self.noted.take() {
            match self.set_row_aside(&broken, now) {
                Ok(kept) => {
                    set_aside.rows += 1;
                    if kept {
                        self.noted.keep(&broken);
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(set_aside), Err)
    }

    /// Returns whether the row stays where it is.
    fn set_row_aside(&self, broken: &Broken, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let operation = "setting a damaged row aside";
        match self.transact(Flush::Now, |db| set_aside::set_aside(db, broken, now)) {
            Err(QueryFailure::Sql(error)) if is_of_an_index(&error) => {
                self.rebuild_indexes(broken)?;
                self.write(operation, |db| set_aside::set_aside(db, broken, now))
            }
            outcome => outcome.map_err(|failure| self.failed(failure, operation)),
        }
    }

    /// A row whose indexed value was changed is not where its index points, and cannot be deleted until the index fits
    /// again.
    fn rebuild_indexes(&self, broken: &Broken) -> Result<(), StoreError> {
        let sql = format!("REINDEX main.{}", broken.table.name);
        self.transact(Flush::Now, |db| Ok(db.execute_batch(&sql)?))
            .map_err(|failure| self.failed(failure, "rebuilding an index"))
    }
}

//! The handle of the database: its connection, reads and writes through it, and the record of its failures.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, TransactionBehavior};

use super::{
    StoreError,
    damage::{self, Noted},
    error::QueryFailure,
    folder::Folder,
    reading::Reading,
    room::Room,
    writes::{WriteFailure, Writes},
};

/// The database.
#[derive(Debug)]
pub struct Store {
    pub(super) path: PathBuf,
    pub(super) connection: Mutex<Connection>,
    /// Whether the last writer did not close the file, and it has not been read completely since.
    pub(super) suspect: bool,
    /// Damaged rows that were found and not set aside yet.
    pub(super) noted: Noted,
    /// The damage to the file as a whole.
    pub(super) damage: Mutex<Option<String>>,
    /// Writes that fail.
    pub(super) writes: Writes,
    /// The copy that is read, if there is one.
    #[expect(dead_code, reason = "it is removed when it is dropped")]
    pub(super) copy: Option<Folder>,
    #[cfg(test)]
    pub(super) faults: super::tests::faults::Faults,
}

impl Store {
    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The free room on its file system.
    pub fn room(&self) -> Room {
        Room::around(&self.path)
    }

    /// The writes that have failed since the last success, because of the disk, a lock, or rights; `None`: the last one
    /// succeeded.
    pub(crate) fn write_failure(&self) -> Option<WriteFailure> {
        self.writes.failure()
    }

    /// A poisoned lock means that a caller panicked; its transaction was rolled back when it unwound.
    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads; `operation` names it in errors: "listing the alerts".
    pub(super) fn read<T>(
        &self,
        operation: &'static str,
        query: impl FnOnce(&Reading<'_>) -> Result<T, QueryFailure>,
    ) -> Result<T, StoreError> {
        let connection = self.connection();
        let reading = Reading::over(&connection);
        let outcome = query(&reading);
        self.noted.add(reading.broken());
        outcome.map_err(|failure| self.failed(failure, operation))
    }

    /// Changes data in one transaction. It takes the write lock at once: a transaction that first reads and then writes
    /// could find that another process wrote in between.
    pub(super) fn write<T>(
        &self,
        operation: &'static str,
        change: impl FnOnce(&Connection) -> Result<T, QueryFailure>,
    ) -> Result<T, StoreError> {
        self.change(operation, Flush::Now, change)
    }

    /// As [`Store::write`], for a change whose loss only repeats work.
    pub(super) fn write_repeatable<T>(
        &self,
        operation: &'static str,
        change: impl FnOnce(&Connection) -> Result<T, QueryFailure>,
    ) -> Result<T, StoreError> {
        self.change(operation, Flush::WithTheNext, change)
    }

    fn change<T>(
        &self,
        operation: &'static str,
        flush: Flush,
        change: impl FnOnce(&Connection) -> Result<T, QueryFailure>,
    ) -> Result<T, StoreError> {
        let outcome = self.transact(flush, change).map_err(|failure| match failure {
            QueryFailure::Sql(error) if damage::is_of_an_index(&error) => self.index_anew(operation),
            failure => self.failed(failure, operation),
        });
        match &outcome {
            Ok(_) => self.writes.succeeded(),
            Err(error) => self.writes.failed(error),
        }
        outcome
    }

    /// A value that changed outside of SQLite is not where its index points. Indexes follow from their tables.
    fn index_anew(&self, operation: &'static str) -> StoreError {
        match self.transact(Flush::Now, |db| Ok(db.execute_batch("REINDEX")?)) {
            Ok(()) => StoreError::Indexed { path: self.path.clone(), operation },
            Err(failure) => self.failed(failure, operation),
        }
    }

    pub(super) fn failed(&self, failure: QueryFailure, operation: &'static str) -> StoreError {
        if let QueryFailure::Broken(broken) = &failure {
            self.noted.add([broken.clone()]);
        }
        let error = failure.at(&self.path, operation);
        if let StoreError::Damaged { why, .. } = &error {
            *self.damage.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.clone());
        }
        error
    }

    /// The damage to the file as a whole, if there is any: then it can store nothing more.
    pub(crate) fn structural_damage(&self) -> Option<StoreError> {
        let why = self.damage.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(StoreError::Damaged { path: self.path.clone(), why })
    }

    pub(super) fn transact<T>(
        &self,
        flush: Flush,
        change: impl FnOnce(&Connection) -> Result<T, QueryFailure>,
    ) -> Result<T, QueryFailure> {
        let mut connection = self.connection();
        connection.pragma_update(None, "synchronous", flush.as_str())?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = change(&transaction)?;
        #[cfg(test)]
        self.faults.strike(super::tests::faults::Point::BeforeCommit)?;
        transaction.commit()?;
        #[cfg(test)]
        self.faults.strike(super::tests::faults::Point::AfterCommit)?;
        Ok(value)
    }
}

/// When a commit has to be on the disk. A crash of the process loses neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flush {
    /// Before any other action relies on it.
    Now,
    /// With the next commit that has to be. A power failure may undo the last commits of this kind, never one before a
    /// flushed one: the journal is written in order, and its remaining part is a prefix of it.
    WithTheNext,
}

impl Flush {
    /// The value of SQLite's `synchronous`.
    fn as_str(self) -> &'static str {
        match self {
            Self::Now => "FULL",
            Self::WithTheNext => "NORMAL",
        }
    }
}

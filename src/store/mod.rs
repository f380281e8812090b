//! SQLite, the only place with SQL.
//!
//! One [`Store`] holds one connection behind a mutex; calls are short and synchronous, so async code shares it as
//! `Arc<Store>`. The command line opens the same file a second time, for reading beside the running daemon.
//!
//! Durability: the journal is a write-ahead log (readers never wait for the writer) with `synchronous = FULL`. Its milder
//! setting `NORMAL` survives a crash of the process but may lose the last commits when the power fails: an alert that was
//! recorded and a cursor that moved past it must not be lost that way. The price, one flush a commit, is small because
//! pages and backfills commit many rows at once.
//!
//! Times are stored as whole microseconds since 1970 in UTC, which sort and compare as numbers; bodies are JSON in the
//! forms of `schema/*.schema.json`. The tables are explained in `schema/schema.sql`.
//!
//! Every operation that changes something is one transaction and can be repeated: when a commit succeeded and its
//! success was never heard of, doing the same again changes nothing.

mod alerts;
mod baselines;
mod columns;
mod deliveries;
mod error;
mod expected;
mod feeds;
mod forge_answers;
mod logs;
mod migrations;
mod open;
mod packages;
mod record;
mod releases;
mod stats;
#[cfg(test)]
mod tests;
mod traces;
mod work;

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, TransactionBehavior};

pub use alerts::{AlertAction, AlertFilter};
pub use baselines::{BaselineChange, BaselineVersion, Held, NewBaselineVersion, StoredBaseline};
pub use deliveries::{Delivery, DeliveryState, DeliveryStatus, SubscriptionState};
pub use error::StoreError;
pub use feeds::{EventKind, Lost, NewEvent, SourceState, StoredEvent, Taken};
pub use logs::{
    Advance, CheckpointRow, Covered, EvidenceRow, KindCount, LogCheck, LogCheckOutcome, LogEntryFilter, LogEntryRow,
    LogKind, LogRow, LogStanding, NewEvidence, NewLog, NewLogEntry, NewQuarantined, QuarantinedRow, TailRow, Violated,
    Violation, WorkflowRow,
};
pub use packages::{PackageRow, VersionState};
pub use record::{Record, Recorded, Subject};
pub use releases::{Outcome, Recheck, ReleaseRow, files_fingerprint};
pub use stats::Stats;
pub use traces::{Neighbour, Related, Trace};
pub use work::{Work, WorkSummary};

use error::Failure;

/// The database.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Mutex<Connection>,
    /// Whether the last writer did not close the file, and nobody has read it whole since.
    suspect: bool,
    #[cfg(test)]
    faults: tests::faults::Faults,
}

impl Store {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A poisoned lock means that a caller panicked; its transaction was rolled back when it unwound.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads; `operation` names it in errors: "listing the alerts".
    fn read<T>(
        &self,
        operation: &'static str,
        query: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        query(&self.connection()).map_err(|failure| failure.at(&self.path, operation))
    }

    /// Changes something in one transaction. It takes the write lock at once: a transaction that first reads and then
    /// writes could find that another process wrote in between.
    fn write<T>(
        &self,
        operation: &'static str,
        change: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        self.transact(change).map_err(|failure| failure.at(&self.path, operation))
    }

    fn transact<T>(&self, change: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = change(&transaction)?;
        #[cfg(test)]
        self.faults.strike(tests::faults::Point::BeforeCommit)?;
        transaction.commit()?;
        #[cfg(test)]
        self.faults.strike(tests::faults::Point::AfterCommit)?;
        Ok(value)
    }
}

//! SQLite, the only place with SQL.
//!
//! One [`Store`] holds one connection behind a mutex; calls are short and synchronous, so async code shares it as
//! `Arc<Store>`. The command line opens the same file a second time, for reading beside the running daemon.
//!
//! Durability: the journal is a write-ahead log (readers never wait for the writer) with `synchronous = FULL`. Its milder
//! setting `NORMAL` survives a crash of the process but may lose the last commits when the power fails: an alert that was
//! recorded and a cursor that moved past it must not be lost that way. The price, one flush a commit, is small because
//! pages and backfills commit many rows at once, and because a change whose loss only repeats work waits for no flush
//! ([`Flush`]).
//!
//! Times are stored as whole microseconds since 1970 in UTC, which sort and compare as numbers; bodies are JSON in the
//! forms of `schema/*.schema.json`. The tables are explained in `schema/schema.sql`.
//!
//! Every operation that changes something is one transaction and can be repeated: when a commit succeeded and its
//! success was never heard of, doing the same again changes nothing.

mod alerts;
mod baselines;
mod campaigns;
mod columns;
mod damage;
mod deliveries;
mod error;
mod expected;
mod feeds;
mod forge_answers;
mod left_out;
mod logs;
mod migrations;
mod namesakes;
mod open;
mod packages;
mod queue;
mod reading;
mod readonly;
mod record;
mod releases;
mod room;
mod runner;
mod sealed;
mod stats;
#[cfg(test)]
mod tests;
mod traces;
mod vitals;
mod wall_clock;
mod work;

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, TransactionBehavior};

pub use alerts::{AlertAction, AlertFilter};
pub use baselines::{BaselineChange, BaselineVersion, Held, NewBaselineVersion, StoredBaseline};
pub use campaigns::{MemberRow, Telling};
pub use damage::{DamagedRow, SetAside};
pub use deliveries::{Delivery, DeliveryState, DeliveryStatus, LONGEST_DELIVERY_WAIT, SubscriptionState};
pub use error::StoreError;
pub use feeds::{EventKind, Lost, NewEvent, SourceState, StoredEvent, Taken};
pub use left_out::LeftOut;
pub use logs::{
    Accusation, Advance, CheckpointRow, Covered, EvidenceRow, Herald, KindCount, LONGEST_LOG_CHECK_WAIT, LogCheck,
    LogCheckOutcome, LogEntryFilter, LogEntryRow, LogKind, LogMatchFilter, LogProgress, LogRow, LogStanding, MatchRule,
    Met, MirrorRow, MirrorSeen, NewEvidence, NewLog, NewLogEntry, NewQuarantined, QuarantinedRow, Scope, TailRow,
    Violated, Violation, WorkflowRow,
};
pub use namesakes::Namesake;
pub use packages::{PackageRow, VersionState};
pub use queue::Turn;
pub use record::{Record, Recorded, Subject};
pub use releases::{Outcome, Recheck, ReleaseRow};
pub use room::{Room, WriteFailure};
pub use runner::RunnerRow;
pub use stats::Stats;
pub use traces::{Neighbour, Related, Trace};
pub use vitals::{AnnouncedWork, QueueVitals};
pub use work::{AGAIN, Again, FirstSight, LONGEST_WAIT, Lane, Portions, Setback, Work, WorkSummary};

use damage::Noted;
use error::Failure;
use reading::Reading;

/// The database.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Mutex<Connection>,
    /// Whether the last writer did not close the file, and nobody has read it whole since.
    suspect: bool,
    /// Broken rows that were come across and not set aside yet.
    noted: Noted,
    /// What is wrong with the file as a whole.
    damage: Mutex<Option<String>>,
    /// Writes that fail.
    writes: room::Writes,
    /// The copy that is read, if one is.
    #[expect(dead_code, reason = "it is removed when it is dropped")]
    copy: Option<readonly::Folder>,
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
        query: impl FnOnce(&Reading<'_>) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let connection = self.connection();
        let reading = Reading::over(&connection);
        let outcome = query(&reading);
        self.noted.add(reading.broken());
        outcome.map_err(|failure| self.failed(failure, operation))
    }

    /// Changes something in one transaction. It takes the write lock at once: a transaction that first reads and then
    /// writes could find that another process wrote in between.
    fn write<T>(
        &self,
        operation: &'static str,
        change: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        self.change(operation, Flush::Now, change)
    }

    /// As [`Store::write`], for a change whose loss only repeats work.
    fn write_repeatable<T>(
        &self,
        operation: &'static str,
        change: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        self.change(operation, Flush::WithTheNext, change)
    }

    fn change<T>(
        &self,
        operation: &'static str,
        flush: Flush,
        change: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let outcome = self.transact(flush, change).map_err(|failure| match failure {
            Failure::Sql(error) if damage::is_of_an_index(&error) => self.index_anew(operation),
            failure => self.failed(failure, operation),
        });
        match &outcome {
            Ok(_) => self.writes.succeeded(),
            Err(error) => self.writes.failed(error),
        }
        outcome
    }

    /// A value that changed behind our back is not where its index says. Indexes follow from their tables.
    fn index_anew(&self, operation: &'static str) -> StoreError {
        match self.transact(Flush::Now, |db| Ok(db.execute_batch("REINDEX")?)) {
            Ok(()) => StoreError::Indexed { path: self.path.clone(), operation },
            Err(failure) => self.failed(failure, operation),
        }
    }

    fn failed(&self, failure: Failure, operation: &'static str) -> StoreError {
        if let Failure::Broken(broken) = &failure {
            self.noted.add([broken.clone()]);
        }
        let error = failure.at(&self.path, operation);
        if let StoreError::Damaged { why, .. } = &error {
            *self.damage.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.clone());
        }
        error
    }

    /// What was found to be wrong with the file as a whole, if anything was: then nothing more can be kept in it.
    pub fn structural_damage(&self) -> Option<StoreError> {
        let why = self.damage.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(StoreError::Damaged { path: self.path.clone(), why })
    }

    fn transact<T>(&self, flush: Flush, change: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut connection = self.connection();
        connection.pragma_update(None, "synchronous", flush.as_str())?;
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

/// When a commit has to be on the disk. A crash of the process loses neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flush {
    /// Before anybody goes by it.
    Now,
    /// With the next that has to be. A power failure may undo the last commits of this kind, never one before a flushed
    /// one: the journal is written in order, and what is left of it is a beginning of it.
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

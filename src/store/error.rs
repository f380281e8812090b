//! Errors of the store, with advice for the operator.

use std::{
    io,
    path::{Path, PathBuf},
};

use rusqlite::ErrorCode;

use super::{alert_candidate::Candidate, broken::Broken, room::Room};
use crate::model::{AlertPrefix, InvalidAction, Package};

/// An error of the database, with advice for the operator.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such file, and reading does not create one.
    #[error("the database {path} does not exist; `provwatch run` creates it", path = path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be created or opened.
    #[error("opening the database {path}; check that the folder exists and that this user may write to it", path = path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is damaged.
    #[error(
        "the database {path} is damaged ({why}); stop provwatch and restore a backup (`provwatch store restore FILE`), or \
         move the file and its -wal and -shm aside and start anew with `provwatch run`",
        path = path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// SQLite's description.
        why: String,
    },
    /// A restore was interrupted before its last step.
    #[error(
        "a restore of the database {path} was interrupted; `provwatch store restore` without a file finishes it",
        path = path.display()
    )]
    HalfRestored {
        /// The file.
        path: PathBuf,
    },
    /// One row is damaged: a value that cannot be read, or that does not agree with the row's checksum. It affects only
    /// the row's subject; [`Store::set_damage_aside`](super::Store::set_damage_aside) handles it.
    #[error(
        "the row {key:?} of the table {table} in the database {path} is damaged ({why}); `provwatch run` sets it \
         aside and rebuilds it where it can",
        path = path.display()
    )]
    DamagedRow {
        /// The file.
        path: PathBuf,
        /// The table.
        table: &'static str,
        /// The row's key.
        key: String,
        /// The reason.
        why: String,
    },
    /// An index did not fit its table. It was rebuilt.
    #[error("{operation}: an index of the database {path} did not fit its table and was rebuilt; the operation is \
        retried", path = path.display())]
    Indexed {
        /// The file.
        path: PathBuf,
        /// The operation.
        operation: &'static str,
    },
    /// A newer provwatch wrote it.
    #[error(
        "the database {path} has schema version {found}, this provwatch knows versions up to {known}; upgrade provwatch",
        path = path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest one known.
        known: i64,
    },
    /// An older provwatch wrote it, and reading does not migrate it.
    #[error(
        "the database {path} has schema version {found}, this provwatch needs {known}; restart `provwatch run`, which \
         migrates it",
        path = path.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The one needed.
        known: i64,
    },
    /// An SQLite file of another program.
    #[error("{path} is an SQLite database, but not one of provwatch; choose another path", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Another process kept the write lock for longer than the limit.
    #[error("{operation}: another process keeps the database {path} locked; try again", path = path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// The operation.
        operation: &'static str,
    },
    /// The file system is full.
    #[error(
        "{operation}: no room left for the database {path} ({room}); free some space, nothing was lost, and the \
         operation is retried",
        path = path.display()
    )]
    Full {
        /// The file.
        path: PathBuf,
        /// The operation.
        operation: &'static str,
        /// The free room.
        room: Room,
    },
    /// An action on an alert that cannot be.
    #[error("the status of the alert stays: {0}")]
    Action(#[from] InvalidAction),
    /// Any other error.
    #[error("{operation} in the database {path}", path = path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// The operation.
        operation: &'static str,
        /// The cause.
        #[source]
        source: rusqlite::Error,
    },
    /// A migration failed and was rolled back.
    #[error("migrating the database {path}", path = path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: rusqlite_migration::Error,
    },
    /// Another writer changed the baseline since it was read.
    #[error("the baseline of {package} was changed meanwhile; read it again and repeat")]
    BaselineMoved {
        /// The package.
        package: Package,
    },
    /// Several alerts begin with the typed digits.
    #[error(
        "\"{typed}\" is the beginning of several alert ids; type more digits:{list}{rest}",
        list = candidates.iter().map(ToString::to_string).collect::<String>(),
        rest = if *more { "\n  and others" } else { "" }
    )]
    AmbiguousAlert {
        /// The typed digits.
        typed: AlertPrefix,
        /// The first few candidates.
        candidates: Vec<Candidate>,
        /// Whether there are others.
        more: bool,
    },
    /// A value that could not be read back.
    #[error("{what} cannot be stored: {why}")]
    Unstorable {
        /// The value, shortened.
        what: String,
        /// The reason.
        why: String,
    },
}

/// A query's failure before its file and operation are known.
#[derive(Debug)]
pub(super) enum QueryFailure {
    /// An error of SQLite.
    Sql(rusqlite::Error),
    /// An error of provwatch.
    Refused(StoreError),
    /// A row that failed its check.
    Broken(Broken),
}

impl From<rusqlite::Error> for QueryFailure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for QueryFailure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl QueryFailure {
    pub(super) fn at(self, path: &Path, operation: &'static str) -> StoreError {
        match self {
            Self::Sql(source) => StoreError::sql(path, operation, source),
            Self::Refused(error) => error,
            Self::Broken(broken) => StoreError::DamagedRow {
                path: path.to_owned(),
                table: broken.table.name,
                key: broken.name(),
                why: broken.why,
            },
        }
    }
}

impl StoreError {
    /// Whether the file system, a lock or missing rights are the cause: that passes, and the operation can then be
    /// repeated.
    pub(crate) fn is_of_the_disk(&self) -> bool {
        match self {
            Self::Full { .. } | Self::Locked { .. } | Self::Open { .. } => true,
            Self::Failed { source, .. } => matches!(
                source.sqlite_error_code(),
                Some(ErrorCode::ReadOnly | ErrorCode::SystemIoFailure | ErrorCode::FileLockingProtocolFailed)
            ),
            _ => false,
        }
    }

    /// The result of a read, or `None` where the row is damaged: for callers that read many things, of which one may be
    /// damaged.
    ///
    /// # Errors
    /// Any other failure.
    pub(crate) fn unless_damaged<T>(read: Result<T, Self>) -> Result<Option<T>, Self> {
        match read {
            Err(Self::DamagedRow { .. }) => Ok(None),
            read => read.map(Some),
        }
    }

    /// Classifies SQLite's errors by the operator's remedy.
    pub(super) fn sql(path: &Path, operation: &'static str, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { path, why: source.to_string() }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path, operation },
            Some(ErrorCode::DiskFull) => Self::Full { room: Room::around(&path), path, operation },
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Self::Open { path, source: source.into() },
            _ => Self::Failed { path, operation, source },
        }
    }

    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            io::ErrorKind::StorageFull => Self::Full { room: Room::around(&path), path, operation: "opening" },
            _ => Self::Open { path, source: source.into() },
        }
    }
}

//! The reasons why a backup or a restore fails.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::store::StoreError;

/// The reason why a backup or a restore failed. The store is as it was.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is such a file.
    #[error("{path} exists; choose another name, or replace the file with --force", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The target is the store.
    #[error("{path} belongs to the store itself; choose another name for the backup", path = path.display())]
    Own {
        /// The file.
        path: PathBuf,
    },
    /// Another process writes the same file.
    #[error("another process is writing {path}; try again when it has ended", path = path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// A file of another kind or owner is in the place of the temporary file.
    #[error("{path} is {what}; find out who put it there, then remove it", path = path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// Another command has the store open.
    #[error("another command uses the database {path}; try again when it has ended", path = path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// No restore was interrupted.
    #[error("no restore of the database {path} was interrupted; name the backup that is to be restored", path = path.display())]
    NothingToFinish {
        /// The file.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("{operation} {path}", path = path.display())]
    Failed {
        /// What was being done.
        operation: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The store, the backup or the copy cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BackupError {
    /// An error of the file system, for `map_err`.
    pub(super) fn failed(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Failed { operation, path, source }
    }
}

//! The files that a user names in the commands of the store, and what is wrong with them.

use std::path::Path;

use crate::{cli::exit::CliError, store::BackupError};

/// A file that the user named must be there.
pub(super) fn existing(file: &Path) -> Result<&Path, CliError> {
    let missing = || CliError::usage(format!("the file {} does not exist", file.display()));
    file.exists().then_some(file).ok_or_else(missing)
}

/// The error of a command: the user named a file that cannot be used, or something failed.
pub(super) fn told(error: BackupError) -> CliError {
    match error {
        BackupError::Exists { .. } | BackupError::Own { .. } | BackupError::NothingToFinish { .. } => {
            CliError::usage(error)
        }
        error => CliError::failed(error),
    }
}

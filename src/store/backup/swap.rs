//! Exchanges the files of the store: those of the store before are moved aside, then the restored file takes their place.
//!
//! There is a moment at which neither is in its place. While the restored file waits under its own name, no command opens
//! the store, and the exchange can be repeated from any of its steps.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    error::BackupError,
    partial::{COMPANIONS, beside, folder, sync},
};

/// The end of the file that waits for its place.
pub(super) const RESTORED: &str = ".restored";

/// Whether a restore of a store was interrupted between its first and last step.
pub(in crate::store) fn is_half_done(store: &Path) -> bool {
    fs::symlink_metadata(beside(store, RESTORED)).is_ok()
}

/// One rename.
#[derive(Debug)]
pub(super) struct Step {
    from: PathBuf,
    to: PathBuf,
}

/// The renames of an exchange in their order. A step whose file is not there was taken before.
pub(super) fn steps(store: &Path, aside: &Path) -> Vec<Step> {
    let ends = COMPANIONS.iter().copied().chain([""]);
    let aside = ends.map(|end| Step { from: beside(store, end), to: beside(aside, end) });
    let last = Step { from: beside(store, RESTORED), to: store.to_owned() };
    aside.chain([last]).collect()
}

impl Step {
    /// Whether it moves a file of the store before.
    pub fn moves_the_old(&self) -> bool {
        fs::symlink_metadata(&self.from).is_ok()
    }

    /// Checks that nothing is in the way of the store before.
    pub fn is_free(&self) -> Result<(), BackupError> {
        let is_taken = self.moves_the_old() && fs::symlink_metadata(&self.to).is_ok();
        if is_taken { Err(BackupError::Exists { path: self.to.clone() }) } else { Ok(()) }
    }

    pub fn take(&self) -> Result<(), BackupError> {
        match fs::symlink_metadata(&self.from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found.map_err(BackupError::failed("looking at", &self.from))?,
        };
        // Nothing is ever written over.
        if fs::symlink_metadata(&self.to).is_ok() {
            return Err(BackupError::Exists { path: self.to.clone() });
        }
        fs::rename(&self.from, &self.to).map_err(BackupError::failed("renaming to", &self.to))?;
        sync(folder(&self.to))
    }
}

#[cfg(test)]
impl Step {
    /// The files as they were before the step.
    pub fn undo(&self) {
        if self.to.exists() {
            fs::rename(&self.to, &self.from).unwrap();
        }
    }
}

/// Exchanges the files.
pub(super) fn swap(store: &Path, aside: &Path) -> Result<(), BackupError> {
    steps(store, aside).iter().try_for_each(Step::take)
}

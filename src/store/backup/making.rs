//! Makes a backup: copies the store beside a running daemon, checks the copy, and puts it in its place.

use std::{fs, io, path::Path};

use super::{copy::copy, error::BackupError, manifest::Manifest, own::belongs_to, partial::Partial};
use crate::store::{Store, checking::CheckedStore, history::Against, stage::Watcher};

/// What a new file may take the place of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replace {
    /// It may replace an existing file.
    pub existing: bool,
    /// It may be kept although the check found faults in it.
    pub despite_faults: bool,
}

/// A backup that was made.
#[derive(Debug)]
pub(crate) struct Made {
    pub manifest: Manifest,
    /// What the check of the copy found.
    pub checked: CheckedStore,
    /// Whether it was put in its place: a copy with faults is not, unless that was wanted.
    pub is_kept: bool,
}

impl Store {
    /// Copies the store as it is at this moment into a file, and checks the copy. The file appears as a whole, or not at
    /// all. Any store that can be read can be copied, one of an earlier schema too.
    ///
    /// # Errors
    /// The target exists or is the store's own, or something cannot be read or written.
    pub(crate) fn back_up(&self, to: &Path, replace: Replace, watch: Watcher<'_>) -> Result<Made, BackupError> {
        refuse(&self.path, to, replace)?;
        let partial = Partial::beside(to, ".partial")?;
        copy(&self.connection(), &self.path, partial.path(), watch)?;
        let (checked, manifest) = {
            let copied = Self::open_unchanged(partial.path())?;
            let checked = copied.check(&Against::default(), watch)?;
            let as_of = if checked.is_older() { None } else { copied.worked_until()? };
            let manifest = Manifest::of(partial.path(), &checked, as_of, watch)?;
            (checked, manifest)
        };
        let is_kept = checked.is_sound() || replace.despite_faults;
        if is_kept {
            partial.hand_over(to)?;
            partial.publish(to)?;
        }
        Ok(Made { manifest, checked, is_kept })
    }
}

fn refuse(store: &Path, to: &Path, replace: Replace) -> Result<(), BackupError> {
    let path = to.to_owned();
    if belongs_to(store, to) {
        return Err(BackupError::Own { path });
    }
    match fs::symlink_metadata(to) {
        Ok(found) if !found.is_file() => Err(BackupError::NotOurs { path, what: "not a plain file" }),
        Ok(_) if !replace.existing => Err(BackupError::Exists { path }),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BackupError::failed("looking at", to)(error)),
        _ => Ok(()),
    }
}

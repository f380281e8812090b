//! A temporary file beside its target, which becomes the target as a whole or not at all.

use std::{
    fs::{self, File, Metadata, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

use super::error::BackupError;
use crate::owner;

/// What SQLite puts beside a database.
pub(super) const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A temporary file that only its owner may read. It is locked: two processes with one target do not write into one file,
/// and what a killed process left behind is used again.
#[derive(Debug)]
pub(super) struct Partial {
    path: PathBuf,
    /// Holds the lock.
    file: File,
    is_done: bool,
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.is_done {
            remove(&self.path);
            remove_companions(&self.path);
        }
    }
}

/// What cannot be removed stays, and is used again.
fn remove(path: &Path) {
    let _ = fs::remove_file(path);
}

fn remove_companions(database: &Path) {
    for end in COMPANIONS {
        remove(&beside(database, end));
    }
}

/// The path with an end.
pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(end);
    path.into()
}

/// The folder of a file.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

impl Partial {
    /// An empty temporary file beside a target: its path with an end.
    pub fn beside(target: &Path, end: &str) -> Result<Self, BackupError> {
        let path = beside(target, end);
        let file = open(&path).map_err(BackupError::failed("creating", &path))?;
        let found = file.metadata().map_err(BackupError::failed("creating", &path))?;
        if !found.is_file() || found.nlink() > 1 || !is_ours(&found, target) {
            return Err(BackupError::NotOurs { path, what: "not a file that provwatch left there" });
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BackupError::Busy { path: target.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(BackupError::failed("locking", &path)(source)),
        }
        let partial = Self { path, file, is_done: false };
        partial.empty().map_err(BackupError::failed("emptying", &partial.path))?;
        Ok(partial)
    }

    /// A killed process may have left something there.
    fn empty(&self) -> io::Result<()> {
        remove_companions(&self.path);
        self.file.set_permissions(Permissions::from_mode(0o600))?;
        self.file.set_len(0)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file to the owner of the one that it replaces, or of the folder: root restores the store of a service.
    pub fn hand_over(&self, target: &Path) -> Result<(), BackupError> {
        let handed = match fs::metadata(target) {
            Ok(replaced) => owner::hand_on(&self.file, &replaced),
            Err(_) => owner::hand_over(&self.file, target),
        };
        handed.map_err(BackupError::failed("changing the owner of", &self.path))
    }

    /// Flushes the file and renames it to its target, which it replaces.
    pub fn publish(mut self, target: &Path) -> Result<(), BackupError> {
        self.file.sync_all().map_err(BackupError::failed("flushing", &self.path))?;
        fs::rename(&self.path, target).map_err(BackupError::failed("renaming to", target))?;
        self.is_done = true;
        sync(folder(target))
    }
}

/// What root made for the owner of the folder may be left behind, too.
fn is_ours(found: &Metadata, target: &Path) -> bool {
    let owners =
        [rustix::process::geteuid().as_raw()].into_iter().chain(fs::metadata(folder(target)).map(|at| at.uid()));
    owners.into_iter().any(|owner| owner == found.uid())
}

/// A link is not followed.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits().cast_signed()).open(path)
}

/// A rename is on the disk when its folder is.
pub(super) fn sync(folder: &Path) -> Result<(), BackupError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(BackupError::failed("flushing", folder))
}

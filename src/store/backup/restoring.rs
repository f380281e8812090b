//! Restores the store from a backup.

use std::{
    fs,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use super::{
    alone::alone,
    copy::{close_log, copy},
    error::BackupError,
    manifest::Manifest,
    own::belongs_to,
    partial::{Partial, beside},
    swap::{RESTORED, Step, is_half_done, steps, swap},
};
use crate::store::{
    Store, StoreError,
    checking::CheckedStore,
    history::Against,
    restores::{NewRestore, Pending, Restore},
    stage::Watcher,
};

/// A restore that is asked for. Its caller has the right to run on the store.
#[derive(Clone, Debug)]
pub(crate) struct Restoring<'a> {
    /// The store.
    pub store: &'a Path,
    /// The backup.
    pub from: &'a Path,
    /// What becomes of the messages that wait in it.
    pub pending: Pending,
    pub by: String,
    pub reason: Option<String>,
    pub now: DateTime<Utc>,
    /// Whether it may have damaged rows, or a history with faults.
    pub despite_faults: bool,
    /// Whether it is only checked.
    pub dry_run: bool,
}

/// What a restore did, or would do.
#[derive(Debug)]
pub(crate) struct Restored {
    /// Of the backup.
    pub manifest: Manifest,
    /// What the check of the backup found.
    pub checked: CheckedStore,
    /// The record of the restore; `None`: the check found faults, and nothing was restored.
    pub restore: Option<Restore>,
    /// Where the store before is; `None`: there was none.
    pub replaced: Option<PathBuf>,
}

impl Restoring<'_> {
    /// Restores the store: copies the backup beside it, migrates and checks the copy, and exchanges the files.
    ///
    /// # Errors
    /// Something cannot be read or written, or another command uses the store. The store is as it was, unless the last
    /// renames were interrupted; then it can be finished.
    pub fn run(&self, watch: Watcher<'_>) -> Result<Restored, BackupError> {
        self.refuse()?;
        let backup = Store::open_unchanged(self.from)?;
        let partial = Partial::beside(self.store, ".restoring")?;
        copy(&backup.connection(), self.from, partial.path(), watch)?;
        drop(backup);
        let (checked, as_of) = checked(partial.path(), watch)?;
        let manifest = Manifest::of(self.from, &checked, as_of, watch)?;
        let is_usable = checked.structure.faults.is_empty() && (checked.is_sound() || self.despite_faults);
        let mut restored = Restored { manifest, checked, restore: None, replaced: None };
        if !is_usable {
            return Ok(restored);
        }
        let aside = aside(self.store, self.now);
        let is_there = steps(self.store, &aside).iter().any(Step::moves_the_old);
        restored.replaced = is_there.then(|| aside.clone());
        restored.restore = Some(self.record(partial.path(), restored.replaced.as_deref())?);
        if !self.dry_run {
            self.put_in_place(partial, &aside)?;
        }
        Ok(restored)
    }

    fn refuse(&self) -> Result<(), BackupError> {
        if is_half_done(self.store) {
            return Err(StoreError::HalfRestored { path: self.store.to_owned() }.into());
        }
        if belongs_to(self.store, self.from) {
            return Err(BackupError::Own { path: self.from.to_owned() });
        }
        Ok(())
    }

    /// Migrates the copy, and records in it that it is a restore.
    fn record(&self, copy: &Path, replaced: Option<&Path>) -> Result<Restore, BackupError> {
        // The store before may be damaged, or of an earlier schema.
        let before = replaced.and_then(|_| Store::open_unchanged(self.store).ok());
        let store = Store::open(copy)?;
        let restore = store.record_restore(&NewRestore {
            at: self.now,
            by: self.by.clone(),
            reason: self.reason.clone(),
            replaced: replaced.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned()),
            replaced_head: before.and_then(|before| before.history_head().ok().flatten()),
            pending: self.pending,
        })?;
        let closed = close_log(&store.connection());
        closed.map_err(|error| StoreError::sql(copy, "closing the restored copy", error))?;
        Ok(restore)
    }

    fn put_in_place(&self, partial: Partial, aside: &Path) -> Result<(), BackupError> {
        let is_there = fs::symlink_metadata(self.store).is_ok();
        partial.hand_over(self.store)?;
        // Until the end: no other command may open the store between two renames.
        let _alone = if is_there { alone(self.store)? } else { None };
        steps(self.store, aside).iter().try_for_each(Step::is_free)?;
        partial.publish(&beside(self.store, RESTORED))?;
        swap(self.store, aside)
    }
}

/// Where the files of the store before are kept.
fn aside(store: &Path, restored_at: DateTime<Utc>) -> PathBuf {
    beside(store, &format!(".before-restore-{}", restored_at.format("%Y%m%dT%H%M%SZ")))
}

/// Checks a copy. The time is known of today's schema alone.
fn checked(copy: &Path, watch: Watcher<'_>) -> Result<(CheckedStore, Option<DateTime<Utc>>), BackupError> {
    let copied = Store::open_unchanged(copy)?;
    let checked = copied.check(&Against::default(), watch)?;
    if !checked.is_older() || !checked.structure.faults.is_empty() {
        let as_of = if checked.is_older() { None } else { copied.worked_until()? };
        return Ok((checked, as_of));
    }
    drop(copied);
    // Its rows and its history can be checked after the migration.
    let version = checked.schema_version;
    let migrated = Store::open(copy)?;
    let checked = CheckedStore { schema_version: version, ..migrated.check(&Against::default(), watch)? };
    Ok((checked, migrated.worked_until()?))
}

/// Finishes a restore that was interrupted between its first and last rename.
///
/// # Errors
/// None was interrupted, or something cannot be renamed.
pub(crate) fn finish(store: &Path) -> Result<Restore, BackupError> {
    if !is_half_done(store) {
        return Err(BackupError::NothingToFinish { path: store.to_owned() });
    }
    let waiting = beside(store, RESTORED);
    let restore = Store::open_read_only(&waiting)?.restores(1)?.pop();
    let restore =
        restore.ok_or_else(|| BackupError::NotOurs { path: waiting, what: "not a store that was restored" })?;
    swap(store, &aside(store, restore.at))?;
    Ok(restore)
}

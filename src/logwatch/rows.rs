//! Reads and writes the stored rows of a log and its trees.

use chrono::{DateTime, Utc};

use super::log_list::FollowedLog;
use crate::{
    model::LogEntry,
    store::{LogRow, LogState, NewLog, Store, StoreError},
    tlog::Tree,
};

/// The stored rows of the trees of a log.
///
/// # Errors
/// The store failed.
pub fn rows_of(store: &Store, followed: &FollowedLog) -> Result<Vec<LogRow>, StoreError> {
    let mut rows = store.logs()?;
    rows.retain(|row| followed.has_tree(&row.name));
    Ok(rows)
}

/// Stores a tree when it is first seen, or updates its row.
///
/// # Errors
/// The store failed.
pub fn open_tree(store: &Store, followed: &FollowedLog, tree: &Tree, now: DateTime<Utc>) -> Result<(), StoreError> {
    let known = store.log(&tree.name)?;
    let drained = known.is_some_and(|row| row.standing == LogState::Drained);
    let standing = match (tree.active, drained) {
        (true, _) => LogState::Active,
        (false, true) => LogState::Drained,
        (false, false) => LogState::Retired,
    };
    let new = NewLog {
        name: &tree.name,
        kind: followed.kind,
        url: followed.url.as_str(),
        key_id: &followed.log.signer().key().key_id(),
        offset: tree.offset,
        standing,
    };
    store.open_log(&new, now)?;
    Ok(())
}

/// Whether a tree was read up to this size.
///
/// # Errors
/// The store failed.
pub fn is_read_to(store: &Store, tree: &str, size: u64) -> Result<bool, StoreError> {
    Ok(store.log(tree)?.and_then(|row| row.tail).is_some_and(|tail| tail.verified == size))
}

/// The place of an entry, as alerts and releases name it: for Rekor v1 by its global index.
///
/// # Errors
/// The store failed.
pub fn place(store: &Store, log: &str, index: u64) -> Result<LogEntry, StoreError> {
    let offset = store.log(log)?.map_or(0, |row| row.offset);
    Ok(LogEntry { origin: log.to_owned(), index: offset.saturating_add(index) })
}

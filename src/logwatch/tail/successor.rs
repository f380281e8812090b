//! Recognises a log or shard that began after its kind was already followed, so that it is read from its first entry.

use chrono::TimeDelta;

use crate::{
    logwatch::log_list::{FollowedLog, LogList},
    store::{LogKind, LogRow, Store, StoreError},
    tlog::Tree,
};

/// Logs that are first seen within this time count as seen together: none of them is the successor of another.
const TOGETHER: TimeDelta = TimeDelta::minutes(5);

/// Whether a tree began after logs of its kind were followed, so that all of it is to be read. The trust root may give
/// its start; otherwise the time when it was first seen counts: of logs seen together none is the successor of another.
/// Names prove nothing.
pub fn is_successor(store: &Store, list: &LogList, followed: &FollowedLog, tree: &Tree) -> Result<bool, StoreError> {
    let rows = store.logs()?;
    let Some(this) = rows.iter().find(|row| row.name == tree.name) else { return Ok(false) };
    let is_older = |row: &&LogRow| {
        if followed.kind == LogKind::RekorV1 {
            return followed.has_tree(&row.name) && row.offset < tree.offset;
        }
        // The operator decides when a configured log begins.
        row.kind.holds_certificates() == this.kind.holds_certificates()
            && !followed.is_configured()
            && list.of_tree(&row.name).is_some_and(|log| !log.is_configured())
    };
    let older = rows.iter().filter(|row| row.name != this.name && row.tail.is_some()).filter(is_older);
    let Some(followed_since) = older.map(|row| row.first_seen).min() else { return Ok(false) };
    if followed.kind == LogKind::RekorV1 {
        // Trees of one answer have the same first time.
        return Ok(this.first_seen > followed_since);
    }
    let began_later = followed.since.is_some_and(|since| since >= followed_since);
    Ok(began_later || this.first_seen - followed_since > TOGETHER)
}

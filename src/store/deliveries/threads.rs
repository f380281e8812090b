//! Where receivers keep alerts: issues, threads of a channel.

use rusqlite::{Connection, OptionalExtension};

use crate::{model::Fingerprint, store::error::QueryFailure};

/// Where a subscription's receiver keeps an alert, if it told that.
pub(super) fn thread(db: &Connection, alert: &Fingerprint, subscription: &str) -> Result<Option<String>, QueryFailure> {
    let mut query = db.prepare_cached("SELECT thread FROM threads WHERE alert = ?1 AND subscription = ?2")?;
    Ok(query.query_row((alert, subscription), |row| row.get(0)).optional()?)
}

/// Records where a subscription's receiver keeps an alert.
pub(super) fn keep_thread(
    db: &Connection,
    alert: &Fingerprint,
    subscription: &str,
    thread: &str,
) -> Result<(), QueryFailure> {
    let mut insert = db.prepare_cached(
        "INSERT INTO threads (alert, subscription, thread) VALUES (?1, ?2, ?3)
         ON CONFLICT (alert, subscription) DO UPDATE SET thread = excluded.thread",
    )?;
    insert.execute((alert, subscription, thread))?;
    Ok(())
}

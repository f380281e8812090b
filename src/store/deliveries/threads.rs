//! What sinks keep of alerts to go on with them at their receivers: the number of an issue, the labels at Alertmanager.

use rusqlite::{Connection, OptionalExtension};

use crate::{model::Fingerprint, store::error::QueryFailure};

/// What the sink of a subscription keeps of an alert, if it keeps anything.
pub(super) fn thread(db: &Connection, alert: &Fingerprint, subscription: &str) -> Result<Option<String>, QueryFailure> {
    let mut query = db.prepare_cached("SELECT thread FROM threads WHERE alert = ?1 AND subscription = ?2")?;
    Ok(query.query_row((alert, subscription), |row| row.get(0)).optional()?)
}

/// Records what the sink of a subscription keeps of an alert.
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

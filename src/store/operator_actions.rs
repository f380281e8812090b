//! Acknowledges and resolves alerts, and opens them again, each with its repetitions.

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::{
    Store, StoreError,
    alerts::{AlertAction, Stored, insert_action, last_action, stored},
    columns::{Micros, Word},
    error::QueryFailure,
    repetitions,
};
use crate::model::{Alert, AlertStatus, Fingerprint};

impl Store {
    /// Acknowledges an alert. `None`: there is no such alert.
    ///
    /// # Errors
    /// As every write.
    pub fn acknowledge(
        &self,
        fingerprint: &Fingerprint,
        by: &str,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Alert>, StoreError> {
        self.write("acknowledging an alert", |db| act(db, fingerprint, AlertStatus::Acknowledged, by, reason, now))
    }

    /// Resolves an alert. `None`: there is no such alert.
    ///
    /// # Errors
    /// As every write.
    pub fn resolve(
        &self,
        fingerprint: &Fingerprint,
        by: &str,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Alert>, StoreError> {
        self.write("resolving an alert", |db| act(db, fingerprint, AlertStatus::Resolved, by, reason, now))
    }
}

fn act(
    db: &Connection,
    fingerprint: &Fingerprint,
    status: AlertStatus,
    by: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<Option<Alert>, QueryFailure> {
    let Some(Stored { mut alert, .. }) = stored(db, fingerprint)? else { return Ok(None) };
    // The same again, by the same person and for the same reason, is a repetition and not another action.
    let last = last_action(db, fingerprint)?;
    let repeated = last.is_some_and(|last| (last.status, &*last.by, &*last.reason) == (status, by, reason));
    if repeated && alert.status == status {
        return Ok(Some(alert));
    }
    let action = AlertAction { status, by: by.to_owned(), reason: reason.to_owned(), at: now };
    insert_action(db, fingerprint, &action)?;
    repetitions::follow(db, &alert, &action)?;
    db.prepare_cached("UPDATE alerts SET status = ?2, updated_at = ?3 WHERE fingerprint = ?1")?.execute((
        fingerprint,
        Word(status),
        Micros(now),
    ))?;
    alert.status = status;
    Ok(Some(alert))
}

/// An alert that was dealt with is open again, if there is one. A repetition stands for itself then, because the alert that it
/// repeats may be closed.
pub(super) fn open_again(
    db: &Connection,
    fingerprint: &Fingerprint,
    by: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(), QueryFailure> {
    act(db, fingerprint, AlertStatus::Open, by, reason, now)?;
    repetitions::stand_alone(db, fingerprint, now)
}

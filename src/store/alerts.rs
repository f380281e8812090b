//! Queries and updates of alerts.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};

use super::{
    Store, StoreError,
    columns::{Json, Micros, Rank, Word, limit, time},
    error::QueryFailure,
    reading::{Reading, one},
    sealed::{ALERT_ACTIONS, ALERTS},
};
use crate::model::{Alert, AlertAction, AlertStatus, Fingerprint, Severity};

/// provwatch's own name in histories.
pub(super) const OWN_NAME: &str = "provwatch";

/// An alert as it is stored.
pub(super) struct Stored {
    pub(super) alert: Alert,
    pub(super) peak: Severity,
    pub(super) raises: i64,
}

impl Store {
    /// The alert of this fingerprint. What somebody typed is looked up by [`Store::alert_named`].
    ///
    /// # Errors
    /// As every read.
    pub fn alert(&self, fingerprint: &Fingerprint) -> Result<Option<Alert>, StoreError> {
        self.read("reading an alert", |db| {
            stored(db, fingerprint)?.map(|stored| with_handling(db, stored.alert)).transpose()
        })
    }

    /// What was done with an alert, the latest first.
    ///
    /// # Errors
    /// As every read.
    pub fn alert_actions(&self, alert: &Alert, at_most: usize) -> Result<Vec<AlertAction>, StoreError> {
        self.read("reading the history of an alert", |db| {
            let sql = "SELECT *, {row} FROM alert_actions WHERE alert = ?1 ORDER BY id DESC LIMIT ?2";
            db.rows(&ALERT_ACTIONS, sql, (&alert.fingerprint, limit(at_most)), action_row)
        })
    }
}

/// The alert with the last action on it. The rows of an older version have it in the history only.
pub(super) fn with_handling(db: &Reading<'_>, mut alert: Alert) -> Result<Alert, QueryFailure> {
    if alert.handling.is_none() && alert.status != AlertStatus::Open {
        alert.handling = match last_action(db, &alert.fingerprint) {
            Err(QueryFailure::Broken(broken)) => {
                db.note(broken);
                None
            }
            found => found?,
        };
    }
    Ok(alert)
}

pub(super) fn last_action(db: &Connection, fingerprint: &Fingerprint) -> Result<Option<AlertAction>, QueryFailure> {
    let sql = "SELECT *, {row} FROM alert_actions WHERE alert = ?1 ORDER BY id DESC LIMIT 1";
    one(db, &ALERT_ACTIONS, sql, [fingerprint], action_row)
}

/// Adds an action to the history of an alert. Every action passes here.
pub(super) fn insert_action(
    db: &Connection,
    fingerprint: &Fingerprint,
    action: &AlertAction,
) -> Result<(), QueryFailure> {
    db.prepare_cached(
        "INSERT INTO alert_actions (alert, status, by, reason, at, until_at, category, duplicate_of)
         VALUES (:alert, :status, :by, :reason, :at, :until, :category, :duplicate_of)",
    )?
    .execute(named_params! {
        ":alert": fingerprint,
        ":status": Word(action.status),
        ":by": action.by,
        ":reason": action.reason,
        ":at": Micros(action.at),
        ":until": action.until.map(Micros),
        ":category": action.category.map(Word),
        ":duplicate_of": action.duplicate_of,
    })?;
    Ok(())
}

/// An alert that could not be read back would block the outbox for ever. Alerts are few, so the whole form is tried.
pub(super) fn readable_back(alert: &Alert) -> Result<(), StoreError> {
    let read: Result<Alert, _> = serde_json::to_value(alert).and_then(serde_json::from_value);
    let why = match read {
        Ok(read) if read == *alert => return Ok(()),
        Ok(_) => "its JSON form is that of another alert".to_owned(),
        Err(error) => error.to_string(),
    };
    Err(StoreError::Unstorable { what: format!("the alert {}", alert.id), why })
}

pub(super) fn stored(db: &Connection, fingerprint: &Fingerprint) -> Result<Option<Stored>, QueryFailure> {
    let sql = "SELECT body, status, peak, raises, {row} FROM alerts WHERE fingerprint = ?1";
    one(db, &ALERTS, sql, [fingerprint], stored_row)
}

pub(super) fn stored_row(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored { alert: alert_row(row)?, peak: row.get::<_, Rank>("peak")?.0, raises: row.get("raises")? })
}

/// An alert, and how often it was announced.
pub(super) fn raised(db: &Connection, fingerprint: &Fingerprint) -> Result<Option<(Alert, i64)>, QueryFailure> {
    Ok(stored(db, fingerprint)?.map(|stored| (stored.alert, stored.raises)))
}

/// Counts one more announcement of an alert that was announced so often.
pub(super) fn count_announcement(db: &Connection, fingerprint: &Fingerprint, raises: i64) -> Result<i64, QueryFailure> {
    db.prepare_cached("UPDATE alerts SET raises = ?2 WHERE fingerprint = ?1")?.execute((fingerprint, raises + 1))?;
    Ok(raises + 1)
}

pub(super) fn insert(db: &Connection, alert: &Alert, now: DateTime<Utc>) -> Result<(), QueryFailure> {
    db.prepare_cached(
        "INSERT INTO alerts (fingerprint, kind, severity, peak, raises, status, package, raised_at, updated_at, body, repeats,
             detectors, critical_at, is_digest)
         VALUES (:fingerprint, :kind, :severity, :severity, 1, :status, :package, :raised_at, :now, :body, :repeats,
             :detectors, :critical_at, :is_digest)",
    )?
    .execute(named_params! {
        ":fingerprint": alert.fingerprint,
        ":kind": Word(alert.kind),
        ":severity": Rank(alert.severity),
        ":status": Word(alert.status),
        ":package": alert.of_package().map(ToString::to_string),
        ":raised_at": Micros(alert.raised_at),
        ":now": Micros(now),
        ":body": Json(alert),
        ":repeats": alert.repeats.map(|id| id.to_string()),
        ":detectors": detectors(alert),
        ":critical_at": (alert.severity == Severity::Critical).then_some(Micros(now)),
        ":is_digest": alert.digest.as_ref().map(|_| 1),
    })?;
    Ok(())
}

/// Stores another version of an alert. An alert that is raised anew has no acknowledgement yet.
const UPDATE: &str = "UPDATE alerts SET
        critical_at = CASE WHEN :severity < :critical THEN NULL WHEN severity < :critical THEN :now ELSE critical_at END,
        severity = :severity, peak = :peak, raises = :raises, status = :status,
        acknowledged_at = CASE WHEN raised_at <> :raised_at THEN NULL ELSE coalesce(acknowledged_at, :acknowledged_at) END,
        raised_at = :raised_at, updated_at = :now, body = :body, repeats = :repeats, until_at = :until, category = :category,
        handled_at = :handled_at, resolved_at = :resolved_at, detectors = :detectors
    WHERE fingerprint = :fingerprint";

pub(super) fn update(
    db: &Connection,
    alert: &Alert,
    peak: Severity,
    raises: i64,
    now: DateTime<Utc>,
) -> Result<(), QueryFailure> {
    let handling = alert.handling.as_ref().filter(|handling| handling.status == alert.status);
    let since = |status| handling.filter(|handling| handling.status == status).map(|handling| Micros(handling.at));
    db.prepare_cached(UPDATE)?.execute(named_params! {
        ":fingerprint": alert.fingerprint,
        ":severity": Rank(alert.severity),
        ":critical": Rank(Severity::Critical),
        ":peak": Rank(peak),
        ":raises": raises,
        ":status": Word(alert.status),
        ":raised_at": Micros(alert.raised_at),
        ":now": Micros(now),
        ":body": Json(alert),
        ":repeats": alert.repeats.map(|id| id.to_string()),
        ":until": handling.and_then(|handling| handling.until).map(Micros),
        ":category": handling.and_then(|handling| handling.category).map(Word),
        ":handled_at": handling.map(|handling| Micros(handling.at)),
        ":acknowledged_at": since(AlertStatus::Acknowledged),
        ":resolved_at": since(AlertStatus::Resolved),
        ":detectors": detectors(alert),
    })?;
    Ok(())
}

/// The detectors of an alert as lists search them, `,odd-hours,tag-missing,`.
fn detectors(alert: &Alert) -> Option<String> {
    let names: BTreeSet<&str> = alert.signals.iter().map(|signal| signal.detector.as_ref()).collect();
    (!names.is_empty()).then(|| format!(",{},", names.into_iter().collect::<Vec<_>>().join(",")))
}

/// An alert of a row with `body` and `status`; the column has the last word on where it stands.
pub(super) fn alert_row(row: &Row<'_>) -> rusqlite::Result<Alert> {
    let Json(mut alert): Json<Alert> = row.get("body")?;
    alert.status = row.get::<_, Word<_>>("status")?.0;
    Ok(alert)
}

fn action_row(row: &Row<'_>) -> rusqlite::Result<AlertAction> {
    Ok(AlertAction {
        status: row.get::<_, Word<_>>("status")?.0,
        by: row.get("by")?,
        reason: row.get("reason")?,
        at: row.get::<_, Micros>("at")?.0,
        until: time(row.get("until_at")?),
        category: row.get::<_, Option<Word<_>>>("category")?.map(|word| word.0),
        duplicate_of: row.get("duplicate_of")?,
    })
}

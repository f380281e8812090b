//! Queries and updates of alerts.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, named_params};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Store, StoreError,
    columns::{Json, Micros, Rank, Word, limit},
    error::QueryFailure,
    reading::one,
    sealed::{ALERT_ACTIONS, ALERTS},
};
use crate::model::{Alert, AlertStatus, Fingerprint, Package, Severity};

/// Which alerts to list; what is `None` does not matter.
#[derive(Clone, Debug)]
pub struct AlertFilter {
    /// Where they stand.
    pub status: Option<AlertStatus>,
    /// At least so bad.
    pub min_severity: Option<Severity>,
    /// About this package.
    pub package: Option<Package>,
    /// Also those that repeat an open alert, which counts them.
    pub repetitions: bool,
    /// At most so many, the latest first.
    pub limit: usize,
}

impl Default for AlertFilter {
    fn default() -> Self {
        Self { status: None, min_severity: None, package: None, repetitions: true, limit: 100 }
    }
}

/// An operator's action on an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AlertAction {
    /// Where the alert stood afterwards.
    pub status: AlertStatus,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// An alert as it is stored.
pub(super) struct Stored {
    pub(super) alert: Alert,
    pub(super) peak: Severity,
    pub(super) raises: i64,
}

impl Store {
    /// Alerts, the latest first.
    ///
    /// # Errors
    /// As every read.
    pub fn alerts(&self, filter: &AlertFilter) -> Result<Vec<Alert>, StoreError> {
        self.read("listing the alerts", |db| {
            db.rows(
                &ALERTS,
                "SELECT body, status, {row} FROM alerts
                 WHERE (:status IS NULL OR status = :status) AND (:severity IS NULL OR severity >= :severity)
                   AND (:package IS NULL OR package = :package) AND (:repetitions OR repeats IS NULL)
                 ORDER BY raised_at DESC, fingerprint LIMIT :limit",
                named_params! {
                    ":status": filter.status.map(Word),
                    ":severity": filter.min_severity.map(Rank),
                    ":package": filter.package.as_ref().map(ToString::to_string),
                    ":repetitions": filter.repetitions,
                    ":limit": limit(filter.limit),
                },
                alert_row,
            )
        })
    }

    /// The alert of this fingerprint. What somebody typed is looked up by [`Store::alert_named`].
    ///
    /// # Errors
    /// As every read.
    pub fn alert(&self, fingerprint: &Fingerprint) -> Result<Option<Alert>, StoreError> {
        self.read("reading an alert", |db| Ok(stored(db, fingerprint)?.map(|stored| stored.alert)))
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

pub(super) fn last_action(db: &Connection, fingerprint: &Fingerprint) -> Result<Option<AlertAction>, QueryFailure> {
    let sql = "SELECT *, {row} FROM alert_actions WHERE alert = ?1 ORDER BY id DESC LIMIT 1";
    one(db, &ALERT_ACTIONS, sql, [fingerprint], action_row)
}

pub(super) fn insert_action(
    db: &Connection,
    fingerprint: &Fingerprint,
    action: &AlertAction,
) -> Result<(), QueryFailure> {
    db.prepare_cached("INSERT INTO alert_actions (alert, status, by, reason, at) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute((fingerprint, Word(action.status), &action.by, &action.reason, Micros(action.at)))?;
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
        "INSERT INTO alerts (fingerprint, kind, severity, peak, raises, status, package, raised_at, updated_at, body, repeats)
         VALUES (:fingerprint, :kind, :severity, :severity, 1, :status, :package, :raised_at, :now, :body, :repeats)",
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
    })?;
    Ok(())
}

pub(super) fn update(
    db: &Connection,
    alert: &Alert,
    peak: Severity,
    raises: i64,
    now: DateTime<Utc>,
) -> Result<(), QueryFailure> {
    db.prepare_cached(
        "UPDATE alerts SET severity = :severity, peak = :peak, raises = :raises, status = :status,
             raised_at = :raised_at, updated_at = :now, body = :body, repeats = :repeats WHERE fingerprint = :fingerprint",
    )?
    .execute(named_params! {
        ":fingerprint": alert.fingerprint,
        ":severity": Rank(alert.severity),
        ":peak": Rank(peak),
        ":raises": raises,
        ":status": Word(alert.status),
        ":raised_at": Micros(alert.raised_at),
        ":now": Micros(now),
        ":body": Json(alert),
        ":repeats": alert.repeats.map(|id| id.to_string()),
    })?;
    Ok(())
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
    })
}

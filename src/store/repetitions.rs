//! Stores repetitions: alerts about releases that show the deviation of an open alert once more. Such an alert is not
//! announced. The open one counts it, and it follows what an operator does with that.

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::{
    Store, StoreError,
    alerts::{OWN_NAME, Stored, alert_row, insert, insert_action, stored, stored_row, update},
    columns::limit,
    error::QueryFailure,
    reading::several,
    sealed::ALERTS,
};
use crate::model::{Alert, AlertAction, AlertId, AlertKind, AlertPrefix, AlertStatus, Fingerprint, Package, Repeated};

impl Store {
    /// The alerts about releases of a package that another release could repeat: open or acknowledged, and no repetitions
    /// themselves. The latest come first.
    pub(crate) fn repeatable_alerts(&self, package: &Package, at_most: usize) -> Result<Vec<Alert>, StoreError> {
        self.read("listing the open alerts of a package", |db| {
            let sql =
                "SELECT body, status, {row} FROM alerts WHERE package = ?1 AND kind = 'release' AND repeats IS NULL
                           AND status IN ('open', 'acknowledged')
                       ORDER BY raised_at DESC, fingerprint LIMIT ?2";
            db.rows(&ALERTS, sql, (package.to_string(), limit(at_most)), alert_row)
        })
    }
}

/// Stores an alert that was not stored before as a repetition. `false`: the alert that it repeats is not open any more, so
/// that it has to be announced itself.
pub(super) fn insert_repetition(db: &Connection, alert: &Alert, now: DateTime<Utc>) -> Result<bool, QueryFailure> {
    let Some(of) = repeated_by(db, alert)? else { return Ok(false) };
    insert(db, alert, now)?;
    if of.alert.status == AlertStatus::Acknowledged {
        let reason = format!("it repeats {}, which is acknowledged", of.alert.id);
        let until = of.alert.handling.as_ref().and_then(|handling| handling.until);
        let action = AlertAction::new(AlertStatus::Acknowledged, OWN_NAME, reason, now);
        handle(
            db,
            &Stored { alert: alert.clone(), peak: alert.severity, raises: 1 },
            &AlertAction { until, ..action },
        )?;
    }
    let repeated = match &of.alert.repeated {
        known @ Some(_) => Repeated::with(known.clone(), alert),
        // None, or the count was lost with a damaged row.
        None => Repeated::of(&repetitions(db, of.alert.id, alert)?),
    };
    keep_count(db, &of, repeated, now)?;
    Ok(true)
}

/// The alert that another one repeats, while that is open.
fn repeated_by(db: &Connection, alert: &Alert) -> Result<Option<Stored>, QueryFailure> {
    let Some(id) = alert.repeats else { return Ok(None) };
    let is_open = |of: &Alert| matches!(of.status, AlertStatus::Open | AlertStatus::Acknowledged);
    let of = of_package(db, id, alert)?;
    Ok(of.filter(|of| is_open(&of.alert) && of.alert.repeats.is_none() && of.alert.fingerprint != alert.fingerprint))
}

/// The alert of this id, if it is about a release of the same package as `beside`.
fn of_package(db: &Connection, id: AlertId, beside: &Alert) -> Result<Option<Stored>, QueryFailure> {
    let Ok(named) = id.to_string().parse::<AlertPrefix>() else { return Ok(None) };
    let (first, last) = named.fingerprints().into_inner();
    let sql = "SELECT body, status, peak, raises, {row} FROM alerts WHERE fingerprint >= ?1 AND fingerprint <= ?2";
    let of = several(db, &ALERTS, sql, (first, last), stored_row)?;
    Ok(of.into_iter().find(|of| of.alert.kind == AlertKind::Release && of.alert.of_package() == beside.of_package()))
}

/// All repetitions of an alert about a release of the same package as `beside`.
fn repetitions(db: &Connection, of: AlertId, beside: &Alert) -> Result<Vec<Alert>, QueryFailure> {
    let sql = "SELECT body, status, {row} FROM alerts WHERE repeats = ?1 AND package = ?2";
    several(db, &ALERTS, sql, (of.to_string(), beside.of_package().map(ToString::to_string)), alert_row)
}

fn keep_count(
    db: &Connection,
    of: &Stored,
    repeated: Option<Repeated>,
    now: DateTime<Utc>,
) -> Result<(), QueryFailure> {
    update(db, &Alert { repeated, ..of.alert.clone() }, of.peak, of.raises, now)
}

/// Counts the repetitions of an alert again, after one of them, `left`, became an alert of its own.
pub(super) fn count_again(db: &Connection, of: AlertId, left: &Alert, now: DateTime<Utc>) -> Result<(), QueryFailure> {
    let Some(of) = of_package(db, of, left)? else { return Ok(()) };
    let repeated = Repeated::of(&repetitions(db, of.alert.id, left)?);
    keep_count(db, &of, repeated, now)
}

/// Makes a repetition an alert of its own, as it stands.
pub(super) fn stand_alone(db: &Connection, fingerprint: &Fingerprint, now: DateTime<Utc>) -> Result<(), QueryFailure> {
    let Some(Stored { alert, peak, raises }) = stored(db, fingerprint)? else { return Ok(()) };
    let Some(of) = alert.repeats else { return Ok(()) };
    update(db, &Alert { repeats: None, ..alert.clone() }, peak, raises, now)?;
    count_again(db, of, &alert, now)
}

/// What an operator did with an alert holds for its repetitions that are not as far: whoever knows one deviation knows it in
/// every release, and whoever doubts it again doubts it in every release.
pub(super) fn follow(db: &Connection, of: &Alert, action: &AlertAction) -> Result<(), QueryFailure> {
    let sql = "SELECT body, status, peak, raises, {row} FROM alerts WHERE repeats = ?1 AND package = ?2";
    let package = of.of_package().map(ToString::to_string);
    for repetition in several(db, &ALERTS, sql, (of.id.to_string(), package), stored_row)? {
        let status = repetition.alert.status;
        let is_behind = action.status == AlertStatus::Open || status != AlertStatus::Resolved;
        if is_behind && status != action.status {
            handle(db, &repetition, action)?;
        }
    }
    Ok(())
}

fn handle(db: &Connection, Stored { alert, peak, raises }: &Stored, action: &AlertAction) -> Result<(), QueryFailure> {
    insert_action(db, &alert.fingerprint, action)?;
    let alert = Alert { status: action.status, handling: Some(action.clone()), ..alert.clone() };
    update(db, &alert, *peak, *raises, action.at)
}

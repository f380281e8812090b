//! What provwatch does with alerts itself: it opens those again whose time has come, and resolves conditions that ended.
//! The receivers of the alert get a message about that.

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::{
    Store, StoreError,
    alerts::{OWN_NAME, Stored, count_announcement, stored, stored_row},
    announcing::follow_up,
    columns::{Micros, limit},
    error::QueryFailure,
    operator_actions::act,
    reading::several,
    sealed::ALERTS,
};
use crate::model::{Alert, AlertAction, AlertKind, AlertStatus, Fingerprint};

/// Most alerts that are opened again at once.
const AT_ONCE: usize = 500;

impl Store {
    /// Opens alerts again whose acknowledgement has lapsed or whose snooze has ended. Returns their number.
    ///
    /// # Errors
    /// As every write.
    pub fn open_what_ended(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let is_due = self.read("looking for alerts whose time has come", |db| {
            let mut query = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM alerts WHERE until_at <= ?1)")?;
            Ok(query.query_row([Micros(now)], |row| row.get::<_, bool>(0))?)
        })?;
        if !is_due {
            return Ok(0);
        }
        self.write("opening alerts again whose time has come", |db| {
            let sql =
                "SELECT body, status, peak, raises, {row} FROM alerts WHERE until_at <= ?1 ORDER BY until_at LIMIT ?2";
            let due = several(db, &ALERTS, sql, (Micros(now), limit(AT_ONCE)), stored_row)?;
            due.iter().try_for_each(|ended| reopen(db, &ended.alert, now))?;
            Ok(due.len())
        })
    }

    /// Resolves an alert about provwatch itself or a log, because its condition ended. `false`: the alert does not exist, it is
    /// resolved, or it is about releases: such an alert is resolved by people only.
    ///
    /// # Errors
    /// As every write.
    pub fn condition_ended(
        &self,
        fingerprint: &Fingerprint,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.write("resolving an alert whose condition ended", |db| {
            let Some(Stored { alert, .. }) = stored(db, fingerprint)? else { return Ok(false) };
            let is_condition = matches!(alert.kind, AlertKind::Operation | AlertKind::Log);
            if !is_condition || alert.status == AlertStatus::Resolved {
                return Ok(false);
            }
            act_and_tell(db, fingerprint, &AlertAction::new(AlertStatus::Resolved, OWN_NAME, reason, now))?;
            Ok(true)
        })
    }
}

fn reopen(db: &Connection, ended: &Alert, now: DateTime<Utc>) -> Result<(), QueryFailure> {
    let by = ended.handling.as_ref().map_or("an operator", |handling| &handling.by);
    let reason = match ended.status {
        AlertStatus::Snoozed => format!("the snooze by {by} has ended"),
        _ => format!("the acknowledgement by {by} has lapsed"),
    };
    act_and_tell(db, &ended.fingerprint, &AlertAction::new(AlertStatus::Open, OWN_NAME, reason, now))
}

fn act_and_tell(db: &Connection, fingerprint: &Fingerprint, action: &AlertAction) -> Result<(), QueryFailure> {
    act(db, fingerprint, action)?;
    let Some(Stored { alert, raises, .. }) = stored(db, fingerprint)? else { return Ok(()) };
    if alert.repeats.is_none() && follow_up(db, &alert, raises + 1, action.at)? > 0 {
        count_announcement(db, fingerprint, raises)?;
    }
    Ok(())
}

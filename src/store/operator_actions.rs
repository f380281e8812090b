//! Acknowledges, snoozes and resolves alerts, and opens them again, each with its repetitions.
//!
//! | stands | acknowledge | snooze | resolve | open |
//! |---|---|---|---|---|
//! | open | acknowledged | snoozed | resolved | nothing |
//! | acknowledged | added | snoozed | resolved | open |
//! | snoozed | acknowledged | added | resolved | open |
//! | resolved | refused | refused | added | open |
//!
//! *Added*: the status stays, and the action is in the history: of two people who acknowledge at once, both are.

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::{
    Store, StoreError,
    alerts::{Stored, insert_action, stored, update},
    error::QueryFailure,
    repetitions,
};
use crate::model::{Alert, AlertAction, AlertStatus, Fingerprint, InvalidAction, Resolution};

/// What came of an action on one alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acted {
    /// The alert afterwards.
    pub alert: Alert,
    /// Where it stood before, by the clock.
    pub before: AlertStatus,
    /// Whether it changed.
    pub outcome: ActionOutcome,
}

/// Whether an action changes an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionOutcome {
    /// It stands elsewhere now.
    Changed,
    /// It stands where it stood, and the action is in its history.
    Added,
    /// It stood there already, and nothing was added.
    Unchanged,
    /// It is resolved: it has to be opened again before.
    Refused,
}

impl ActionOutcome {
    /// What an action would do to an alert.
    pub fn of(alert: &Alert, action: &AlertAction) -> Self {
        let before = alert.status_at(action.at);
        let is_repeated = || alert.handling.as_ref().is_some_and(|last| action.repeats(last));
        match (before, action.status) {
            (AlertStatus::Resolved, AlertStatus::Acknowledged | AlertStatus::Snoozed) => Self::Refused,
            _ if alert.status != action.status => Self::Changed,
            (_, AlertStatus::Open) => Self::Unchanged,
            _ if is_repeated() => Self::Unchanged,
            (before, status) if before == status => Self::Added,
            _ => Self::Changed,
        }
    }
}

impl Store {
    /// The number of the last action on an alert; 0: there is none.
    ///
    /// # Errors
    /// As every read.
    pub(crate) fn last_action(&self) -> Result<i64, StoreError> {
        self.read("reading the last action", |db| {
            let mut query = db.prepare_cached("SELECT coalesce(max(id), 0) FROM alert_actions")?;
            Ok(query.query_row([], |row| row.get(0))?)
        })
    }

    /// Does the same with several alerts, with all of them or none. Alerts that are not stored are left out.
    ///
    /// # Errors
    /// [`StoreError::Action`] if the action cannot be; else as every write.
    pub fn act_on(&self, fingerprints: &[Fingerprint], action: &AlertAction) -> Result<Vec<Acted>, StoreError> {
        action.check()?;
        self.write("changing the status of alerts", |db| {
            let acted = fingerprints.iter().map(|fingerprint| act(db, fingerprint, action));
            Ok(acted.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        })
    }

    /// Acknowledges an alert, without an end. `None`: the alert does not exist.
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
        self.act_on_one(fingerprint, &AlertAction::new(AlertStatus::Acknowledged, by, reason, now))
    }

    /// Resolves an alert, without a category. `None`: the alert does not exist.
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
        self.act_on_one(fingerprint, &AlertAction::new(AlertStatus::Resolved, by, reason, now))
    }

    fn act_on_one(&self, fingerprint: &Fingerprint, action: &AlertAction) -> Result<Option<Alert>, StoreError> {
        Ok(self.act_on(std::slice::from_ref(fingerprint), action)?.pop().map(|acted| acted.alert))
    }
}

/// `None`: the alert does not exist.
pub(super) fn act(
    db: &Connection,
    fingerprint: &Fingerprint,
    action: &AlertAction,
) -> Result<Option<Acted>, QueryFailure> {
    let Some(Stored { alert, peak, raises }) = stored(db, fingerprint)? else { return Ok(None) };
    if alert.digest.is_some() {
        return Err(StoreError::from(InvalidAction::Digest).into());
    }
    let (before, outcome) = (alert.status_at(action.at), ActionOutcome::of(&alert, action));
    if matches!(outcome, ActionOutcome::Unchanged | ActionOutcome::Refused) {
        return Ok(Some(Acted { alert, before, outcome }));
    }
    is_of_another(db, fingerprint, action)?;
    insert_action(db, fingerprint, action)?;
    repetitions::follow(db, &alert, action)?;
    let alert = Alert { status: action.status, handling: Some(action.clone()), ..alert };
    update(db, &alert, peak, raises, action.at)?;
    Ok(Some(Acted { alert, before, outcome }))
}

/// A duplicate is one of another alert, which describes the event itself.
fn is_of_another(db: &Connection, fingerprint: &Fingerprint, action: &AlertAction) -> Result<(), StoreError> {
    let Some(other) = action.duplicate_of else { return Ok(()) };
    if other == *fingerprint {
        return Err(InvalidAction::Itself.into());
    }
    let Ok(Some(Stored { alert, .. })) = stored(db, &other) else { return Err(InvalidAction::NoOther.into()) };
    let is_duplicate = alert.handling.is_some_and(|handling| handling.category == Some(Resolution::Duplicate));
    if is_duplicate { Err(InvalidAction::OfDuplicate.into()) } else { Ok(()) }
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
    act(db, fingerprint, &AlertAction::new(AlertStatus::Open, by, reason, now))?;
    repetitions::stand_alone(db, fingerprint, now)
}

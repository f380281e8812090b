//! Stores a raised alert, new or repeated, and announces it if needed.

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::{
    alert_news::{has_incident, has_new_members, merge, reopening, reopens, stands_alone, with_past},
    alerts::{OWN_NAME, insert, insert_action, readable_back, stored, update},
    announcing, campaigns,
    error::QueryFailure,
    repetitions,
};
use crate::model::{Alert, AlertAction, AlertStatus};

/// The result of raising an alert.
pub(super) struct Raised {
    pub is_new: bool,
    pub announced: bool,
    pub deliveries: usize,
}

/// What became of an alert that was not announced.
const QUIET: Raised = Raised { is_new: false, announced: false, deliveries: 0 };

/// Stores an alert that was raised, new or again, and announces it if needed.
pub(super) fn upsert(
    db: &Connection,
    alert: &Alert,
    subscriptions: &[String],
    now: DateTime<Utc>,
) -> Result<Raised, QueryFailure> {
    readable_back(alert)?;
    let Some(known) = stored(db, &alert.fingerprint)? else { return first(db, alert, subscriptions, now) };
    let reopened = reopens(&known.alert, known.peak, alert);
    let mut merged = merge(&known.alert, alert, reopened);
    let left = known.alert.repeats.filter(|_| stands_alone(&known.alert, known.peak, alert, reopened));
    if left.is_some() {
        merged.repeats = None;
    }
    if merged == known.alert {
        return Ok(QUIET);
    }
    if reopened {
        let action = AlertAction::new(AlertStatus::Open, OWN_NAME, reopening(&known.alert), now);
        insert_action(db, &merged.fingerprint, &action)?;
        merged.handling = Some(action);
    }
    if merged.repeats.is_some() {
        update(db, &merged, merged.severity.max(known.peak), known.raises, now)?;
        return Ok(QUIET);
    }
    let is_worse = left.is_some() || reopened || merged.severity > known.peak || has_incident(&known.alert, alert);
    let grew = !is_worse && has_new_members(&known.alert, &merged);
    let raises = known.raises + i64::from(is_worse || grew);
    update(db, &merged, if reopened { merged.severity } else { merged.severity.max(known.peak) }, raises, now)?;
    campaigns::join(db, &merged)?;
    if let Some(of) = left {
        repetitions::count_again(db, of, &merged, now)?;
    }
    let deliveries = match (is_worse, grew) {
        (true, _) => announcing::announce(db, &merged, raises, subscriptions, now)?,
        (false, true) => announcing::announce_growth(db, &merged, raises, subscriptions, now)?,
        (false, false) => 0,
    };
    Ok(Raised { is_new: false, announced: is_worse || grew, deliveries })
}

/// Stores an alert that was not stored before, and announces it unless it repeats an open one.
fn first(db: &Connection, alert: &Alert, subscriptions: &[String], now: DateTime<Utc>) -> Result<Raised, QueryFailure> {
    if repetitions::insert_repetition(db, alert, now)? {
        return Ok(QUIET);
    }
    let alert = &Alert { repeats: None, ..alert.clone() };
    insert(db, alert, now)?;
    campaigns::join(db, alert)?;
    let deliveries = announcing::announce(db, alert, 1, subscriptions, now)?;
    Ok(Raised { is_new: true, announced: true, deliveries })
}

/// Stores additions to an alert that was raised, and announces nothing.
pub(super) fn amend(db: &Connection, alert: &Alert, now: DateTime<Utc>) -> Result<(), QueryFailure> {
    readable_back(alert)?;
    let Some(known) = stored(db, &alert.fingerprint)? else { return Ok(()) };
    let alert = with_past(alert, &known.alert);
    if known.alert == alert { Ok(()) } else { update(db, &alert, known.peak, known.raises, now) }
}

/// Announces an alert once more, with its additions; it is open then, whatever its status was.
pub(super) fn announce_again(
    db: &Connection,
    alert: &Alert,
    subscriptions: &[String],
    now: DateTime<Utc>,
) -> Result<(), QueryFailure> {
    readable_back(alert)?;
    let Some(known) = stored(db, &alert.fingerprint)? else { return Ok(()) };
    let mut alert = Alert { status: AlertStatus::Open, ..with_past(alert, &known.alert) };
    if known.alert.status != AlertStatus::Open {
        let action = AlertAction::new(AlertStatus::Open, OWN_NAME, "it goes on", now);
        insert_action(db, &alert.fingerprint, &action)?;
        alert.handling = Some(action);
    }
    update(db, &alert, alert.severity.max(known.peak), known.raises + 1, now)?;
    announcing::announce(db, &alert, known.raises + 1, subscriptions, now)?;
    Ok(())
}

//! Tells subscriptions what people did with alerts of earlier messages.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, Row, named_params};

use super::{
    Store, StoreError,
    alerts::{OWN_NAME, raised},
    announcing::{idempotency_key, tell},
    columns::{Micros, Word},
    error::QueryFailure,
    holding::is_held,
    reading::Reading,
    sealed::ALERT_ACTIONS,
};
use crate::model::{Alert, AlertStatus, Fingerprint, Occasion};

/// How long after the end of an alert a receiver that keeps it open is told of that.
const ENDED_WITHIN: TimeDelta = TimeDelta::days(90);

/// How long after an action a notice of it still follows.
const NOTICED_FOR: TimeDelta = TimeDelta::days(1);

impl Store {
    /// Tells a subscription what people did with alerts of its earlier messages; what provwatch does itself
    /// is announced when it does it. Returns the number of messages.
    ///
    /// # Errors
    /// As every write.
    pub fn notify_of_actions(&self, subscription: &str, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let found = self.read("looking for actions", |db| actions(db, subscription, now))?;
        self.notify("telling of actions", subscription, &found, now, |db, alert| Ok(!is_held(db, alert, now)?))
    }

    /// Tells a subscription, whose receiver keeps alerts open, of every end that it was not told of, also those that a silence
    /// held back: otherwise the receiver would notify people without an end. Returns the number of messages.
    ///
    /// # Errors
    /// As every write.
    pub fn notify_of_endings(&self, subscription: &str, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let found = self.read("looking for ends", |db| endings(db, subscription, now))?;
        self.notify("telling of ends", subscription, &found, now, |_, alert| Ok(alert.status == AlertStatus::Resolved))
    }

    /// Tells a subscription of those actions whose alerts are still such that it is to be told.
    fn notify(
        &self,
        operation: &'static str,
        subscription: &str,
        actions: &[Action],
        now: DateTime<Utc>,
        is_told: impl Fn(&Connection, &Alert) -> Result<bool, QueryFailure>,
    ) -> Result<usize, StoreError> {
        if actions.is_empty() {
            return Ok(0);
        }
        self.write(operation, |db| {
            let mut told = 0;
            for Action { key, alert, why } in actions {
                if let Some((alert, _)) = raised(db, alert)?
                    && is_told(db, &alert)?
                {
                    told += tell(db, &alert, key, subscription, (now, why))?;
                }
            }
            Ok(told)
        })
    }
}

/// The ends of alerts of which a subscription was told, and which no later message to it shows.
const ENDINGS: &str = "SELECT action.*, {row AS action} FROM alert_actions AS action
     WHERE action.at >= :since AND action.status = 'resolved' AND EXISTS (
         SELECT 1 FROM deliveries AS told WHERE told.alert = action.alert
             AND told.subscription = :subscription AND told.state = 'delivered' AND told.settled_at <= action.at
     ) AND NOT EXISTS (
         SELECT 1 FROM deliveries AS later WHERE later.alert = action.alert AND later.subscription = :subscription
             AND (later.state = 'pending' OR later.created_at >= action.at)
     ) ORDER BY action.at, action.id";

fn endings(db: &Connection, subscription: &str, now: DateTime<Utc>) -> Result<Vec<Action>, QueryFailure> {
    let values = named_params! {":since": Micros(now - ENDED_WITHIN), ":subscription": subscription};
    Reading::over(db).rows(&ALERT_ACTIONS, ENDINGS, values, |row| action(row, subscription))
}

/// What an action is for those who are told of it.
const fn occasion(status: AlertStatus) -> Occasion {
    match status {
        AlertStatus::Open => Occasion::Reopened,
        AlertStatus::Acknowledged => Occasion::Acknowledged,
        AlertStatus::Snoozed => Occasion::Snoozed,
        AlertStatus::Resolved => Occasion::Resolved,
    }
}

/// An action of which a subscription was not told yet.
struct Action {
    key: String,
    alert: Fingerprint,
    why: String,
}

fn action(row: &Row<'_>, subscription: &str) -> rusqlite::Result<Action> {
    let (id, alert): (i64, Fingerprint) = (row.get("id")?, row.get("alert")?);
    let (by, reason): (String, String) = (row.get("by")?, row.get("reason")?);
    let status = row.get::<_, Word<AlertStatus>>("status")?.0;
    let why = format!("{} by {by}: {reason}", occasion(status).as_str());
    Ok(Action { key: idempotency_key(&alert, -id, subscription), alert, why })
}

fn actions(db: &Connection, subscription: &str, now: DateTime<Utc>) -> Result<Vec<Action>, QueryFailure> {
    let sql = "SELECT action.*, {row AS action} FROM alert_actions AS action
         WHERE action.at >= :since
             AND action.by <> :own AND EXISTS (
             SELECT 1 FROM deliveries WHERE deliveries.alert = action.alert
                 AND deliveries.subscription = :subscription AND deliveries.state = 'delivered'
                 AND deliveries.settled_at <= action.at
         ) ORDER BY action.at, action.id";
    let values = named_params! {
        ":since": Micros(now - NOTICED_FOR), ":own": OWN_NAME, ":subscription": subscription,
    };
    let all = Reading::over(db).rows(&ALERT_ACTIONS, sql, values, |row| action(row, subscription))?;
    let mut is_told = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM deliveries WHERE idempotency_key = ?1)")?;
    let mut new = Vec::new();
    for action in all {
        if !is_told.query_row([&action.key], |row| row.get(0))? {
            new.push(action);
        }
    }
    Ok(new)
}

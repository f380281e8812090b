//! Puts messages into the outbox that follow from the time: repetitions, escalations, and notices.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, Row, named_params};

use super::{
    Store, StoreError,
    alerts::{count_announcement, raised},
    announcing::{idempotency_key, tell},
    columns::{Micros, Rank, Word},
    error::QueryFailure,
    holding::is_held,
    reading::Reading,
    sealed::ALERT_ACTIONS,
};
use crate::model::{AlertStatus, Fingerprint, Severity};

/// Most messages of one transaction.
const AT_ONCE: i64 = 100;

/// How long after an action a notice of it still follows.
const NOTICED_FOR: TimeDelta = TimeDelta::days(1);

impl Store {
    /// Tells a subscription again of alerts that are still open, if its last message about them is at least so old.
    /// Returns the number of messages.
    ///
    /// # Errors
    /// As every write.
    pub fn repeat_open(&self, subscription: &str, every: TimeDelta, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let sql = "SELECT told.alert FROM deliveries AS told JOIN alerts ON alerts.fingerprint = told.alert
             WHERE told.subscription = :subscription AND alerts.status = 'open' AND alerts.repeats IS NULL
             GROUP BY told.alert
             HAVING count(*) FILTER (WHERE told.state = 'pending') = 0
                AND count(*) FILTER (WHERE told.state = 'delivered') > 0
                AND max(coalesce(told.settled_at, told.created_at)) <= :before
             ORDER BY max(alerts.severity) DESC, told.alert LIMIT :limit";
        let (before, limit) = (Micros(now - every), AT_ONCE);
        let found = self.read("looking for alerts that are still open", |db| {
            let values = named_params! {":subscription": subscription, ":before": before, ":limit": limit};
            fingerprints(db, sql, values)
        })?;
        self.tell_again(&found, subscription, "repeated: the alert is still open", now)
    }

    /// Tells a subscription of critical alerts that another one was told of, and that stayed open for so long. Returns
    /// the number of messages.
    ///
    /// # Errors
    /// As every write.
    pub fn escalate(
        &self,
        (from, to): (&str, &str),
        after: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let sql = "WITH told AS (
                 SELECT deliveries.alert AS alert, min(deliveries.created_at) AS first
                 FROM deliveries JOIN alerts ON alerts.fingerprint = deliveries.alert
                 WHERE deliveries.subscription = :from AND alerts.status = 'open' AND alerts.severity = :critical
                     AND alerts.repeats IS NULL AND deliveries.created_at >= alerts.raised_at
                 GROUP BY deliveries.alert
             )
             SELECT alert FROM told WHERE first <= :before AND NOT EXISTS (
                 SELECT 1 FROM deliveries AS later WHERE later.alert = told.alert AND later.subscription = :to
                     AND later.created_at >= told.first + :after
             ) ORDER BY first, alert LIMIT :limit";
        let why = format!("escalated: {from} did not acknowledge it in time");
        let found = self.read("looking for alerts to escalate", |db| {
            let values = named_params! {
                ":from": from, ":to": to, ":critical": Rank(Severity::Critical), ":before": Micros(now - after),
                ":after": after.num_microseconds().unwrap_or(i64::MAX / 4), ":limit": AT_ONCE,
            };
            fingerprints(db, sql, values)
        })?;
        self.tell_again(&found, to, &why, now)
    }

    fn tell_again(
        &self,
        found: &[Fingerprint],
        subscription: &str,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        if found.is_empty() {
            return Ok(0);
        }
        self.write("telling of open alerts again", |db| {
            let mut told = 0;
            for fingerprint in found {
                let Some((alert, raises)) = raised(db, fingerprint)? else { continue };
                if alert.status == AlertStatus::Open && !is_held(db, &alert, now)? {
                    let raise = count_announcement(db, fingerprint, raises)?;
                    let key = idempotency_key(fingerprint, raise, subscription);
                    told += tell(db, &alert, &key, subscription, (now, why))?;
                }
            }
            Ok(told)
        })
    }

    /// Tells a subscription that alerts of its earlier messages were acknowledged or resolved. Returns the number of
    /// messages.
    ///
    /// # Errors
    /// As every write.
    pub fn notify_of_actions(&self, subscription: &str, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let found = self.read("looking for actions", |db| actions(db, subscription, now))?;
        if found.is_empty() {
            return Ok(0);
        }
        self.write("telling of actions", |db| {
            let mut told = 0;
            for Action { key, alert, why } in &found {
                if let Some((alert, _)) = raised(db, alert)?
                    && !is_held(db, &alert, now)?
                {
                    told += tell(db, &alert, key, subscription, (now, why))?;
                }
            }
            Ok(told)
        })
    }
}

/// An action of which a subscription was not told yet.
struct Action {
    key: String,
    alert: Fingerprint,
    why: String,
}

fn actions(db: &Connection, subscription: &str, now: DateTime<Utc>) -> Result<Vec<Action>, QueryFailure> {
    let sql = "SELECT action.*, {row AS action} FROM alert_actions AS action
         WHERE action.at >= :since AND action.status IN ('acknowledged', 'resolved') AND EXISTS (
             SELECT 1 FROM deliveries WHERE deliveries.alert = action.alert
                 AND deliveries.subscription = :subscription AND deliveries.state = 'delivered'
                 AND deliveries.settled_at <= action.at
         ) ORDER BY action.id";
    let read = |row: &Row<'_>| {
        let (id, alert): (i64, Fingerprint) = (row.get("id")?, row.get("alert")?);
        let (by, reason): (String, String) = (row.get("by")?, row.get("reason")?);
        let status = row.get::<_, Word<AlertStatus>>("status")?.0;
        let why = format!("{} by {by}: {reason}", status.as_str());
        Ok(Action { key: idempotency_key(&alert, -id, subscription), alert, why })
    };
    let values = named_params! {":since": Micros(now - NOTICED_FOR), ":subscription": subscription};
    let all = Reading::over(db).rows(&ALERT_ACTIONS, sql, values, read)?;
    let mut is_told = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM deliveries WHERE idempotency_key = ?1)")?;
    let mut new = Vec::new();
    for action in all {
        if !is_told.query_row([&action.key], |row| row.get(0))? {
            new.push(action);
        }
    }
    Ok(new)
}

fn fingerprints(
    db: &Connection,
    sql: &str,
    values: &[(&str, &dyn rusqlite::ToSql)],
) -> Result<Vec<Fingerprint>, QueryFailure> {
    let mut query = db.prepare_cached(sql)?;
    Ok(query.query_map(values, |row| row.get(0))?.collect::<Result<_, _>>()?)
}

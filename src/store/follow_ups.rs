//! Tells subscriptions again of alerts that stay open.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, named_params};

use super::{
    Store, StoreError, columns::Micros, error::QueryFailure, escalations::ESCALATED, reading::known,
    reminding::Reminder,
};
use crate::model::{Alert, Fingerprint};

/// An alert that is told again.
struct Again {
    alert: Fingerprint,
    /// Whether it was escalated to the subscription, which is told of it whatever its conditions are.
    is_escalated: bool,
}

impl Store {
    /// Tells a subscription again of alerts that are still open, if its last message about them is at least so old and it
    /// still `wants` them, or they were escalated to it. Returns the number of messages.
    ///
    /// # Errors
    /// As every write.
    pub fn repeat_open(
        &self,
        subscription: &str,
        every: TimeDelta,
        now: DateTime<Utc>,
        wants: &dyn Fn(&Alert) -> bool,
    ) -> Result<usize, StoreError> {
        let found = self.read("looking for alerts that are still open", |db| again(db, subscription, now - every))?;
        let escalated: BTreeSet<Fingerprint> =
            found.iter().filter(|again| again.is_escalated).map(|again| again.alert).collect();
        let found: Vec<Fingerprint> = found.into_iter().map(|again| again.alert).collect();
        let wants = |alert: &Alert| escalated.contains(&alert.fingerprint) || wants(alert);
        self.tell_again(
            &found,
            &Reminder { subscription, why: "repeated: the alert is still open", wants: &wants },
            now,
        )
    }
}

/// The open alerts whose last message to a subscription got through before a time, the severest first. The open alerts come
/// first, because the deliveries are many more.
const AGAIN: &str = "SELECT alerts.fingerprint AS alert,
         count(*) FILTER (WHERE substr(told.why, 1, length(:escalated)) = :escalated) > 0 AS is_escalated
     FROM alerts CROSS JOIN deliveries AS told
     WHERE alerts.status <> 'resolved' AND alerts.status = 'open' AND alerts.repeats IS NULL
         AND told.alert = alerts.fingerprint AND told.subscription = :subscription
     GROUP BY alerts.severity, alerts.fingerprint
     HAVING count(*) FILTER (WHERE told.state = 'pending') = 0
        AND count(*) FILTER (WHERE told.state = 'delivered') > 0
        AND max(coalesce(told.settled_at, told.created_at)) <= :before
     ORDER BY alerts.severity DESC, alerts.fingerprint";

fn again(db: &Connection, subscription: &str, before: DateTime<Utc>) -> Result<Vec<Again>, QueryFailure> {
    let mut query = db.prepare_cached(AGAIN)?;
    let values = named_params! {":subscription": subscription, ":before": Micros(before), ":escalated": ESCALATED};
    let rows = query.query_map(values, |row| Ok(Again { alert: row.get(0)?, is_escalated: row.get(1)? }))?;
    Ok(rows.filter_map(known).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use crate::store::tests::lab::{Lab, plan};

    /// Every sink asks this every 20 seconds, and the deliveries of years are many.
    #[test]
    fn only_alerts_that_are_not_resolved_are_looked_through() {
        let plan = plan(&Lab::new().store, super::AGAIN);
        assert!(plan.contains("SEARCH alerts USING COVERING INDEX alerts_unresolved"), "{plan}");
        assert!(!plan.contains("SCAN"), "{plan}");
    }
}

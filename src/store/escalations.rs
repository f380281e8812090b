//! Tells another subscription of critical alerts that stay open.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, Row, named_params};

use super::{
    Store, StoreError,
    columns::{Micros, Rank, time},
    error::QueryFailure,
    reading::known,
    reminding::Reminder,
};
use crate::model::{Fingerprint, Severity};

/// How the reason of an escalation begins.
pub(super) const ESCALATED: &str = "escalated:";

/// An open critical alert, and since when it has been both.
struct Open {
    alert: Fingerprint,
    since: DateTime<Utc>,
}

/// The messages about an alert that count for its escalation, in their order.
struct Told {
    at: DateTime<Utc>,
    is_from: bool,
    is_escalation: bool,
}

impl Store {
    /// Tells a subscription of critical alerts that another one was told of, and that stayed open for so long. An alert that
    /// was opened again, or became critical late, has as much time as a new one. Returns the number of messages.
    ///
    /// # Errors
    /// As every write.
    pub fn escalate(
        &self,
        (from, to): (&str, &str),
        after: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let found = self.read("looking for alerts to escalate", |db| {
            let mut overdue: Vec<(DateTime<Utc>, Fingerprint)> = Vec::new();
            for Open { alert, since } in open(db, now)? {
                let told = told(db, &alert, (from, to))?;
                let first = first(&told, since);
                overdue
                    .extend(first.filter(|first| is_overdue(&told, *first + after, now)).map(|first| (first, alert)));
            }
            overdue.sort();
            Ok(overdue.into_iter().map(|(_, alert)| alert).collect::<Vec<_>>())
        })?;
        let why = format!("{ESCALATED} {from} did not acknowledge it in time");
        self.tell_again(&found, &Reminder { subscription: to, why: &why, wants: &|_| true }, now)
    }
}

/// When the time to acknowledge an alert began: with the first message since it is open and critical. If an earlier message
/// was not sent again, with that moment. `None`: the subscription was told of it only by an earlier escalation, or not at
/// all.
fn first(told: &[Told], since: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let from = || told.iter().filter(|one| one.is_from);
    let later = from().map(|one| one.at).filter(|at| *at >= since).min();
    later.or_else(|| from().any(|one| !one.is_escalation).then_some(since))
}

/// Whether an alert was to be acknowledged by then, and the other subscription was not told of it since.
fn is_overdue(told: &[Told], due: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    due <= now && !told.iter().any(|one| !one.is_from && one.at >= due)
}

const OPEN: &str = "SELECT fingerprint, raised_at, critical_at, (
         SELECT max(at) FROM alert_actions
         WHERE alert_actions.alert = alerts.fingerprint AND alert_actions.status = 'open' AND at <= :now
     ) AS opened_at
     FROM alerts WHERE status <> 'resolved' AND status = 'open' AND severity = :critical AND repeats IS NULL";

/// The open critical alerts. Times after `now` come from a clock that was ahead, and do not count.
fn open(db: &Connection, now: DateTime<Utc>) -> Result<Vec<Open>, QueryFailure> {
    let mut query = db.prepare_cached(OPEN)?;
    let read = |row: &Row<'_>| {
        let raised_at = row.get::<_, Micros>("raised_at")?.0;
        let (critical_at, opened_at) = (time(row.get("critical_at")?), time(row.get("opened_at")?));
        let times = [Some(raised_at), critical_at, opened_at].into_iter().flatten().filter(|at| *at <= now);
        Ok(Open { alert: row.get("fingerprint")?, since: times.max().unwrap_or(DateTime::<Utc>::MIN_UTC) })
    };
    let values = named_params! {":now": Micros(now), ":critical": Rank(Severity::Critical)};
    Ok(query.query_map(values, read)?.filter_map(known).collect::<Result<_, _>>()?)
}

/// The messages about an alert to two subscriptions.
fn told(db: &Connection, alert: &Fingerprint, (from, to): (&str, &str)) -> Result<Vec<Told>, QueryFailure> {
    let mut query = db.prepare_cached(
        "SELECT created_at, subscription, why FROM deliveries WHERE alert = ?1 AND subscription IN (?2, ?3) ORDER BY id",
    )?;
    let read = |row: &Row<'_>| {
        let why: Option<String> = row.get("why")?;
        Ok(Told {
            at: row.get::<_, Micros>("created_at")?.0,
            is_from: row.get::<_, String>("subscription")? == from,
            is_escalation: why.is_some_and(|why| why.starts_with(ESCALATED)),
        })
    };
    Ok(query.query_map((alert, from, to), read)?.filter_map(known).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use crate::store::tests::lab::{Lab, plan};

    /// Every sink asks this every 20 seconds, and the deliveries of years are many.
    #[test]
    fn only_alerts_that_are_not_resolved_are_looked_through() {
        let plan = plan(&Lab::new().store, super::OPEN);
        assert!(plan.contains("SEARCH alerts USING COVERING INDEX alerts_unresolved"), "{plan}");
        assert!(!plan.contains("SCAN"), "{plan}");
    }
}

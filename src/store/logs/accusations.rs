//! Stores alerts about log entries: one for each kind of finding, and a common one when they exceed their budget.
//!
//! A finding has an alert of its own, which counts its further entries. Findings of one kind that one and the same
//! party could fabricate share a [`Scope`] with a budget of such alerts, which fills again with time. When it is spent,
//! further findings go to the scope's common alert, which is sent at once, again at ten times as many, and every day
//! while they go on. So alerts and messages grow with time and not with entries, and each other party has a budget of
//! its own.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, named_params};

use crate::{
    model::{Alert, AlertStatus, Sightings},
    store::{
        Store, StoreError, alerts,
        columns::{Micros, Position},
        error::QueryFailure,
        raising,
    },
};

/// A common alert tells again when it counts so many times what it told last.
const MANY_MORE: u64 = 10;

/// A common alert that is open and goes on tells again after this time.
const GOES_ON: TimeDelta = TimeDelta::days(1);

/// Who wants an alert: the names of the subscriptions.
pub type Wants<'a> = &'a dyn Fn(&Alert) -> Vec<String>;

/// What an entry accuses somebody of.
#[derive(Debug)]
pub struct Accusation<'a> {
    /// The alert of its own, with one sighting: this entry.
    pub alert: &'a Alert,
    /// The budgets that it is paid from, the narrowest first.
    pub scopes: &'a [Scope],
    /// The entry as it is stored, and the detector that speaks of it: it is counted once. Without, it counts once for ever.
    pub entry: Option<(&'a str, u64, &'a str)>,
}

/// Accusations that share a budget of alerts of their own.
#[derive(Clone, Debug)]
pub struct Scope {
    /// What makes it the same.
    pub key: String,
    /// So many alerts at once.
    pub burst: u32,
    /// And one more each time that this has passed.
    pub refill: TimeDelta,
    /// The alert that tells of the others.
    pub common: Alert,
}

/// A budget as it stands.
struct Budget {
    spent: u32,
    since: DateTime<Utc>,
    /// How many entries the common alert told of, and when.
    told: u64,
    told_at: DateTime<Utc>,
}

impl Store {
    /// Raises an accusation or counts one more entry that makes it, in one transaction with the mark that it was counted.
    /// The alert that was announced, if one was.
    pub(crate) fn report(
        &self,
        accusation: &Accusation<'_>,
        wants: Wants<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<Alert>, StoreError> {
        self.write("recording the reports about a log entry", |db| {
            let counts = match accusation.entry {
                Some((log, index, detector)) => count_once(db, (log, index), detector)?,
                None => alerts::raised(db, &accusation.alert.fingerprint)?.is_none(),
            };
            Raise { db, alert: accusation.alert, counts, wants, now }.paid_from(accusation.scopes)
        })
    }
}

/// Marks an entry as counted by a detector. `false`: it was.
fn count_once(db: &Connection, (log, index): (&str, u64), detector: &str) -> Result<bool, QueryFailure> {
    // Nothing is replaced where the detector is not among them.
    let sql = "UPDATE log_entries SET accused = coalesce(accused, ' ') || ?3 || ' '
               WHERE log = ?1 AND idx = ?2 AND replace(coalesce(accused, ''), ?4, '') = coalesce(accused, '')";
    Ok(db.prepare_cached(sql)?.execute((log, Position(index), detector, format!(" {detector} ")))? > 0)
}

/// An accusation as it is raised, in a transaction. What its methods return is the alert that they announced, if any.
pub(super) struct Raise<'a> {
    pub db: &'a Connection,
    /// The alert of its own.
    pub alert: &'a Alert,
    /// Whether the entry is not among those that were counted.
    pub counts: bool,
    pub wants: Wants<'a>,
    pub now: DateTime<Utc>,
}

impl Raise<'_> {
    /// Raised by an alert of its own if all of the budgets have one left, else by the common one of the first that has not.
    pub fn paid_from(&self, scopes: &[Scope]) -> Result<Option<Alert>, QueryFailure> {
        if let Some((known, _)) = alerts::raised(self.db, &self.alert.fingerprint)? {
            return self.again(&known);
        }
        let mut budgets = Vec::new();
        for scope in scopes {
            let budget = budget(self.db, scope, self.now)?;
            if budget.spent >= scope.burst {
                return self.fold(scope, &budget);
            }
            budgets.push(budget);
        }
        for (scope, budget) in scopes.iter().zip(budgets) {
            keep(self.db, scope, &Budget { spent: budget.spent + 1, ..budget })?;
        }
        self.tell(self.alert.clone())
    }

    /// Told once; told again if it is worse, as when the first weeks of a log are over.
    fn again(&self, known: &Alert) -> Result<Option<Alert>, QueryFailure> {
        let entries = self.together(known);
        if self.alert.severity > known.severity {
            return self.tell(Alert { entries, ..self.alert.clone() });
        }
        raising::amend(self.db, &Alert { entries, ..known.clone() }, self.now)?;
        Ok(None)
    }

    /// The budget is spent: the scope's common alert tells of it.
    fn fold(&self, scope: &Scope, budget: &Budget) -> Result<Option<Alert>, QueryFailure> {
        let known = alerts::raised(self.db, &scope.common.fingerprint)?.map(|(known, _)| known);
        let common = self.common(scope, known.as_ref());
        let count = common.entries.as_ref().map_or(1, |entries| entries.count);
        let announced = match known {
            None => self.tell(common)?,
            Some(known) if is_to_be_told(&known, &common, budget, self.now) => {
                raising::announce_again(self.db, &common, &(self.wants)(&common), self.now)?;
                Some(common)
            }
            Some(_) => {
                raising::amend(self.db, &common, self.now)?;
                return Ok(None);
            }
        };
        keep(self.db, scope, &Budget { told: count, told_at: self.now, ..*budget })?;
        Ok(announced)
    }

    fn tell(&self, alert: Alert) -> Result<Option<Alert>, QueryFailure> {
        let raised = raising::upsert(self.db, &alert, &(self.wants)(&alert), self.now)?;
        Ok(raised.announced.then_some(alert))
    }

    /// The common alert with one more entry, as severe as the worst of them.
    fn common(&self, scope: &Scope, known: Option<&Alert>) -> Alert {
        let alert = self.alert;
        let anew = Alert {
            severity: alert.severity,
            confidence: alert.confidence,
            matched: alert.matched.clone(),
            links: alert.links.clone(),
            signals: alert.signals.clone(),
            entries: alert.entries.clone(),
            ..scope.common.clone()
        };
        let Some(known) = known else { return anew };
        Alert {
            severity: alert.severity.max(known.severity),
            raised_at: known.raised_at,
            status: known.status,
            entries: self.together(known),
            ..anew
        }
    }

    /// The entries of an alert that was raised, with this one if it counts.
    fn together(&self, known: &Alert) -> Option<Sightings> {
        match (known.entries.clone(), &self.alert.entries) {
            (Some(known), Some(later)) if self.counts => Some(known.and(later)),
            (None, later) => later.clone(),
            (known, _) => known,
        }
    }
}

fn is_to_be_told(known: &Alert, common: &Alert, budget: &Budget, now: DateTime<Utc>) -> bool {
    let count = common.entries.as_ref().map_or(0, |entries| entries.count);
    let is_more = count > budget.told;
    let is_due = match known.status {
        AlertStatus::Resolved => true,
        AlertStatus::Open => now - budget.told_at >= GOES_ON,
        AlertStatus::Acknowledged | AlertStatus::Snoozed => false,
    };
    common.severity > known.severity || is_more && (is_due || count >= budget.told.saturating_mul(MANY_MORE))
}

/// The budget as it is now: a part of it may have come back. A time that lies ahead counts as now.
fn budget(db: &Connection, scope: &Scope, now: DateTime<Utc>) -> Result<Budget, QueryFailure> {
    let mut query = db.prepare_cached("SELECT spent, since, told, told_at FROM log_budgets WHERE scope = ?1")?;
    let stored = query.query_row([&scope.key], |row| {
        let (Micros(since), Micros(told_at)) = (row.get(1)?, row.get(3)?);
        Ok(Budget {
            spent: row.get(0)?,
            since: since.min(now),
            told: row.get::<_, Position>(2)?.0,
            told_at: told_at.min(now),
        })
    });
    let unspent = Budget { spent: 0, since: now, told: 0, told_at: now };
    let budget = stored.optional()?.unwrap_or(unspent);
    let seconds = scope.refill.num_seconds().max(1);
    let came_back = u32::try_from((now - budget.since).num_seconds() / seconds).unwrap_or(u32::MAX);
    if came_back >= budget.spent {
        return Ok(Budget { spent: 0, since: now, ..budget });
    }
    let since = budget.since + TimeDelta::seconds(seconds * i64::from(came_back));
    Ok(Budget { spent: budget.spent - came_back, since, ..budget })
}

fn keep(db: &Connection, scope: &Scope, budget: &Budget) -> Result<(), QueryFailure> {
    db.prepare_cached(
        "INSERT INTO log_budgets (scope, spent, since, told, told_at) VALUES (:scope, :spent, :since, :told, :told_at)
         ON CONFLICT (scope) DO UPDATE SET spent = excluded.spent, since = excluded.since, told = excluded.told,
         told_at = excluded.told_at",
    )?
    .execute(named_params! {
        ":scope": scope.key, ":spent": budget.spent, ":since": Micros(budget.since),
        ":told": Position(budget.told), ":told_at": Micros(budget.told_at),
    })?;
    Ok(())
}

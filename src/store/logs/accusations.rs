//! Stores alerts about log entries: one for each kind of finding, and a common one when they exceed their budget.
//!
//! A finding has an alert of its own, which counts its further entries. Findings of one kind that the same party could
//! fabricate share a [`Scope`] with a budget of such alerts, which refills with time. When it is spent, further
//! findings go to the scope's common alert, which is sent at once, again at ten times as many, and every day while they
//! continue. So alerts and messages grow with time and not with entries, and each other party has a budget of its own.

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

/// A common alert is sent again when it counts this many times the entries of its last message.
const MANY_MORE: u64 = 10;

/// A common alert that is open and continues is sent again after this time.
const GOES_ON: TimeDelta = TimeDelta::days(1);

/// The subscriptions that receive an alert, by name.
pub type Wants<'a> = &'a dyn Fn(&Alert) -> Vec<String>;

/// A finding about a log entry.
#[derive(Debug)]
pub struct Accusation<'a> {
    /// Its own alert, with one sighting: this entry.
    pub alert: &'a Alert,
    /// The budgets that it draws on, the narrowest first.
    pub scopes: &'a [Scope],
    /// The stored entry, and the detector of the finding: it is counted once. Without an entry, the finding counts once
    /// permanently.
    pub entry: Option<(&'a str, u64, &'a str)>,
}

/// Findings that share a budget of alerts of their own.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The key that identifies it.
    pub key: String,
    /// The most alerts at once.
    pub burst: u32,
    /// The time after which one more is allowed.
    pub refill: TimeDelta,
    /// The alert for findings beyond the budget.
    pub common: Alert,
}

/// The state of a budget.
struct Budget {
    spent: u32,
    since: DateTime<Utc>,
    /// How many entries the common alert reported last, and when.
    told: u64,
    told_at: DateTime<Utc>,
}

impl Store {
    /// Raises a finding's alert or counts one more entry in it, in one transaction with the mark that the entry was
    /// counted. Returns the alert if it was announced.
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

/// Marks an entry as counted by a detector. `false`: it already was.
fn count_once(db: &Connection, (log, index): (&str, u64), detector: &str) -> Result<bool, QueryFailure> {
    // `replace` changes nothing where the detector is not among them.
    let sql = "UPDATE log_entries SET accused = coalesce(accused, ' ') || ?3 || ' '
               WHERE log = ?1 AND idx = ?2 AND replace(coalesce(accused, ''), ?4, '') = coalesce(accused, '')";
    Ok(db.prepare_cached(sql)?.execute((log, Position(index), detector, format!(" {detector} ")))? > 0)
}

/// A finding as it is raised, in a transaction. The methods return the alert that they announced, if any.
pub(super) struct Raise<'a> {
    pub db: &'a Connection,
    /// Its own alert.
    pub alert: &'a Alert,
    /// Whether the entry was not counted before.
    pub counts: bool,
    pub wants: Wants<'a>,
    pub now: DateTime<Utc>,
}

impl Raise<'_> {
    /// Raises its own alert if all of the budgets allow one more, else the common alert of the first that does not.
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

    /// Announced once; announced again if the severity rises, for example after the first weeks of a log.
    fn again(&self, known: &Alert) -> Result<Option<Alert>, QueryFailure> {
        let entries = self.together(known);
        if self.alert.severity > known.severity {
            return self.tell(Alert { entries, ..self.alert.clone() });
        }
        raising::amend(self.db, &Alert { entries, ..known.clone() }, self.now)?;
        Ok(None)
    }

    /// The budget is spent: the scope's common alert counts the finding.
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

    /// The entries of a stored alert, with this one if it counts.
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

/// The current budget: a part of it may have refilled. A time that lies ahead counts as now.
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

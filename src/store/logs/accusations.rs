//! What entries of logs accuse somebody of: one alert for one accusation, and a common one for those that come too fast.
//!
//! An accusation has an alert of its own, which counts the entries that make it again. Accusations of one kind that could be
//! made up by one and the same party share a [`Scope`] with a budget of such alerts, which fills again with time. When it is
//! spent, what comes is told in the scope's common alert: at once, ten times as many later, and every day while it goes on.
//! So alerts and messages grow with time and not with entries, and what another party does has a budget of its own.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, named_params};

use crate::{
    model::{Alert, AlertStatus, Sightings},
    store::{
        Store, StoreError, alerts,
        columns::{Micros, Position},
        error::Failure,
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
    ///
    /// # Errors
    /// As every write.
    pub fn accuse(&self, accusation: &Accusation<'_>, wants: Wants<'_>, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("recording what a log entry accuses of", |db| {
            let counts = match accusation.entry {
                Some((log, index, detector)) => count_once(db, (log, index), detector)?,
                None => alerts::raised(db, &accusation.alert.fingerprint)?.is_none(),
            };
            accuse(db, accusation.alert, accusation.scopes, counts, wants, now)
        })
    }
}

/// Marks an entry as counted by a detector. `false`: it was.
fn count_once(db: &Connection, (log, index): (&str, u64), detector: &str) -> Result<bool, Failure> {
    let sql = "UPDATE log_entries SET accused = coalesce(accused, ' ') || ?3 || ' '
               WHERE log = ?1 AND idx = ?2 AND instr(coalesce(accused, ''), ' ' || ?3 || ' ') = 0";
    Ok(db.prepare_cached(sql)?.execute((log, Position(index), detector))? > 0)
}

/// `counts`: whether the entry is not among those that were counted.
pub(super) fn accuse(
    db: &Connection,
    alert: &Alert,
    scopes: &[Scope],
    counts: bool,
    wants: Wants<'_>,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    if let Some((known, _)) = alerts::raised(db, &alert.fingerprint)? {
        return again(db, &known, alert, counts, wants, now);
    }
    let mut budgets = Vec::new();
    for scope in scopes {
        let budget = budget(db, scope, now)?;
        if budget.spent >= scope.burst {
            return fold(db, scope, &budget, alert, counts, wants, now);
        }
        budgets.push(budget);
    }
    for (scope, budget) in scopes.iter().zip(budgets) {
        keep(db, scope, &Budget { spent: budget.spent + 1, ..budget })?;
    }
    alerts::upsert(db, alert, &wants(alert), now)?;
    Ok(())
}

/// Told once; told again if it is worse, as when the first weeks of a log are over.
fn again(
    db: &Connection,
    known: &Alert,
    alert: &Alert,
    counts: bool,
    wants: Wants<'_>,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let entries = together(known, alert, counts);
    if alert.severity > known.severity {
        alerts::upsert(db, &Alert { entries, ..alert.clone() }, &wants(alert), now)?;
        return Ok(());
    }
    alerts::amend(db, &Alert { entries, ..known.clone() }, now)
}

/// The budget is spent: the scope's common alert tells of it.
fn fold(
    db: &Connection,
    scope: &Scope,
    budget: &Budget,
    alert: &Alert,
    counts: bool,
    wants: Wants<'_>,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let known = alerts::raised(db, &scope.common.fingerprint)?.map(|(known, _)| known);
    let common = common(scope, known.as_ref(), alert, counts);
    let told = Budget { told: common.entries.as_ref().map_or(1, |entries| entries.count), told_at: now, ..*budget };
    match known {
        None => {
            alerts::upsert(db, &common, &wants(&common), now)?;
        }
        Some(known) if is_to_be_told(&known, &common, budget, now) => {
            alerts::announce_again(db, &common, &wants(&common), now)?;
        }
        Some(_) => return alerts::amend(db, &common, now),
    }
    keep(db, scope, &told)
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

/// The common alert with one more entry, as severe as the worst of them.
fn common(scope: &Scope, known: Option<&Alert>, alert: &Alert, counts: bool) -> Alert {
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
        entries: together(known, alert, counts),
        ..anew
    }
}

fn together(known: &Alert, alert: &Alert, counts: bool) -> Option<Sightings> {
    match (known.entries.clone(), &alert.entries) {
        (Some(known), Some(later)) if counts => Some(known.and(later)),
        (None, later) => later.clone(),
        (known, _) => known,
    }
}

/// The budget as it is now: a part of it may have come back. A time that lies ahead counts as now.
fn budget(db: &Connection, scope: &Scope, now: DateTime<Utc>) -> Result<Budget, Failure> {
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

fn keep(db: &Connection, scope: &Scope, budget: &Budget) -> Result<(), Failure> {
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

//! Stores since when a log has been violating its rules.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, named_params};

use crate::store::{
    Store, StoreError,
    columns::{Micros, time},
    error::QueryFailure,
};

/// A violation that was absent for this long is reported again when it returns, even if it was acknowledged.
const FORGOTTEN: TimeDelta = TimeDelta::days(1);

/// The input for recording a violation.
#[derive(Clone, Copy, Debug)]
pub struct Violated<'a> {
    /// The log's tree.
    pub log: &'a str,
    /// The kind of violation, a word.
    pub kind: &'a str,
    /// The evidence that was just stored.
    pub evidence: &'a str,
    /// Whether this is known to be a different violation from the last one of its kind.
    pub is_other: bool,
}

/// A violation that continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its start, without an interruption since.
    pub since: DateTime<Utc>,
    /// The first evidence of it: another violation has different evidence.
    pub evidence: String,
}

impl Store {
    /// Stores that a log violates its rules, and since when that continues.
    pub(crate) fn log_violated(&self, violated: &Violated<'_>, now: DateTime<Utc>) -> Result<Violation, StoreError> {
        self.write("recording a violation of a log", |db| {
            let violation = next(known(db, violated)?, violated, now);
            db.prepare_cached(
                "INSERT INTO log_violations (log, kind, evidence, since, last_seen, count)
                 VALUES (:log, :kind, :evidence, :since, :now, 1)
                 ON CONFLICT (log, kind) DO UPDATE SET evidence = excluded.evidence, since = excluded.since,
                 last_seen = excluded.last_seen, ended_at = NULL, count = log_violations.count + 1",
            )?
            .execute(named_params! {
                ":log": violated.log, ":kind": violated.kind, ":evidence": violation.evidence,
                ":since": Micros(violation.since), ":now": Micros(now),
            })?;
            Ok(violation)
        })
    }

    /// Whether a violation of this kind continues.
    pub(crate) fn log_violates(&self, log: &str, kind: &str) -> Result<bool, StoreError> {
        self.read("looking up a violation of a log", |db| {
            let sql = "SELECT count(*) FROM log_violations WHERE log = ?1 AND kind = ?2 AND ended_at IS NULL";
            Ok(db.prepare_cached(sql)?.query_row((log, kind), |row| row.get::<_, i64>(0))? > 0)
        })
    }

    /// Stores that a log was read without an error: its violations are over.
    pub(crate) fn log_violations_ended(&self, log: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("recording that a log's violations are over", |db| {
            let mut update =
                db.prepare_cached("UPDATE log_violations SET ended_at = ?2 WHERE log = ?1 AND ended_at IS NULL")?;
            update.execute((log, Micros(now)))?;
            Ok(())
        })
    }
}

/// A violation as it was last stored.
struct Known {
    violation: Violation,
    last_seen: DateTime<Utc>,
    has_ended: bool,
}

fn known(db: &Connection, violated: &Violated<'_>) -> Result<Option<Known>, QueryFailure> {
    let mut query = db.prepare_cached("SELECT * FROM log_violations WHERE log = ?1 AND kind = ?2")?;
    let known = query.query_row((violated.log, violated.kind), |row| {
        Ok(Known {
            violation: Violation { since: row.get::<_, Micros>("since")?.0, evidence: row.get("evidence")? },
            last_seen: row.get::<_, Micros>("last_seen")?.0,
            has_ended: time(row.get("ended_at")?).is_some(),
        })
    });
    Ok(known.optional()?)
}

/// The violation after it was seen once more. A stored time in the future counts as now. An interruption does not clear
/// everything before: a day without the violation clears all of it, half a day half.
fn next(known: Option<Known>, violated: &Violated<'_>, now: DateTime<Utc>) -> Violation {
    let anew = || Violation { since: now, evidence: violated.evidence.to_owned() };
    let Some(known) = known else { return anew() };
    if violated.is_other || now - known.last_seen >= FORGOTTEN && known.has_ended {
        return anew();
    }
    let since = known.violation.since.min(now);
    let since = if known.has_ended {
        now - carried_over(known.last_seen.min(now) - since, now - known.last_seen)
    } else {
        since
    };
    Violation { since, ..known.violation }
}

/// How much of the duration of a violation still counts after an interruption.
fn carried_over(lasted: TimeDelta, pause: TimeDelta) -> TimeDelta {
    let left = (FORGOTTEN - pause).clamp(TimeDelta::zero(), FORGOTTEN).num_seconds();
    let seconds = i128::from(lasted.num_seconds()) * i128::from(left) / i128::from(FORGOTTEN.num_seconds());
    i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_lasts_until_it_ends_however_often_the_store_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("provwatch.db");
        let at = |minutes: i64| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes);
        let seen = |minutes: i64, evidence: &str, is_other: bool| {
            let violated = Violated { log: "log.example", kind: "fork", evidence, is_other };
            let violation = Store::open(&path).unwrap().log_violated(&violated, at(minutes)).unwrap();
            ((violation.since - at(0)).num_minutes(), violation.evidence)
        };
        let ended =
            |minutes: i64| Store::open(&path).unwrap().log_violations_ended("log.example", at(minutes)).unwrap();
        let day = 24 * 60;
        assert_eq!(seen(0, "a", false), (0, "a".to_owned()));
        assert_eq!(seen(30, "b", false), (0, "a".to_owned()), "it lasts");
        assert_eq!(seen(3 * day, "c", false), (0, "a".to_owned()), "also while nobody looked");
        assert_eq!(seen(3 * day + 1, "d", true), (3 * day + 1, "d".to_owned()), "another one");
        ended(3 * day + 2);
        assert_eq!(seen(3 * day + 3, "e", false), (3 * day + 3, "d".to_owned()), "a break of a minute");
        ended(3 * day + 4);
        assert_eq!(seen(5 * day, "f", false), (5 * day, "f".to_owned()), "again after a day without it");
        seen(5 * day + 60, "f", false);
        ended(5 * day + 61);
        assert_eq!(seen(5 * day + 60 + 12 * 60, "f", false).0, 5 * day + 12 * 60 + 30, "half a day makes up for half");
        assert_eq!(seen(4 * day, "g", false), (4 * day, "f".to_owned()), "a clock that was ahead");
    }
}

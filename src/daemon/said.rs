//! Limits log messages about a failing server. It logs nothing for the first failure, a warning from the second on,
//! then a reminder now and again, and a notice when it is over. A server with many packages counts once.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

/// A single failure may be brief and is not worth a warning; the next one is.
const FAILURES: u32 = 2;
/// How often the log repeats a lasting failure.
const REMINDER: TimeDelta = TimeDelta::hours(1);
/// A server that failed so recently does not count as answering yet, even if a part of it answers.
const CALM: TimeDelta = TimeDelta::seconds(15);
/// Most servers that are remembered; a new failure beyond that is logged at once.
const REMEMBERED: usize = 10_000;

/// The failing servers, by name.
#[derive(Debug, Default)]
pub struct Said(Mutex<BTreeMap<String, Failing>>);

#[derive(Debug)]
struct Failing {
    failures: u32,
    since: DateTime<Utc>,
    last: DateTime<Utc>,
    told: Option<DateTime<Utc>>,
}

impl Said {
    /// Records a failure. Returns its duration, if it is to be logged.
    pub fn failed(&self, what: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
        let mut all = self.lock();
        if all.len() >= REMEMBERED && !all.contains_key(what) {
            return Some(TimeDelta::zero());
        }
        let new = || Failing { failures: 0, since: now, last: now, told: None };
        let failing = all.entry(what.to_owned()).or_insert_with(new);
        failing.failures = failing.failures.saturating_add(1);
        failing.last = now;
        let is_due = failing.told.is_none_or(|told| now - told >= REMINDER);
        if failing.failures < FAILURES || !is_due {
            return None;
        }
        failing.told = Some(now);
        Some(now - failing.since)
    }

    /// Records a success. Returns the duration of the failure, if that was logged.
    pub fn succeeded(&self, what: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
        let failing = self.lock().remove(what)?;
        failing.told.map(|_| now - failing.since)
    }

    /// As [`Said::succeeded`], for a server of which one part may answer while others fail.
    pub fn partly_succeeded(&self, what: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
        let is_calm = self.lock().get(what).is_some_and(|failing| failing.told.is_none() || now - failing.last >= CALM);
        if is_calm { self.succeeded(what, now) } else { None }
    }

    /// Whether this failure was logged.
    pub fn is_told(&self, what: &str) -> bool {
        self.lock().get(what).is_some_and(|failing| failing.told.is_some())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Failing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        "2026-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds)
    }

    #[test]
    fn the_second_failure_is_told_then_each_hour_and_the_end() {
        let said = Said::default();
        let told: Vec<i64> =
            (0..125).map(|minute| minute * 60).filter(|second| said.failed("npm", at(*second)).is_some()).collect();
        assert_eq!(told, [60, 3660, 7260]);
        assert_eq!(said.succeeded("npm", at(125 * 60)), Some(TimeDelta::seconds(125 * 60)));
        assert_eq!(said.succeeded("npm", at(8000)), None, "once");
        said.failed("npm", at(9000));
        assert_eq!(said.succeeded("npm", at(9001)), None, "one failure was not told, and neither is its end");
    }

    #[test]
    fn of_a_server_that_fails_now_and_then_it_is_not_said_that_it_answers_again() {
        let said = Said::default();
        said.failed("npm", at(0));
        assert_eq!(said.partly_succeeded("npm", at(0)), None);
        said.failed("npm", at(1));
        assert_eq!(said.failed("npm", at(2)), Some(TimeDelta::seconds(1)), "a success in between began anew");
        assert_eq!(said.partly_succeeded("npm", at(3)), None);
        assert!(said.is_told("npm"));
        assert_eq!(said.partly_succeeded("npm", at(17)), Some(TimeDelta::seconds(16)));
        assert!(!said.is_told("npm"));
    }
}

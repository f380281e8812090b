//! Schedules the next attempt at a package that could not be checked. Waits grow, and none is longer than the longest
//! step of its schedule, whatever a server asks for.

use super::{error::LookError, turn};
use crate::{
    http::HttpError,
    registry::RegistryError,
    store::{AGAIN, Again, LONGEST_WAIT, Setback, StoreError, Work},
};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// The wait before a package is tried again after a failure, by the number of failures. The first step is short: most
/// failures pass by themselves, and an announced release may be a takeover.
const FAILED_SECONDS: [i64; 7] =
    [10, MINUTE, 3 * MINUTE, 10 * MINUTE, 30 * MINUTE, 120 * MINUTE, LONGEST_WAIT.num_seconds()];
/// The registries' replicas lag their feeds by up to about ten seconds.
const STALE_SECONDS: [i64; 4] = [1, 3, 10, 30];
/// A turn that was over before the document came is followed by a longer one in another lane.
const RAN_OVER_SECONDS: [i64; 2] = [1, 10];
/// The operator changed the baseline meanwhile: judging again is all that is needed, but not without end.
const MOVED_SECONDS: [i64; 4] = [0, 1, 5, 10];
/// The shortest wait that a server's request gives: provwatch must not query it without pause.
const SHORTEST_ASKED: i64 = 10;

/// When a document that does not show whether it has what was announced is checked again, counted from the first check.
const UNCONFIRMED_SECONDS: [i64; 2] = [10, MINUTE];

const MINUTE: i64 = 60;

/// The kind of setback that an error is.
pub fn setback(error: &LookError) -> Setback {
    match error {
        // Nothing failed: the document, or the stored state of the package, is of another moment.
        LookError::Registry(RegistryError::Stale { .. }) | LookError::Store(StoreError::BaselineMoved { .. }) => {
            Setback::Behind
        }
        LookError::Registry(RegistryError::Http { source, .. }) if matches!(**source, HttpError::Paused { .. }) => {
            Setback::Paused
        }
        LookError::Registry(error) if turn::ran_over(error) => Setback::RanOver,
        _ => Setback::Failed,
    }
}

/// When to try again after an error that followed this many failed attempts.
pub fn again_at(error: &LookError, attempts: u32, now: DateTime<Utc>) -> DateTime<Utc> {
    let attempts = attempts as usize;
    let wait = match error {
        LookError::Registry(error) if turn::ran_over(error) => after(&RAN_OVER_SECONDS, 0, attempts),
        LookError::Registry(RegistryError::Http { source, .. }) => match source.retry_after() {
            Some(wait) => asked(wait),
            None => failed(attempts),
        },
        // A damaged row is set aside before the queue is read again.
        LookError::Store(
            StoreError::BaselineMoved { .. } | StoreError::DamagedRow { .. } | StoreError::Indexed { .. },
        ) => after(&MOVED_SECONDS, 0, attempts),
        // A lag is over within half a minute.
        LookError::Registry(RegistryError::Stale { .. }) => after(&STALE_SECONDS, 1, attempts),
        _ => failed(attempts),
    };
    now + wait
}

/// When to check a package again, because its document does not show how new it is.
pub fn another_look(work: &Work, is_unconfirmed: bool, now: DateTime<Utc>) -> Option<Again> {
    let (looks, since) = if is_unconfirmed {
        (0, now)
    } else if work.reason == AGAIN {
        (work.behind, work.since)
    } else {
        return None;
    };
    let after = TimeDelta::seconds(*UNCONFIRMED_SECONDS.get(looks as usize)?);
    Some(Again { looks: looks + 1, since, due_at: (since + after).max(now) })
}

/// The wait after this many turns, the last of which brought nothing.
pub fn nothing_came(turns: u32) -> TimeDelta {
    failed(turns as usize)
}

/// The steps of a schedule, and after them those of a failure, without the first `left_out`.
fn after(steps: &[i64], left_out: usize, attempts: usize) -> TimeDelta {
    match steps.get(attempts) {
        Some(seconds) => TimeDelta::seconds(*seconds),
        None => failed(attempts - steps.len() + left_out),
    }
}

fn failed(attempts: usize) -> TimeDelta {
    TimeDelta::seconds(FAILED_SECONDS[attempts.min(FAILED_SECONDS.len() - 1)])
}

/// The wait that a server asks for, within limits.
fn asked(wait: Duration) -> TimeDelta {
    let longest = LONGEST_WAIT.num_seconds();
    TimeDelta::seconds(i64::try_from(wait.as_secs()).unwrap_or(longest).clamp(SHORTEST_ASKED, longest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panic::Panicked;

    const NOW: &str = "2026-06-01T12:00:00Z";

    fn http(error: HttpError) -> LookError {
        RegistryError::Http { registry: "npm".into(), source: Box::new(error) }.into()
    }

    fn url() -> url::Url {
        "https://npm.example/".parse().unwrap()
    }

    fn status(seconds: Option<u64>) -> LookError {
        let retry_after = seconds.map(Duration::from_secs);
        http(HttpError::Status {
            url: url(),
            status: 503,
            attempts: 1,
            hint: String::new(),
            retry_after,
            said: String::new(),
        })
    }

    fn paused(seconds: u64) -> LookError {
        http(HttpError::Paused { url: url(), wait: Duration::from_secs(seconds) })
    }

    fn slow() -> LookError {
        let source = crate::http::TransportError::Slow { limit: Duration::from_secs(15) };
        http(HttpError::Transport { url: url(), attempts: 1, source })
    }

    fn stale() -> LookError {
        let package = "pkg:npm/a".parse().unwrap();
        RegistryError::Stale { package, seen: "1".to_owned(), announced: "2".to_owned() }.into()
    }

    fn moved() -> LookError {
        StoreError::BaselineMoved { package: "pkg:npm/a".parse().unwrap() }.into()
    }

    fn seconds(error: &LookError, attempts: u32) -> i64 {
        let now: DateTime<Utc> = NOW.parse().unwrap();
        (again_at(error, attempts, now) - now).num_seconds()
    }

    #[test]
    fn every_wait_has_a_floor_and_a_ceiling() {
        for (error, attempts, expected) in [
            (status(None), 0, 10),
            (status(None), 1, 60),
            (status(None), 99, 6 * 60 * 60),
            (status(Some(90)), 0, 90),
            (status(Some(90)), 99, 90),
            (status(Some(0)), 0, 10),
            (status(Some(u64::MAX)), 0, 6 * 60 * 60),
            (paused(300), 2, 300),
            (slow(), 0, 1),
            (slow(), 2, 10),
            (slow(), 99, 6 * 60 * 60),
            (stale(), 0, 1),
            (stale(), 3, 30),
            (stale(), 4, 60),
            (moved(), 0, 0),
            (moved(), 1, 1),
            (Panicked("x".to_owned()).into(), 0, 10),
        ] {
            assert_eq!(seconds(&error, attempts), expected, "{error:?} {attempts}");
        }
    }

    #[test]
    fn whatever_fails_again_and_again_is_tried_less_and_less_often() {
        for error in [status(None), slow(), stale(), moved(), Panicked("x".to_owned()).into()] {
            let waits: Vec<i64> = (0..12).map(|attempts| seconds(&error, attempts)).collect();
            assert!(waits.is_sorted_by(|a, b| a <= b || *b >= 10), "{error:?}: {waits:?}");
            assert!(waits[8..].iter().all(|wait| *wait >= 600), "{error:?}: {waits:?}");
            assert!(waits.iter().all(|wait| *wait <= LONGEST_WAIT.num_seconds()), "{error:?}: {waits:?}");
        }
    }

    #[test]
    fn only_what_fails_loses_its_place() {
        for (error, expected) in [
            (status(Some(5)), Setback::Failed),
            (paused(5), Setback::Paused),
            (slow(), Setback::RanOver),
            (stale(), Setback::Behind),
            (moved(), Setback::Behind),
        ] {
            assert_eq!(setback(&error), expected, "{error:?}");
        }
    }
}

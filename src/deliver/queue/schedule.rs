//! The limits on attempts, and the schedule of retries: exponential backoff with jitter, and the point of giving up.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use crate::model::Severity;

/// The times of retries, and when they stop.
///
/// Exponential backoff with full jitter: after the n-th failure the wait is drawn evenly between zero and `first ·
/// 2ⁿ⁻¹`, at most `longest`. The draw depends only on the message's key and on n, so it is the same after a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Longest wait after the first failure.
    pub first: Duration,
    /// Longest wait of all.
    pub longest: Duration,
    /// Age of a message at which it is tried for the last time.
    pub give_up_after: Duration,
}

/// The limits on attempts.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The schedule of retries.
    pub schedule: Schedule,
    /// Longest time for one attempt, if the sink needs no longer one. Standard Webhooks recommends 15 to 30 seconds.
    pub attempt: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { schedule: Schedule::default(), attempt: Duration::from_secs(30) }
    }
}

/// An attempt that failed.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The message's key.
    pub key: &'a str,
    /// The time when the message was recorded.
    pub created_at: DateTime<Utc>,
    /// The number of the attempt, from 1.
    pub number: u32,
    /// Whether its alert is at least as severe as `URGENT`.
    pub urgent: bool,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { first: Duration::from_secs(5), longest: LONGEST_STEP, give_up_after: Duration::from_hours(72) }
    }
}

/// Shortest wait: jitter may draw almost zero, and retries must not flood the receiver.
const SHORTEST: Duration = Duration::from_secs(1);
/// Longest wait that the receiver may request with `Retry-After`.
pub(super) const LONGEST_ASKED: Duration = Duration::from_hours(1);
/// Alerts from this severity on are urgent: they wait at most [`LONGEST_URGENT`] between two attempts.
pub(super) const URGENT: Severity = Severity::High;
/// Longest wait of an urgent alert, even if a longer one is requested: a receiver must not silence a takeover for
/// hours.
pub(super) const LONGEST_URGENT: Duration = Duration::from_mins(5);
/// The longest step of all: no delivery is postponed by more, so a longer postponement comes from a wrong clock.
pub const LONGEST_STEP: Duration = Duration::from_hours(6);
/// Fewest attempts before a message is given up: a clock that is wrong for a minute must not end it.
const FEWEST: u32 = 10;

/// The step after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is tried again then.
    At(DateTime<Utc>),
    /// Its time is over.
    GiveUp,
}

impl Schedule {
    /// The step after an attempt that failed at `now`. A `retry_after` of up to an hour is honoured, of up to five
    /// minutes for an urgent alert. The last attempt falls on the end of the message's time.
    pub fn after_failure(&self, attempt: &Attempt<'_>, now: DateTime<Utc>, retry_after: Option<Duration>) -> Next {
        let deadline = later(attempt.created_at, self.give_up_after);
        if now >= deadline && attempt.number >= FEWEST {
            return Next::GiveUp;
        }
        let asked = retry_after.unwrap_or_default().min(LONGEST_ASKED);
        let wait = self.wait(attempt.key, attempt.number).max(asked);
        let next = later(now, if attempt.urgent { wait.min(LONGEST_URGENT) } else { wait });
        Next::At(if now < deadline { next.min(deadline) } else { next })
    }

    /// The wait after the failure of attempt number `attempt`.
    fn wait(&self, key: &str, attempt: u32) -> Duration {
        let draw = fastrand::Rng::with_seed(seed(key, attempt)).f64();
        self.ceiling(attempt).mul_f64(draw).max(SHORTEST)
    }

    /// The longest possible wait at this attempt.
    fn ceiling(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }
}

fn seed(key: &str, attempt: u32) -> u64 {
    let digest: [u8; 32] = Sha256::digest(format!("{attempt}\n{key}")).into();
    digest.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}

fn later(time: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by).ok().and_then(|by| time.checked_add_signed(by)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// The attempt times of a message that is never accepted.
    fn attempts(key: &str) -> Vec<DateTime<Utc>> {
        let created = time("2026-03-31T00:30:00Z");
        let mut times = vec![created];
        let attempt = |number: usize| Attempt { number: number.try_into().unwrap(), ..first(key, false) };
        let schedule = Schedule::default();
        while let Next::At(next) = schedule.after_failure(&attempt(times.len()), *times.last().unwrap(), None) {
            times.push(next);
        }
        times
    }

    fn first(key: &str, urgent: bool) -> Attempt<'_> {
        Attempt { key, created_at: time("2026-03-31T00:30:00Z"), number: 1, urgent }
    }

    #[test]
    fn a_message_is_tried_for_three_days() {
        let times = attempts("msg_1");
        assert!((20..60).contains(&times.len()), "{} attempts", times.len());
        assert_eq!(times.last(), Some(&time("2026-04-03T00:30:00Z")), "the last one falls on the deadline");
        assert!(
            times
                .windows(2)
                .all(|pair| pair[1] - pair[0] >= TimeDelta::seconds(1) || pair[1] == times[times.len() - 1])
        );
        assert!(times[4] < time("2026-03-31T00:32:00Z"), "the first ones follow within minutes");
    }

    #[test]
    fn the_draw_depends_on_the_message_and_the_attempt() {
        assert_eq!(attempts("msg_1"), attempts("msg_1"));
        assert_ne!(attempts("msg_1"), attempts("msg_2"));
    }

    #[test]
    fn the_wait_that_is_asked_for_is_honoured_within_reason() {
        let now = time("2026-03-31T00:30:00Z");
        let next = |asked, urgent| {
            Schedule::default().after_failure(&first("k", urgent), now, Some(Duration::from_secs(asked)))
        };
        for (asked, urgent, at) in [
            (120, false, "2026-03-31T00:32:00Z"),
            (120, true, "2026-03-31T00:32:00Z"),
            (86_400, false, "2026-03-31T01:30:00Z"),
            (86_400, true, "2026-03-31T00:35:00Z"),
            (u64::MAX, true, "2026-03-31T00:35:00Z"),
        ] {
            assert_eq!(next(asked, urgent), Next::At(time(at)), "{asked} {urgent}");
        }
    }

    #[test]
    fn an_urgent_message_never_waits_long() {
        let schedule = Schedule::default();
        for number in 1..200 {
            let attempt = Attempt { number, ..first("k", true) };
            let now = time("2026-04-01T00:30:00Z");
            let Next::At(next) = schedule.after_failure(&attempt, now, None) else { panic!("attempt {number}") };
            assert!(next - now <= TimeDelta::minutes(5), "attempt {number}: {next}");
        }
    }

    #[test]
    fn a_clock_that_is_ahead_for_a_minute_ends_no_message() {
        let a_year_ahead = time("2027-03-31T00:30:00Z");
        let Next::At(next) = Schedule::default().after_failure(&first("k", false), a_year_ahead, None) else {
            panic!("given up at the first attempt")
        };
        assert!(next - a_year_ahead <= TimeDelta::seconds(5), "{next}");
        let often = Attempt { number: FEWEST, ..first("k", false) };
        assert_eq!(Schedule::default().after_failure(&often, a_year_ahead, None), Next::GiveUp);
    }

    proptest! {
        #[test]
        fn no_wait_is_longer_than_the_store_believes(
            key in ".*", number: u32, urgent: bool, asked: Option<u64>, age in -1_000_000_i64..1_000_000_000
        ) {
            let now = time("2026-03-31T00:30:00Z");
            let attempt = Attempt { key: &key, created_at: now - TimeDelta::seconds(age), number, urgent };
            let next = Schedule::default().after_failure(&attempt, now, asked.map(Duration::from_secs));
            if let Next::At(at) = next {
                prop_assert!(at - now <= crate::store::LONGEST_DELIVERY_WAIT);
            }
        }

        #[test]
        fn no_wait_exceeds_its_ceiling(key in ".*", attempt in any::<u32>()) {
            let schedule = Schedule::default();
            let wait = schedule.wait(&key, attempt);
            prop_assert!(wait >= SHORTEST && wait <= schedule.ceiling(attempt));
            prop_assert!(schedule.ceiling(attempt) <= schedule.longest);
        }
    }
}

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

/// When to try again, and when to stop.
///
/// Exponential backoff with full jitter: after the n-th failure the wait is drawn evenly between nothing and
/// `first · 2ⁿ⁻¹`, at most `longest`. The draw depends only on the message's key and on n, so a restart computes the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Longest wait after the first failure.
    pub first: Duration,
    /// Longest wait of all.
    pub longest: Duration,
    /// Age of a message at which it is tried for the last time.
    pub give_up_after: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(5),
            longest: Duration::from_hours(6),
            give_up_after: Duration::from_hours(72),
        }
    }
}

/// Shortest wait: jitter may draw next to nothing, and a message must not be hammered.
const SHORTEST: Duration = Duration::from_secs(1);
/// Longest wait that the other side may ask for with `Retry-After`.
const LONGEST_ASKED: Duration = Duration::from_hours(24);

/// Fewest attempts before a message is given up: a clock that is ahead makes a message old that was hardly tried.
const FEWEST: u32 = 12;

/// What happens to a message after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is tried again then.
    At(DateTime<Utc>),
    /// It has been tried for long enough.
    GiveUp,
}

impl Schedule {
    /// What happens to the message `key`, created at `created_at`, whose attempt number `attempt` (from 1) failed at `now`.
    /// A `retry_after` of up to a day is honoured. The last attempt falls on the end of the message's time, unless there were
    /// too few by then.
    pub fn after_failure(
        &self,
        key: &str,
        created_at: DateTime<Utc>,
        now: DateTime<Utc>,
        attempt: u32,
        retry_after: Option<Duration>,
    ) -> Next {
        let deadline = later(created_at, self.give_up_after);
        let is_over = now >= deadline;
        if is_over && attempt >= FEWEST {
            return Next::GiveUp;
        }
        let asked = retry_after.unwrap_or_default().min(LONGEST_ASKED);
        let next = later(now, self.wait(key, attempt).max(asked));
        Next::At(if is_over { next } else { next.min(deadline) })
    }

    /// The wait after the failure of attempt number `attempt`.
    fn wait(&self, key: &str, attempt: u32) -> Duration {
        let draw = fastrand::Rng::with_seed(seed(key, attempt)).f64();
        self.ceiling(attempt).mul_f64(draw).max(SHORTEST)
    }

    /// The longest that this wait can be.
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

    /// The times at which a message that nobody ever takes is tried.
    fn attempts(key: &str) -> Vec<DateTime<Utc>> {
        let created = time("2026-03-31T00:30:00Z");
        let mut times = vec![created];
        while let Next::At(next) = Schedule::default().after_failure(
            key,
            created,
            *times.last().unwrap(),
            times.len().try_into().unwrap(),
            None,
        ) {
            times.push(next);
        }
        times
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
    fn the_wait_that_is_asked_for_is_honoured_up_to_a_day() {
        let now = time("2026-03-31T00:30:00Z");
        let next = |asked| Schedule::default().after_failure("k", now, now, 1, Some(Duration::from_secs(asked)));
        assert_eq!(next(120), Next::At(time("2026-03-31T00:32:00Z")));
        assert_eq!(next(u64::MAX), Next::At(time("2026-04-01T00:30:00Z")));
    }

    #[test]
    fn a_clock_that_is_ahead_gives_nothing_up() {
        let created = time("2026-03-31T00:30:00Z");
        let ahead = created + TimeDelta::days(365);
        let next = |attempt| Schedule::default().after_failure("k", created, ahead, attempt, None);
        assert!(matches!(next(1), Next::At(at) if at > ahead && at <= ahead + TimeDelta::seconds(5)));
        assert_eq!(next(FEWEST), Next::GiveUp);
    }

    proptest! {
        #[test]
        fn no_wait_is_longer_than_the_store_believes(
            key in ".*", attempt in any::<u32>(), asked: Option<u64>, age in -1_000_000_i64..1_000_000_000
        ) {
            let now = time("2026-03-31T00:30:00Z");
            let asked = asked.map(Duration::from_secs);
            let next = Schedule::default().after_failure(&key, now - TimeDelta::seconds(age), now, attempt, asked);
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

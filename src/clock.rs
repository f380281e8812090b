//! The only reader of the system time. Everything that needs to know or to wait gets a [`Clock`].

use std::{
    fmt::Debug,
    future::poll_fn,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;

/// Wall clock and timers together, so that tests can move both.
pub trait Clock: Debug + Send + Sync {
    /// The time.
    fn now(&self) -> DateTime<Utc>;

    /// How long this clock has gone on, whatever it was set to meanwhile. For how long something takes.
    fn steady(&self) -> Duration;

    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;

    /// Completes when so much time has passed. For limits on what others do: it waits for a [`ManualClock`] to be moved,
    /// where [`Clock::sleep`] moves it.
    fn timer(&self, duration: Duration) -> BoxFuture<'_, ()>;
}

/// By how much a clock may be set back without anybody needing to know: time services correct it by less every day.
pub(crate) const SLACK: TimeDelta = TimeDelta::seconds(5);

/// Whether something that waits until `at` is due, of a schedule whose waits are at most `longest`. What is further ahead
/// was written while the clock was wrong: nobody chose that wait, and it is due.
pub(crate) fn is_due(at: DateTime<Utc>, now: DateTime<Utc>, longest: TimeDelta) -> bool {
    at <= now || at > horizon(now, longest)
}

/// The latest time until which something can wait now: see [`is_due`].
pub(crate) fn horizon(now: DateTime<Utc>, longest: TimeDelta) -> DateTime<Utc> {
    now.checked_add_signed(longest).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// A time that lies behind us, such as that of the last success. One that lies ahead was written while the clock was wrong
/// and tells nothing.
pub(crate) fn past(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    at.filter(|at| *at <= horizon(now, SLACK))
}

/// When the system's clock was first asked.
static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The system's clock and tokio's timers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the system time")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn steady(&self) -> Duration {
        BEGAN.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "this is where waiting is done")]
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    /// By the machine's steady time: a wall clock that is set does not shorten or lengthen it.
    fn timer(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.sleep(duration)
    }
}

/// How many turns a [`ManualClock`] gives to other tasks before a sleeper wakes.
const TURNS: u32 = 16;

/// A clock that stands still until something sleeps or moves it: sleeping returns at once and moves the time on.
#[derive(Debug)]
pub struct ManualClock(Mutex<Face>);

/// What a manual clock shows, and who waits for it to move.
#[derive(Debug)]
struct Face {
    now: DateTime<Utc>,
    steady: Duration,
    waiting: Vec<Waker>,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Mutex::new(Face { now, steady: Duration::ZERO, waiting: Vec::new() }))
    }

    /// A clock that shows an RFC 3339 time.
    ///
    /// # Panics
    /// If the text is not one.
    pub fn at_text(now: &str) -> Self {
        Self::at(now.parse().expect("an RFC 3339 time"))
    }

    /// Moves the time on.
    pub fn advance(&self, duration: Duration) {
        self.change(|face| {
            face.now += duration;
            face.steady += duration;
        });
    }

    /// Sets the time.
    pub fn set(&self, to: DateTime<Utc>) {
        self.change(|face| face.now = to);
    }

    fn change(&self, change: impl FnOnce(&mut Face)) {
        let waiting = {
            let mut face = self.face();
            change(&mut face);
            std::mem::take(&mut face.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    fn face(&self) -> MutexGuard<'_, Face> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        self.face().now
    }

    fn steady(&self) -> Duration {
        self.face().steady
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.advance(duration);
        Box::pin(async {
            // Whatever is ready runs before the sleeper wakes, as it would in real time.
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
        })
    }

    fn timer(&self, duration: Duration) -> BoxFuture<'_, ()> {
        let until =
            self.now().checked_add_signed(chrono::TimeDelta::from_std(duration).unwrap_or(chrono::TimeDelta::MAX));
        Box::pin(poll_fn(move |context| {
            let mut face = self.face();
            if until.is_some_and(|until| face.now >= until) {
                return Poll::Ready(());
            }
            if !face.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                face.waiting.push(context.waker().clone());
            }
            Poll::Pending
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_wait_that_nobody_chose_is_over() {
        let now: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        let (minute, hour) = (TimeDelta::minutes(1), TimeDelta::hours(1));
        for (at, due) in [
            (now, true),
            (now - hour, true),
            (now + minute, false),
            (now + hour, false),
            (now + hour + TimeDelta::microseconds(1), true),
            (now + TimeDelta::days(365), true),
            (DateTime::<Utc>::MAX_UTC, true),
            (DateTime::<Utc>::MIN_UTC, true),
        ] {
            assert_eq!(is_due(at, now, hour), due, "{at}");
        }
        assert_eq!(past(Some(now + minute), now), None);
        assert_eq!(past(Some(now + SLACK), now), Some(now + SLACK));
        assert_eq!(past(None, now), None);
        assert_eq!(horizon(DateTime::<Utc>::MAX_UTC, hour), DateTime::<Utc>::MAX_UTC);
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_due_after_the_longest_wait(at: i64, now in 0..4_000_000_000_000_000_i64, longest in 0..10_000_000_000_000_i64) {
            let time = |micros: i64| DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::<Utc>::MAX_UTC);
            let longest = TimeDelta::microseconds(longest);
            let due = |after: TimeDelta| is_due(time(at), time(now) + after, longest);
            // Either now, or once within the longest wait.
            prop_assert!(due(TimeDelta::zero()) || due(time(at) - time(now)) && time(at) - time(now) <= longest);
        }
    }
}

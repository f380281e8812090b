//! The only reader of the system time. Everything that needs to know or to wait gets a [`Clock`].

use std::{fmt::Debug, sync::Mutex, time::Duration};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

/// Wall clock and timers together, so that tests can move both.
pub trait Clock: Debug + Send + Sync {
    /// The time.
    fn now(&self) -> DateTime<Utc>;

    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
}

/// The system's clock and tokio's timers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the system time")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    #[expect(clippy::disallowed_methods, reason = "this is where waiting is done")]
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// How many turns a [`ManualClock`] gives to other tasks before a sleeper wakes.
const TURNS: u32 = 16;

/// A clock that stands still until somebody sleeps or moves it: sleeping returns at once and moves the time on.
#[derive(Debug)]
pub struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    /// A clock that shows `now`.
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Mutex::new(now))
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
        let mut now = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *now += duration;
    }

    /// Sets the time.
    pub fn set(&self, to: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = to;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
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
}

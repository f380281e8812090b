//! A clock over tokio's paused time, so that concurrent tasks share it. A request that hangs for a minute lets all
//! other tasks work for a minute.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use provwatch::clock::Clock;
use std::time::Duration;
use tokio::time::Instant;

/// How often a loop that does not rest looks around.
const TICK: Duration = Duration::from_secs(1);

/// The longest that a loop rests while nothing happens.
const REST: TimeDelta = TimeDelta::minutes(10);

/// Shows the true time of the week, or a wrong one when it is told to.
#[derive(Debug)]
pub struct WeekClock(Mutex<State>);

#[derive(Debug)]
struct State {
    /// The true time when the runtime began.
    base: DateTime<Utc>,
    /// The runtime's time then. None: no runtime.
    since: Option<Instant>,
    /// How wrong the clock is.
    skew: TimeDelta,
    /// Until when nothing happens.
    quiet_until: Option<DateTime<Utc>>,
}

impl WeekClock {
    pub fn at(base: DateTime<Utc>) -> Self {
        Self(Mutex::new(State { base, since: None, skew: TimeDelta::zero(), quiet_until: None }))
    }

    /// A runtime began; its time is the time of the week.
    pub fn start(&self) {
        self.0.lock().unwrap().since = Some(Instant::now());
    }

    /// The runtime ends; the time stands still until the next one, and so long passes between them.
    pub fn stop(&self, gap: TimeDelta) {
        let now = self.true_now();
        let mut state = self.0.lock().unwrap();
        (state.base, state.since, state.quiet_until) = (now + gap, None, None);
    }

    /// The time, whatever the clock shows.
    pub fn true_now(&self) -> DateTime<Utc> {
        self.0.lock().unwrap().now()
    }

    /// Makes the clock wrong.
    pub fn skew(&self, by: TimeDelta) {
        self.0.lock().unwrap().skew = by;
    }

    /// Waits while everything goes on.
    pub async fn wait(&self, duration: TimeDelta) {
        sleep(duration.to_std().unwrap_or_default()).await;
    }

    /// Waits until then; meanwhile loops rest longer than they want to, for nothing happens.
    pub async fn rest_until(&self, then: DateTime<Utc>) {
        self.0.lock().unwrap().quiet_until = Some(then);
        self.wait(then - self.true_now()).await;
        self.0.lock().unwrap().quiet_until = None;
    }
}

impl State {
    fn now(&self) -> DateTime<Utc> {
        self.base + self.since.map_or(Duration::ZERO, |since| Instant::now() - since)
    }

    /// How long somebody sleeps who wants to sleep so long.
    fn stretched(&self, wanted: Duration) -> Duration {
        let quiet = self.quiet_until.map_or(TimeDelta::zero(), |until| until - self.now());
        wanted.max(quiet.min(REST).to_std().unwrap_or_default())
    }
}

impl Clock for WeekClock {
    fn now(&self) -> DateTime<Utc> {
        let state = self.0.lock().unwrap();
        state.now() + state.skew
    }

    fn steady(&self) -> Duration {
        let state = self.0.lock().unwrap();
        state.since.map_or(Duration::ZERO, |since| Instant::now() - since)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        let stretched = self.0.lock().unwrap().stretched(duration);
        Box::pin(sleep(stretched))
    }

    /// The tick of a loop is stretched like its rest. A limit on what others do is longer than a tick, and never stretched.
    fn timer(&self, duration: Duration) -> BoxFuture<'_, ()> {
        if duration <= TICK { self.sleep(duration) } else { Box::pin(sleep(duration)) }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is a clock")]
async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

//! Rate limiter: one for each host and its limits, with a permit for every attempt.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use governor::{
    Quota, RateLimiter,
    clock::Clock as GovernorClock,
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    pace::Pace,
    policy::{HostLimits, Limited},
};
use crate::clock::Clock;

const DAY: Duration = Duration::from_hours(24);
/// More requests at once than any caller needs; keeps governor's arithmetic from overflowing.
const MAX_BURST: u32 = 10_000;
const MAX_CONCURRENCY: u32 = 1_000;
/// The longest pause, even if a longer one is requested.
const MAX_PAUSE: Duration = Duration::from_hours(24 * 366);
/// Rate limiters kept before idle ones are dropped; hosts of one watchlist are far fewer.
const MAX_LIMITERS: usize = 1_024;

/// The rate limiters of all hosts so far.
#[derive(Debug)]
pub(super) struct HostRateLimiters {
    clock: Arc<dyn Clock>,
    rate_limiters: Mutex<HashMap<Limited, Arc<HostRateLimiter>>>,
}

impl HostRateLimiters {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, rate_limiters: Mutex::default() }
    }

    /// The rate limiter of a place, with its limits.
    pub(super) fn of(&self, limited: Limited) -> Arc<HostRateLimiter> {
        let mut rate_limiters = self.rate_limiters.lock().unwrap_or_else(PoisonError::into_inner);
        if rate_limiters.len() >= MAX_LIMITERS && !rate_limiters.contains_key(&limited) {
            rate_limiters
                .retain(|_, rate_limiter| Arc::strong_count(rate_limiter) > 1 || rate_limiter.pause().is_some());
        }
        let limits = limited.limits;
        let rate_limiter = rate_limiters.entry(limited);
        Arc::clone(rate_limiter.or_insert_with(|| Arc::new(HostRateLimiter::new(Arc::clone(&self.clock), limits))))
    }
}

/// One host's limits, and the pause that it requested.
#[derive(Debug)]
pub(super) struct HostRateLimiter {
    clock: Arc<dyn Clock>,
    steady: SteadyClock,
    rate: RateLimiter<NotKeyed, InMemoryState, SteadyClock, NoOpMiddleware<Nanos>>,
    /// The rate of a host without a stated limit.
    pace: Option<Mutex<Pace>>,
    slots: Arc<Semaphore>,
    /// Held by the call that waits for the rate, so that the others keep their order.
    turn: tokio::sync::Mutex<()>,
    /// On the steady clock: setting the system's time meanwhile does not change a pause.
    paused_until: Mutex<Option<Nanos>>,
}

/// The host requested a pause that is longer than the caller's patience.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Paused(pub(super) Duration);

impl HostRateLimiter {
    fn new(clock: Arc<dyn Clock>, limits: HostLimits) -> Self {
        let steady = SteadyClock::new(Arc::clone(&clock));
        Self {
            rate: RateLimiter::direct_with_clock(quota(limits), steady.clone()),
            pace: limits.is_as_it_answers().then(Mutex::default),
            slots: Arc::new(Semaphore::new(limits.concurrency.clamp(1, MAX_CONCURRENCY) as usize)),
            turn: tokio::sync::Mutex::default(),
            paused_until: Mutex::default(),
            clock,
            steady,
        }
    }

    /// Waits for a free slot and for the rate, in the order of the calls. The permit holds the slot until it is
    /// dropped.
    pub(super) async fn permit(&self, patience: Duration) -> Result<Permit, Paused> {
        self.wait_for_pause_below(patience)?;
        let slot = Arc::clone(&self.slots).acquire_owned().await.ok();
        let _turn = self.turn.lock().await;
        loop {
            let pause = self.wait_for_pause_below(patience)?;
            let Some(wait) = pause.or_else(|| self.wait_for_rate()) else {
                return Ok(Permit { _slot: slot, since: self.steady.elapsed() });
            };
            self.clock.sleep(wait).await;
        }
    }

    /// Records that the host answered a request that was sent then, or refused it because of too many requests.
    pub(super) fn answered(&self, sent: Duration, is_refused: bool) {
        if let Some(pace) = &self.pace {
            pace.lock().unwrap_or_else(PoisonError::into_inner).answered(sent, self.steady.elapsed(), is_refused);
        }
    }

    /// Stops all requests to this host for a while.
    pub(super) fn pause_for(&self, wait: Duration) {
        let until = self.steady.now() + Nanos::from(wait.min(MAX_PAUSE));
        let mut paused = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paused = (*paused).max(Some(until));
    }

    fn wait_for_pause_below(&self, patience: Duration) -> Result<Option<Duration>, Paused> {
        match self.pause() {
            Some(wait) if wait > patience => Err(Paused(wait)),
            wait => Ok(wait),
        }
    }

    fn pause(&self) -> Option<Duration> {
        let until = (*self.paused_until.lock().unwrap_or_else(PoisonError::into_inner))?;
        let wait = Duration::from(until).saturating_sub(self.steady.now().into());
        Some(wait).filter(|wait| !wait.is_zero())
    }

    fn wait_for_rate(&self) -> Option<Duration> {
        let wait = match &self.pace {
            Some(pace) => pace.lock().unwrap_or_else(PoisonError::into_inner).take(self.steady.elapsed())?,
            None => self.rate.check().err()?.wait_time_from(self.steady.now()),
        };
        // At least a little, so that a stopped clock cannot make the loop spin.
        Some(wait.max(Duration::from_millis(1)))
    }
}

/// The right to make one attempt.
#[derive(Debug)]
pub(super) struct Permit {
    /// `None` only if the semaphore were closed, which never happens.
    _slot: Option<OwnedSemaphorePermit>,
    since: Duration,
}

impl Permit {
    /// The time when it was given, on the rate limiter's clock.
    pub(super) fn since(&self) -> Duration {
        self.since
    }
}

fn quota(limits: HostLimits) -> Quota {
    let spacing = limits.per.min(DAY) / limits.requests.max(1);
    let burst = NonZeroU32::new(limits.burst.clamp(1, MAX_BURST)).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::with_period(spacing.max(Duration::from_nanos(1)));
    quota.unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN)).allow_burst(burst)
}

/// Time for governor, from the local clock: it never goes back, even if the system's time is set.
#[derive(Clone, Debug)]
struct SteadyClock {
    clock: Arc<dyn Clock>,
    reading: Arc<Mutex<Reading>>,
}

#[derive(Debug)]
struct Reading {
    last: DateTime<Utc>,
    elapsed: Duration,
}

impl SteadyClock {
    fn new(clock: Arc<dyn Clock>) -> Self {
        let reading = Reading { last: clock.now(), elapsed: Duration::ZERO };
        Self { clock, reading: Arc::new(Mutex::new(reading)) }
    }

    /// The time since its creation.
    fn elapsed(&self) -> Duration {
        self.now().into()
    }
}

impl GovernorClock for SteadyClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let now = self.clock.now();
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let step = (now - reading.last).to_std().unwrap_or_default().min(DAY);
        reading.elapsed += step;
        reading.last = now;
        u64::try_from(reading.elapsed.as_nanos()).unwrap_or(u64::MAX / 2).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    const START: &str = "2026-03-31T00:00:00Z";

    fn rate_limiter(limits: HostLimits) -> (HostRateLimiter, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at_text(START));
        (HostRateLimiter::new(clock.clone(), limits), clock)
    }

    fn elapsed(clock: &ManualClock) -> Duration {
        (clock.now() - START.parse::<DateTime<Utc>>().unwrap()).to_std().unwrap()
    }

    async fn pass_times(rate_limiter: &HostRateLimiter, times: u32) {
        for _ in 0..times {
            drop(rate_limiter.permit(Duration::ZERO).await.unwrap());
        }
    }

    #[tokio::test]
    async fn one_request_a_second_means_nine_seconds_for_ten() {
        let (rate_limiter, clock) = rate_limiter(HostLimits::strict(1, Duration::from_secs(1)));
        pass_times(&rate_limiter, 10).await;
        assert_eq!(elapsed(&clock).as_secs(), 9);
    }

    #[tokio::test]
    async fn an_hourly_limit_spreads_and_a_burst_comes_first() {
        let limits = HostLimits { requests: 3_600, per: Duration::from_hours(1), burst: 5, concurrency: 1 };
        let (rate_limiter, clock) = rate_limiter(limits);
        pass_times(&rate_limiter, 5).await;
        assert_eq!(elapsed(&clock), Duration::ZERO);
        pass_times(&rate_limiter, 5).await;
        assert_eq!(elapsed(&clock).as_secs(), 5);
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_neither_stops_nor_frees_the_gate() {
        let (rate_limiter, clock) = rate_limiter(HostLimits::strict(1, Duration::from_secs(1)));
        pass_times(&rate_limiter, 2).await;
        clock.set("2020-01-01T00:00:00Z".parse().unwrap());
        pass_times(&rate_limiter, 3).await;
        let waited = clock.now() - "2020-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap();
        assert_eq!(waited.num_seconds(), 3);
    }

    #[tokio::test]
    async fn a_pause_is_waited_for_or_reported() {
        let (rate_limiter, clock) = rate_limiter(HostLimits::default());
        rate_limiter.pause_for(Duration::from_mins(2));
        rate_limiter.pause_for(Duration::from_secs(1));
        assert_eq!(rate_limiter.permit(Duration::from_mins(1)).await.unwrap_err(), Paused(Duration::from_mins(2)));
        drop(rate_limiter.permit(Duration::from_mins(3)).await.unwrap());
        assert_eq!(elapsed(&clock), Duration::from_mins(2));
    }

    #[tokio::test]
    async fn slots_are_given_back() {
        let (rate_limiter, _clock) = rate_limiter(HostLimits { concurrency: 2, ..HostLimits::default() });
        let first = rate_limiter.permit(Duration::ZERO).await.unwrap();
        let _second = rate_limiter.permit(Duration::ZERO).await.unwrap();
        assert_eq!(rate_limiter.slots.available_permits(), 0);
        drop(first);
        assert_eq!(rate_limiter.slots.available_permits(), 1);
    }

    #[tokio::test]
    async fn odd_limits_do_no_harm() {
        for limits in [
            HostLimits { requests: 0, per: Duration::ZERO, burst: 0, concurrency: 0 },
            HostLimits { requests: u32::MAX, per: Duration::MAX, burst: u32::MAX, concurrency: u32::MAX },
            HostLimits { requests: 1, per: Duration::MAX, burst: u32::MAX, concurrency: 1 },
        ] {
            pass_times(&rate_limiter(limits).0, 3).await;
        }
    }

    #[test]
    fn idle_gates_are_dropped_and_paused_ones_kept() {
        let clock = Arc::new(ManualClock::at_text(START));
        let rate_limiters = HostRateLimiters::new(clock);
        let of = |place: &str| rate_limiters.of(Limited { place: place.to_owned(), limits: HostLimits::default() });
        of("paused.example").pause_for(Duration::from_mins(1));
        for number in 0..3 * MAX_LIMITERS {
            of(&format!("h{number}.example"));
        }
        assert!(rate_limiters.rate_limiters.lock().unwrap().len() <= MAX_LIMITERS);
        assert!(of("paused.example").pause().is_some());
    }
}

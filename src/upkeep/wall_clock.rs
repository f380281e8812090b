//! Handles a wrong system clock: reacts when it is set back, and compares it with the clocks of other hosts.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    clock::{Clock, SLACK, horizon},
    health::{ComparedClock, limits::CLOCK_HOSTS},
    http::Client,
    store::{Store, StoreError},
};

/// The difference of two clocks above which it is reported. Hosts keep good time; the rest is caches and slow answers.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// The system's clock: its observed times, and its comparison with other clocks.
#[derive(Debug)]
pub struct WallClock {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    http: Client,
    seen: Mutex<Seen>,
}

impl WallClock {
    /// The clock at the start of a process. A store that cannot be read fails when it is used.
    pub fn starting(store: Arc<Store>, clock: Arc<dyn Clock>, http: Client) -> Self {
        let written = store.latest_time().unwrap_or_default();
        let seen = Mutex::new(Seen::starting(clock.now(), written));
        Self { store, clock, http, seen }
    }

    /// When this process started.
    pub fn began(&self) -> DateTime<Utc> {
        self.seen().began
    }

    /// Notices that the clock was set back, and corrects earlier stored times: no package, delivery or check waits for
    /// a time that a wrong clock chose. Costs nothing while the clock moves forward.
    ///
    /// # Errors
    /// The store failed; the next call repeats the correction.
    pub fn follow(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let Some(from) = self.seen().set_back_from(now) else { return Ok(()) };
        tracing::warn!(
            %from, to = %now,
            "the system's clock was set back; every waiting package is checked now. Check the time service of this \
             host"
        );
        self.store.clock_was_set_back(now)?;
        self.seen().set_back_to(now);
        Ok(())
    }

    /// Our clock compared with those of the hosts that answered lately; `None`: none did.
    pub fn compared(&self) -> Option<ComparedClock> {
        compared(self.http.clock_differences())
    }

    /// The time of the other hosts, where enough of them agree that ours is wrong.
    pub fn corrected(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let certain = self.compared().filter(|clock| clock.is_certain());
        certain.and_then(|clock| now.checked_sub_signed(clock.ahead())).unwrap_or(now)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The observed times of the system's clock.
#[derive(Debug)]
struct Seen {
    /// The latest time that it showed since it was last set back.
    latest: DateTime<Utc>,
    /// When this process started, by the clock as it is now.
    began: DateTime<Utc>,
}

impl Seen {
    /// The state of a process that starts at `now` with a store that was last written at `latest`.
    fn starting(now: DateTime<Utc>, latest: Option<DateTime<Utc>>) -> Self {
        Self { latest: latest.map_or(now, |latest| latest.max(now)), began: now }
    }

    /// The time from which the clock was set back to `now`, if it was.
    fn set_back_from(&mut self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.latest > horizon(now, SLACK) {
            return Some(self.latest);
        }
        self.latest = self.latest.max(now);
        None
    }

    /// Marks the earlier stored times as corrected.
    fn set_back_to(&mut self, now: DateTime<Utc>) {
        self.latest = now;
        self.began = self.began.min(now);
    }
}

/// Our clock by these differences: with three hosts or more the median, with fewer the least difference that all of
/// them agree on.
fn compared(mut ahead: Vec<TimeDelta>) -> Option<ComparedClock> {
    ahead.sort_unstable();
    let hosts = ahead.len();
    let (first, last) = (*ahead.first()?, *ahead.last()?);
    let said = match hosts {
        CLOCK_HOSTS.. => ahead[hosts / 2],
        _ if first > TOLERANCE => first,
        _ if last < -TOLERANCE => last,
        _ => TimeDelta::zero(),
    };
    let noticed = if said.abs() > TOLERANCE { said } else { TimeDelta::zero() };
    Some(ComparedClock { ahead_seconds: noticed.num_seconds(), hosts })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{clock::ManualClock, http::ScriptedTransport};

    fn said(minutes: &[i64]) -> Option<(i64, usize)> {
        let said = compared(minutes.iter().copied().map(TimeDelta::minutes).collect())?;
        (said.ahead_seconds != 0).then(|| (said.ahead().num_minutes(), said.hosts))
    }

    #[test]
    fn many_hosts_decide_by_their_median_and_few_only_together() {
        for (differences, expected) in [
            (&[][..], None),
            (&[0], None),
            (&[5], None),
            (&[6], Some((6, 1))),
            (&[-600], Some((-600, 1))),
            (&[0, 600], None),
            (&[-600, 600], None),
            (&[60, 600], Some((60, 2))),
            (&[-60, -600], Some((-60, 2))),
            (&[0, 0, 525_600], None),
            (&[0, 525_600, 525_600], Some((525_600, 3))),
            (&[-525_600, 0, 525_600], None),
            (&[1, 2, 3, 600, 601], None),
        ] {
            assert_eq!(said(differences), expected, "{differences:?}");
        }
    }

    #[test]
    fn a_clock_that_goes_on_is_not_noticed_and_one_that_is_set_back_is() {
        let noon: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        let mut clock = Seen::starting(noon, None);
        for minutes in [0, 1, 60, 525_600] {
            assert_eq!(clock.set_back_from(noon + TimeDelta::minutes(minutes)), None);
        }
        let ahead = noon + TimeDelta::minutes(525_600);
        assert_eq!(clock.set_back_from(ahead - SLACK), None, "time services do that");
        assert_eq!(clock.set_back_from(noon), Some(ahead));
        let mut later = Seen::starting(noon, Some(ahead));
        assert_eq!(later.set_back_from(noon), Some(ahead), "another process wrote while the clock was ahead");
        assert_eq!(Seen::starting(noon, Some(noon - SLACK)).set_back_from(noon), None);
    }

    #[test]
    fn what_a_wrong_clock_wrote_is_put_right_when_the_clock_is_right_again() {
        let noon: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        let clock = Arc::new(ManualClock::at(noon + TimeDelta::days(365)));
        let (store, of_system) = (Arc::new(Store::in_memory().unwrap()), Arc::clone(&clock) as Arc<dyn Clock>);
        let http = Client::new(Arc::new(ScriptedTransport::new()), Arc::clone(&of_system));
        let wall_clock = WallClock::starting(Arc::clone(&store), of_system, http);
        store.source_read("feed", clock.now()).unwrap();
        wall_clock.follow().unwrap();
        clock.set(noon);
        wall_clock.follow().unwrap();
        assert_eq!(store.sources().unwrap()[0].last_success, Some(noon));
        assert_eq!((wall_clock.began(), wall_clock.compared()), (noon, None));
        assert_eq!(wall_clock.corrected(noon), noon, "nobody says otherwise");
    }

    proptest! {
        #[test]
        fn no_host_alone_misleads(honest in prop::collection::vec(-4..=4_i64, 2..9), liar in -10_000_000..10_000_000_i64) {
            let mut differences = honest;
            differences.push(liar);
            prop_assert_eq!(said(&differences), None);
        }
    }
}

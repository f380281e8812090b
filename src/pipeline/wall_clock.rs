//! The system's clock may be wrong: what is done when it is set back, and how it is compared with the clocks of others.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Pipeline, PipelineError};
use crate::{
    clock::{SLACK, horizon},
    health::{ComparedClock, limits::CLOCK_HOSTS},
};

/// By how much two clocks may differ before it is said. Hosts keep good time; caches and slow answers take their part.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// What was seen of the system's clock.
#[derive(Debug)]
pub(super) struct WallClock(Mutex<Seen>);

#[derive(Debug)]
struct Seen {
    /// The latest time that it showed since it was last set back.
    latest: DateTime<Utc>,
    /// Since when this process has worked, by the clock as it is now.
    began: DateTime<Utc>,
}

impl WallClock {
    /// A process that begins at `now` and finds that its store was last written at `latest`.
    pub fn starting(now: DateTime<Utc>, latest: Option<DateTime<Utc>>) -> Self {
        Self(Mutex::new(Seen { latest: latest.map_or(now, |latest| latest.max(now)), began: now }))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Seen) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The time from which the clock was set back to `now`, if it was.
    fn set_back_from(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.with(|seen| {
            let latest = seen.latest;
            if latest > horizon(now, SLACK) {
                return Some(latest);
            }
            seen.latest = latest.max(now);
            None
        })
    }
}

impl Pipeline {
    /// Since when this process has worked.
    pub(super) fn began(&self) -> DateTime<Utc> {
        self.wall_clock.with(|seen| seen.began)
    }

    /// Notices that the clock was set back, and puts right what was written before: no package, delivery or look waits for a
    /// time that a wrong clock chose. Costs nothing while the clock goes on as it should.
    ///
    /// # Errors
    /// The store failed; it is done with the next call.
    pub fn follow_clock(&self) -> Result<(), PipelineError> {
        let now = self.clock.now();
        let Some(from) = self.wall_clock.set_back_from(now) else { return Ok(()) };
        tracing::warn!(
            %from, to = %now,
            "the system's clock was set back; whatever waited is looked at now. Check the time service of this host"
        );
        self.store.clock_was_set_back(now)?;
        self.wall_clock.with(|seen| {
            seen.latest = now;
            seen.began = seen.began.min(now);
        });
        Ok(())
    }

    /// Our clock beside those of the hosts that answered lately; `None`: none did.
    pub fn compared_clock(&self) -> Option<ComparedClock> {
        compared(self.http.clock_differences())
    }

    /// The time as others have it, where enough of them agree that ours is wrong.
    pub(super) fn corrected(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let certain = self.compared_clock().filter(|clock| clock.is_certain());
        certain.and_then(|clock| now.checked_sub_signed(clock.ahead())).unwrap_or(now)
    }
}

/// What these differences say of our clock: of three hosts or more the median, of fewer what all of them say at least.
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
        let clock = WallClock::starting(noon, None);
        for minutes in [0, 1, 60, 525_600] {
            assert_eq!(clock.set_back_from(noon + TimeDelta::minutes(minutes)), None);
        }
        let ahead = noon + TimeDelta::minutes(525_600);
        assert_eq!(clock.set_back_from(ahead - SLACK), None, "time services do that");
        assert_eq!(clock.set_back_from(noon), Some(ahead));
        let later = WallClock::starting(noon, Some(ahead));
        assert_eq!(later.set_back_from(noon), Some(ahead), "another process wrote while the clock was ahead");
        assert_eq!(WallClock::starting(noon, Some(noon - SLACK)).set_back_from(noon), None);
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

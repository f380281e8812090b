//! Adapts the request rate to a host without a stated limit: as fast as it answers, until it refuses.

use std::time::Duration;

/// The time between two requests once the host has refused one.
const FIRST: Duration = Duration::from_millis(5);
/// The most time between two requests. A host that is down gets the next request this soon.
const MOST: Duration = Duration::from_secs(1);
/// A shorter time counts as zero.
const LEAST: Duration = Duration::from_micros(100);
/// The divisor by which a good answer reduces the time between two requests.
const EASING: u32 = 16;

/// The time between two requests: doubled by a refusal, and a little less after each answer. Times are those of a clock
/// that never goes back.
#[derive(Debug, Default)]
pub(super) struct Pace {
    spacing: Duration,
    next: Duration,
    slowed: Option<Duration>,
}

impl Pace {
    /// Takes the current turn; or returns the time until the next one.
    pub(super) fn take(&mut self, now: Duration) -> Option<Duration> {
        let wait = self.next.saturating_sub(now);
        if !wait.is_zero() {
            return Some(wait);
        }
        self.next = now + self.spacing;
        None
    }

    /// Records the result of a request that was sent then.
    pub(super) fn answered(&mut self, sent: Duration, now: Duration, is_refused: bool) {
        if !is_refused {
            self.spacing =
                Some(self.spacing.saturating_sub(self.spacing / EASING)).filter(|it| *it >= LEAST).unwrap_or_default();
        } else if self.slowed.is_none_or(|slowed| sent > slowed) {
            // Simultaneous requests are refused together: that counts once.
            self.spacing = (self.spacing * 2).clamp(FIRST, MOST);
            self.slowed = Some(now);
            self.next = now + self.spacing;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tests a server that accepts so many requests a second, none of them early, and answers at once: the numbers of
    /// accepted and refused requests in ten seconds, and the longest series of refusals.
    fn asked(a_second: u32, latency: Duration) -> (u32, u32, u32) {
        let (mut pace, mut now, mut free_at) = (Pace::default(), Duration::ZERO, Duration::ZERO);
        let (mut taken, mut refused, mut row, mut longest) = (0, 0, 0, 0);
        while now < Duration::from_secs(10) {
            if let Some(wait) = pace.take(now) {
                now += wait;
                continue;
            }
            let is_refused = now < free_at;
            if is_refused {
                (refused, row) = (refused + 1, row + 1);
            } else {
                free_at = now + Duration::from_secs(1) / a_second;
                (taken, row) = (taken + 1, 0);
            }
            longest = longest.max(row);
            pace.answered(now, now + latency, is_refused);
            now += latency;
        }
        (taken, refused, longest)
    }

    #[test]
    fn a_server_with_a_limit_is_asked_about_as_much_as_it_takes() {
        for (a_second, at_least) in [(10_000, 9_000), (100, 500), (10, 50), (2, 12)] {
            let (taken, refused, longest) = asked(a_second, Duration::from_millis(1));
            assert!(taken >= at_least && refused <= taken / 4 + 12, "{a_second}: {taken} taken, {refused} refused");
            // One exchange is tried five times. Only the first may find the right rate slowly.
            assert!(longest <= 10, "{a_second}: {longest} refusals one after another");
        }
    }

    #[test]
    fn what_is_refused_together_counts_once() {
        let mut pace = Pace::default();
        for _ in 0..8 {
            pace.answered(Duration::ZERO, Duration::from_millis(20), true);
        }
        assert_eq!(pace.spacing, FIRST);
        pace.answered(Duration::from_millis(30), Duration::from_millis(40), true);
        assert_eq!(pace.spacing, FIRST * 2);
    }

    #[test]
    fn a_host_that_answers_again_is_soon_asked_as_before() {
        let mut pace = Pace::default();
        for second in 1..100 {
            pace.answered(Duration::from_secs(second), Duration::from_secs(second), true);
        }
        assert_eq!(pace.spacing, MOST);
        let mut waited = Duration::ZERO;
        while !pace.spacing.is_zero() {
            waited += pace.spacing;
            pace.answered(Duration::ZERO, Duration::ZERO, false);
        }
        assert!(waited < Duration::from_secs(20), "{waited:?}");
    }
}

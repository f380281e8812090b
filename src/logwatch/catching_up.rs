//! Reports the progress of a long reading of a log.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{store::LogProgress, text::span};

/// Decides when to report progress: not at once, and at most once in an interval.
#[derive(Clone, Copy, Debug)]
pub struct OnceInAWhile {
    every: TimeDelta,
    last: DateTime<Utc>,
}

impl OnceInAWhile {
    /// Starts the interval now.
    pub fn beginning(now: DateTime<Utc>, every: TimeDelta) -> Self {
        Self { every, last: now }
    }

    /// Whether a report is due. If so, the next one is due an interval later.
    pub fn is_due(&mut self, now: DateTime<Utc>) -> bool {
        let is_due = (now - self.last).abs() >= self.every;
        if is_due {
            self.last = now;
        }
        is_due
    }
}

/// `24 % of the entries 100 to 4999, 3400 entries/s, about 19 min left`.
pub fn how_far(progress: &LogProgress) -> String {
    let LogProgress { first, past, .. } = progress;
    let so_far = format!("{} % of the entries {first} to {}", progress.percent(), past.saturating_sub(1));
    match (progress.rate(), progress.time_left()) {
        (Some(rate), Some(left)) => format!("{so_far}, {rate} entries/s, about {} left", span(left)),
        _ => so_far,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_once_in_a_while_whatever_is_done_to_the_clock() {
        let now: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        let mut telling = OnceInAWhile::beginning(now, TimeDelta::seconds(60));
        let seconds = [1, 59, 60, 61, 119, 121, -3_600, -3_590];
        let told = seconds.map(|seconds| telling.is_due(now + TimeDelta::seconds(seconds)));
        assert_eq!(told, [false, false, true, false, false, true, true, false]);
    }

    #[test]
    fn the_rate_is_told_when_it_is_known() {
        let since: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        let begun = LogProgress::beginning(100, 1_000_100, since);
        assert_eq!(how_far(&begun), "0 % of the entries 100 to 1000099");
        let later = begun.come(240_100, since + TimeDelta::seconds(60));
        assert_eq!(how_far(&later), "24 % of the entries 100 to 1000099, 4000 entries/s, about 3 min left");
    }
}

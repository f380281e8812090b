//! When a subscription receives its messages.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use crate::model::{DigestTimes, PublishHours, Severity};

/// When a subscription receives its messages.
#[derive(Clone, Debug, Default)]
pub struct Timing {
    /// Hours in which it receives critical alerts only.
    pub quiet_hours: Option<PublishHours>,
    /// How often it is told again of an alert that stays open.
    pub repeat: Option<TimeDelta>,
    /// Who is told of a critical alert that stays open.
    pub escalate: Option<Escalation>,
    /// Whether it is told that an alert of an earlier message was acknowledged or resolved.
    pub notices: bool,
    /// When it receives one message in place of single ones.
    pub digest: Option<DigestTimes>,
}

/// Another subscription that is told of a critical alert that stays open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escalation {
    /// How long the alert may stay open.
    pub after: TimeDelta,
    /// The name of the other subscription.
    pub to: String,
}

/// The longest time that quiet hours are followed: more than a week.
const LONGEST_QUIET: i64 = 8 * 24 * 60;

impl Timing {
    /// The least severity of the alerts that are sent at a time.
    pub fn least(&self, now: DateTime<Utc>) -> Severity {
        if self.is_quiet(now) { Severity::Critical } else { Severity::Info }
    }

    /// Whether a time is within the quiet hours.
    pub fn is_quiet(&self, now: DateTime<Utc>) -> bool {
        self.quiet_hours.as_ref().is_some_and(|hours| hours.allow(now))
    }

    /// When the quiet hours of a time end. `None`: it is not within them, or they do not end.
    pub fn quiet_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if !self.is_quiet(now) {
            return None;
        }
        let minute = now.duration_trunc(TimeDelta::minutes(1)).ok()?;
        (1..=LONGEST_QUIET).map(|later| minute + TimeDelta::minutes(later)).find(|at| !self.is_quiet(*at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Weekday;

    fn timing(days: &[Weekday], from: &str, to: &str) -> Timing {
        let (from, to, zone) = (from.parse().unwrap(), to.parse().unwrap(), "Europe/Berlin".parse().unwrap());
        let hours = PublishHours { days: days.to_vec(), from, to, zone };
        Timing { quiet_hours: Some(hours), ..Timing::default() }
    }

    const WEEK: [Weekday; 7] =
        [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

    #[test]
    fn quiet_hours_end_by_the_clocks_of_the_place() {
        let night = timing(&WEEK, "22:00", "07:00");
        for (now, until) in [
            ("2026-06-01T19:59:59Z", None),
            ("2026-06-01T20:00:00Z", Some("2026-06-02T05:00:00Z")),
            ("2026-06-01T22:10:30Z", Some("2026-06-02T05:00:00Z")),
            ("2026-06-02T05:00:00Z", None),
            ("2026-03-28T21:00:00Z", Some("2026-03-29T05:00:00Z")), // the night is an hour shorter
            ("2026-10-24T20:00:00Z", Some("2026-10-25T06:00:00Z")), // and an hour longer
        ] {
            let found = night.quiet_until(now.parse().unwrap());
            assert_eq!(found, until.map(|until| until.parse().unwrap()), "{now}");
        }
    }

    #[test]
    fn a_weekend_is_quiet_as_a_whole_and_hours_may_never_end() {
        let weekend = timing(&[Weekday::Sat, Weekday::Sun], "00:00", "24:00");
        let saturday = "2026-06-06T10:00:00Z".parse().unwrap();
        assert_eq!(weekend.quiet_until(saturday), Some("2026-06-07T22:00:00Z".parse().unwrap()));
        assert_eq!(timing(&WEEK, "00:00", "24:00").quiet_until(saturday), None);
        assert_eq!(weekend.least(saturday), Severity::Critical);
        assert_eq!(Timing::default().least(saturday), Severity::Info);
    }
}

//! The times at which digests are due, by the clocks of a place.

use chrono::{DateTime, TimeDelta, Utc};

use super::{TimeOfDay, Weekday, Zone};

/// When digests are due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestTimes {
    /// The day of the week; `None`: every day.
    pub day: Option<Weekday>,
    /// The time of the day.
    pub at: TimeOfDay,
    /// The time zone.
    pub zone: Zone,
}

/// How far back the last due time is searched for: a week, and a day for the zone, in half days. Where the clocks are put
/// forward, a local day is shorter than 24 hours, and steps of a whole day would miss it.
const HALF_DAYS: i64 = 18;

impl DigestTimes {
    /// The last time at or before `now` at which a digest was due. A time that the clocks skip is the first one after it.
    pub fn last(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let moments = (-2..HALF_DAYS).map(|half_days| now - TimeDelta::hours(12 * half_days));
        moments.filter_map(|moment| self.on_day_of(moment)).filter(|due| *due <= now).max()
    }

    /// The time on the local day of a moment, if digests are due on that day.
    fn on_day_of(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (day, due) = self.zone.at_time(moment, self.at)?;
        self.day.is_none_or(|wanted| wanted == day).then_some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(day: Option<Weekday>, at: &str, zone: &str, now: &str) -> String {
        let times = DigestTimes { day, at: at.parse().unwrap(), zone: zone.parse().unwrap() };
        times.last(now.parse().unwrap()).unwrap().to_rfc3339()
    }

    #[test]
    fn a_digest_is_due_by_the_clocks_of_the_place() {
        for (day, at, zone, now, expected) in [
            (None, "08:00", "Europe/Berlin", "2026-06-01T05:59:59Z", "2026-05-31T06:00:00+00:00"),
            (None, "08:00", "Europe/Berlin", "2026-06-01T06:00:00Z", "2026-06-01T06:00:00+00:00"),
            (None, "08:00", "Europe/Berlin", "2026-01-01T07:00:00Z", "2026-01-01T07:00:00+00:00"),
            (None, "02:30", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-29T01:30:00+00:00"), // skipped
            (None, "02:30", "Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-25T00:30:00+00:00"), // twice
            (Some(Weekday::Mon), "08:00", "UTC", "2026-06-07T12:00:00Z", "2026-06-01T08:00:00+00:00"),
            (Some(Weekday::Mon), "08:00", "UTC", "2026-06-08T07:59:00Z", "2026-06-01T08:00:00+00:00"),
            (Some(Weekday::Mon), "00:00", "Pacific/Auckland", "2026-06-07T12:00:00Z", "2026-06-07T12:00:00+00:00"),
            // The day before has 23 hours.
            (None, "08:00", "Europe/Berlin", "2026-03-29T22:30:00Z", "2026-03-29T06:00:00+00:00"),
            (None, "08:00", "Europe/Berlin", "2026-10-25T22:30:00Z", "2026-10-25T07:00:00+00:00"),
            (Some(Weekday::Mon), "00:00", "Europe/Berlin", "2026-03-30T00:30:00Z", "2026-03-29T22:00:00+00:00"),
            (None, "23:59", "Pacific/Kiritimati", "2026-06-07T12:00:00Z", "2026-06-07T09:59:00+00:00"),
        ] {
            assert_eq!(last(day, at, zone, now), expected, "{at} {zone} {now}");
        }
    }

    #[test]
    fn any_time_is_judged() {
        let times = DigestTimes { day: None, at: "08:00".parse().unwrap(), zone: "Asia/Tokyo".parse().unwrap() };
        let _ = times.last(DateTime::<Utc>::MAX_UTC - TimeDelta::days(30));
        let _ = times.last(DateTime::<Utc>::UNIX_EPOCH);
    }
}

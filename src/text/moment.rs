//! Formats times and durations, always in UTC.

use chrono::{DateTime, TimeDelta, Utc};

/// To the second: `2026-06-01 12:00:00 UTC`.
pub fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// To the minute, in a sentence: `2026-06-01 12:00 UTC`.
pub fn minute_utc(at: DateTime<Utc>) -> String {
    format!("{} UTC", minute(at))
}

/// To the minute, in a table, which has no room for more: `2026-06-01 12:00`.
pub fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

/// The day: `2026-06-01`.
pub fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}

/// How long, in its largest unit that is not below two: `90 s`, `3 min`, `36 h`, `12 d`.
pub fn span(length: TimeDelta) -> String {
    let seconds = length.num_seconds().max(0);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// How long ago: `3 min ago`.
pub fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("{} ago", span(now - at))
}

/// How long from one time to another, in its two largest units: `3 min`, `2 h 13 min`, `5 d 1 h`.
pub fn age(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    let seconds = (to - from).num_seconds().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match seconds {
        0..=59 => format!("{seconds} s"),
        60..=3_599 => format!("{minutes} min"),
        3_600..=86_399 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_in_a_unit_that_is_not_too_coarse() {
        for (seconds, said) in
            [(-5, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (180_000, "2 d")]
        {
            assert_eq!(span(TimeDelta::seconds(seconds)), said);
        }
    }

    #[test]
    fn times_are_told_as_exactly_as_there_is_room_for() {
        let at: DateTime<Utc> = "2026-06-01T12:03:04.5Z".parse().unwrap();
        assert_eq!(moment(at), "2026-06-01 12:03:04 UTC");
        assert_eq!(minute_utc(at), "2026-06-01 12:03 UTC");
        assert_eq!(minute(at), "2026-06-01 12:03");
        assert_eq!(day(at), "2026-06-01");
        assert_eq!(ago(at, at + TimeDelta::minutes(3)), "3 min ago");
    }

    #[test]
    fn ages_are_told_in_two_units() {
        let from: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        for (seconds, said) in [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (7_980, "2 h 13 min"), (435_600, "5 d 1 h")] {
            assert_eq!(age(from, from + TimeDelta::seconds(seconds)), said);
        }
    }
}

//! How values are said to people. Whatever a publisher may have chosen goes through [`plain()`] before a terminal sees it.

use chrono::{DateTime, TimeDelta, Utc};

pub use crate::text::{size, span};

use crate::{deliver::plain, pipeline::logs::how_far, store::LogProgress};

/// Most characters of a name: a package, a version, an account.
const NAME: usize = 120;
/// Most characters of a sentence or two, or of a URL.
const SENTENCE: usize = 1_000;

/// What stands where nothing is known.
pub const NOTHING: &str = "–";

/// A name, safe to show.
#[expect(clippy::needless_pass_by_value, reason = "names come owned and borrowed, and this is mapped over them")]
pub fn name(text: impl ToString) -> String {
    plain(&text.to_string(), NAME)
}

/// A sentence, safe to show.
#[expect(clippy::needless_pass_by_value, reason = "names come owned and borrowed, and this is mapped over them")]
pub fn sentence(text: impl ToString) -> String {
    plain(&text.to_string(), SENTENCE)
}

/// A time to the second.
pub fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A time to the minute, for tables.
pub fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

/// A day.
pub fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}

/// How long ago.
pub fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("{} ago", span(now - at))
}

/// A reading that was stored no further for this long was interrupted, or the log does not answer.
const STOOD_STILL: TimeDelta = TimeDelta::minutes(2);

/// How far the reading of a log has come that another process may be at.
pub fn catching_up(progress: &LogProgress, now: DateTime<Utc>) -> String {
    if now - progress.at < STOOD_STILL {
        return how_far(progress);
    }
    let stands = progress.come(progress.next, progress.since);
    format!("{}; it has come no further since {}", how_far(&stands), moment(progress.at))
}

/// `1 release`, `2 releases`.
pub fn counted(count: impl Into<u64>, one: &str, many: &str) -> String {
    match count.into() {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_that_stands_still_has_no_rate() {
        let since: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        let progress = LogProgress::beginning(0, 1_000_000, since).come(300_000, since + TimeDelta::minutes(5));
        let after = |minutes| catching_up(&progress, progress.at + TimeDelta::minutes(minutes));
        assert_eq!(after(1), "30 % of the entries 0 to 999999, 1000 entries/s, about 11 min left");
        assert!(after(9).starts_with("30 % of the entries 0 to 999999; it has come no further since 2026-06-01"));
    }

    #[test]
    fn lengths_are_told_in_a_unit_that_is_not_too_coarse() {
        for (seconds, said) in
            [(-5, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (180_000, "2 d")]
        {
            assert_eq!(span(TimeDelta::seconds(seconds)), said);
        }
    }

    #[test]
    fn sizes_are_told_in_binary_units() {
        for (bytes, said) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (1_500_000, "1.4 MiB"),
            (5 << 40, "5.0 TiB"),
        ] {
            assert_eq!(size(bytes), said);
        }
    }

    #[test]
    fn names_cannot_drive_the_terminal() {
        assert_eq!(name("a\u{1b}[2Jb\u{202e}"), r"a\u{1b}[2Jb\u{202e}");
    }
}

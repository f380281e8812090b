//! Formats values for people. Text that a publisher may have chosen goes through [`cut()`] before a terminal shows
//! it.

use chrono::{DateTime, TimeDelta, Utc};

pub(crate) use crate::text::{ago, counted, day, minute, moment, size, span};

use crate::{cli::output::redacted_value, logwatch::how_far, store::LogProgress, text::plain};

/// Most characters of a name: a package, a version, an account.
const NAME: usize = 120;
/// Most characters of a sentence or two, or of a URL.
const SENTENCE: usize = 1_000;

/// The sign for an unknown value.
pub const NOTHING: &str = "–";

/// A name, safe to show.
#[expect(clippy::needless_pass_by_value, reason = "names come owned and borrowed, and this is mapped over them")]
pub fn name(text: impl ToString) -> String {
    cut(&text.to_string(), NAME)
}

/// A sentence, safe to show.
#[expect(clippy::needless_pass_by_value, reason = "names come owned and borrowed, and this is mapped over them")]
pub fn sentence(text: impl ToString) -> String {
    cut(&text.to_string(), SENTENCE)
}

/// A text on one line of at most `limit` characters, safe to show; addresses are redacted first, since half of one would not
/// be known.
pub fn cut(text: &str, limit: usize) -> String {
    plain(&redacted_value(text), limit)
}

/// A reading without stored progress for this long was interrupted, or the log does not answer.
const STOOD_STILL: TimeDelta = TimeDelta::minutes(2);

/// The progress of reading a log, perhaps by another process.
pub fn catching_up(progress: &LogProgress, now: DateTime<Utc>) -> String {
    if now - progress.at < STOOD_STILL {
        return how_far(progress);
    }
    let stands = progress.come(progress.next, progress.since);
    format!("{}; no progress since {}", how_far(&stands), moment(progress.at))
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
        assert!(after(9).starts_with("30 % of the entries 0 to 999999; no progress since 2026-06-01"));
    }

    #[test]
    fn names_cannot_drive_the_terminal() {
        assert_eq!(name("a\u{1b}[2Jb\u{202e}"), r"a\u{1b}[2Jb\u{202e}");
    }
}

//! Parses times that an operator names: a day, a moment, or a length of time from now.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::exit::CliError;
use crate::config::Period;

/// A time that an operator names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    At(DateTime<Utc>),
    /// So long from now, or ago.
    Away(Period),
}

impl When {
    /// The time, if the length lies ahead.
    pub fn ahead(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::At(at) => at,
            Self::Away(period) => now.checked_add_signed(period.delta()).unwrap_or(DateTime::<Utc>::MAX_UTC),
        }
    }

    /// The time, if the length lies behind.
    pub fn ago(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::At(at) => at,
            Self::Away(period) => now.checked_sub_signed(period.delta()).unwrap_or(DateTime::<Utc>::MIN_UTC),
        }
    }
}

/// When something ends: `--until` or `--for`, which take the same values.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(multiple = false)]
pub struct End {
    /// When it ends: 2026-12-24, 2026-12-24T08:00:00Z, or 7d from now
    #[arg(long, value_name = "TIME", value_parser = when)]
    until: Option<When>,
    /// How long it lasts: 2h, 14d; takes the same values as --until
    #[arg(long = "for", value_name = "PERIOD", value_parser = when)]
    long: Option<When>,
}

impl End {
    /// The end, if one was given; a length counts from `start`.
    pub fn after(self, start: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.until.or(self.long).map(|end| end.ahead(start))
    }

    /// The end of what must have one.
    ///
    /// # Errors
    /// None was given.
    pub fn required(self, start: DateTime<Utc>, what: &str) -> Result<DateTime<Utc>, CliError> {
        let missing = || CliError::usage(format!("{what} needs an end: --until 2026-12-24, or --for 14d"));
        self.after(start).ok_or_else(missing)
    }
}

/// A day (its first moment in UTC), a moment or a length of time.
///
/// # Errors
/// It is neither.
pub fn when(text: &str) -> Result<When, String> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(When::At(day.and_time(NaiveTime::MIN).and_utc()));
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(When::At(at.to_utc()));
    }
    let period = text.parse::<Period>();
    period.map(When::Away).map_err(|error| format!("expected 2026-12-24, 2026-12-24T08:00:00Z or 7d ({error})"))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn an_end_is_a_time_or_a_length() {
        let now: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        let end = |until: Option<&str>, long: Option<&str>| {
            let read = |text: &str| when(text).unwrap();
            End { until: until.map(read), long: long.map(read) }
        };
        let later = "2026-06-08T12:00:00Z".parse().unwrap();
        assert_eq!(end(Some("7d"), None).after(now), Some(later));
        assert_eq!(end(None, Some("7d")).after(now), Some(later));
        assert_eq!(end(None, Some("2026-06-08T12:00:00Z")).required(now, "a snooze").unwrap(), later);
        let error = end(None, None).required(now, "a snooze").unwrap_err().to_string();
        assert!(error.contains("a snooze needs an end: --until 2026-12-24, or --for 14d"), "{error}");
    }

    #[test]
    fn days_moments_and_lengths_are_times() {
        let now: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        for (text, ahead) in [
            ("2026-12-24", "2026-12-24T00:00:00Z"),
            ("2026-12-24T08:00:00Z", "2026-12-24T08:00:00Z"),
            ("2026-12-24T08:00:00+02:00", "2026-12-24T06:00:00Z"),
            ("7d", "2026-06-08T12:00:00Z"),
            ("12h", "2026-06-02T00:00:00Z"),
        ] {
            assert_eq!(when(text).unwrap().ahead(now), ahead.parse::<DateTime<Utc>>().unwrap(), "{text}");
        }
        assert_eq!(when("7d").unwrap().ago(now), now - TimeDelta::days(7));
        for text in ["", "tomorrow", "7", "-7d", "99999d", "2026-13-01", "2026-02-30", "24.12.2026", "٧d"] {
            let error = when(text).unwrap_err();
            assert!(error.starts_with("expected 2026-12-24"), "{text}: {error}");
        }
    }
}

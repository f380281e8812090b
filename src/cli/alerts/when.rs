//! Parses the times of the life cycle: a day, a moment, or a length of time from now.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use crate::config::Period;

/// A time that an operator names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
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

/// A day (its first moment in UTC), a moment or a length of time.
///
/// # Errors
/// It is neither.
pub(super) fn when(text: &str) -> Result<When, String> {
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

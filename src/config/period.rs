//! Lengths of time as the configuration writes them: `30s`, `5m`, `2h`.

use std::{fmt, str::FromStr, time::Duration};

use chrono::TimeDelta;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Longest period: a year. A longer one is a mistake, and would overflow sums with the time.
const MAX_SECONDS: u64 = 366 * 86_400;

/// A length of time as people write it: a whole number and `ms`, `s`, `m`, `h` or `d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period(Duration);

impl Period {
    /// That many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// That many minutes.
    pub const fn minutes(minutes: u64) -> Self {
        Self::seconds(60 * minutes)
    }

    /// That many hours.
    pub const fn hours(hours: u64) -> Self {
        Self::minutes(60 * hours)
    }

    /// The same as the standard library's type.
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// The same as a difference of times; one that is too long for that becomes the longest.
    pub fn delta(self) -> TimeDelta {
        TimeDelta::from_std(self.0).unwrap_or(TimeDelta::MAX)
    }
}

impl From<Duration> for Period {
    /// A length of time that is known to be writable.
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl From<Period> for Duration {
    fn from(period: Period) -> Self {
        period.0
    }
}

/// Milliseconds of each unit, the longest first.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = || "expected a whole number and a unit (ms, s, m, h, d), such as \"30s\"".to_owned();
        let (number, unit) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit.trim()).ok_or_else(expected)?;
        let number: u64 = number.parse().map_err(|_| expected())?;
        match number.checked_mul(*factor) {
            Some(0) => Err("expected more than zero".to_owned()),
            Some(millis) if millis <= MAX_SECONDS * 1000 => Ok(Self(Duration::from_millis(millis))),
            _ => Err("expected at most a year".to_owned()),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let (unit, factor) =
            UNITS.iter().find(|(_, factor)| millis.is_multiple_of(u128::from(*factor))).unwrap_or(&UNITS[4]);
        write!(f, "{}{unit}", millis / u128::from(*factor))
    }
}

impl TryFrom<String> for Period {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

impl JsonSchema for Period {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Period".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "period", "examples": ["30s"]})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_survive_a_round_trip() {
        for text in ["1ms", "1500ms", "90s", "5m", "36h", "2d"] {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), text);
        }
        assert_eq!("60s".parse::<Period>().unwrap().to_string(), "1m");
        assert_eq!("10 s".parse(), Ok(Period::seconds(10)));
    }

    #[test]
    fn obnoxious_periods_are_refused() {
        for text in
            ["", "s", "5", "-1s", "1.5h", "0s", "367d", "99999999999999999999s", "184467440737095516d", "5 weeks", "٣s"]
        {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }
}

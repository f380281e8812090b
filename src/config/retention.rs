//! How long the store keeps what it may lose, as the configuration writes it: `400d`.

use std::{fmt, str::FromStr};

use chrono::TimeDelta;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The shortest and the longest retention in days: a feed that loses its place announces the changes of weeks again.
const DAYS: std::ops::RangeInclusive<u32> = 30..=3660;

/// A whole number of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Retention(u32);

impl Retention {
    /// As a difference of times.
    pub fn delta(self) -> TimeDelta {
        TimeDelta::days(self.0.into())
    }
}

impl Default for Retention {
    /// A year and a month: what happened this time last year is still there.
    fn default() -> Self {
        Self(400)
    }
}

impl FromStr for Retention {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = || "expected a whole number of days, such as \"400d\"".to_owned();
        let number = text.strip_suffix('d').ok_or_else(expected)?.trim_end();
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(expected());
        }
        let days = number.parse().ok().filter(|days| DAYS.contains(days));
        days.map(Self).ok_or_else(|| format!("expected {} to {} days", DAYS.start(), DAYS.end()))
    }
}

impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}d", self.0)
    }
}

impl TryFrom<String> for Retention {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Retention> for String {
    fn from(retention: Retention) -> Self {
        retention.to_string()
    }
}

impl JsonSchema for Retention {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Retention".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "retention", "examples": ["400d"]})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_is_a_whole_number_of_days_within_bounds() {
        for text in ["30d", "400d", "3660d"] {
            assert_eq!(text.parse::<Retention>().unwrap().to_string(), text);
        }
        assert_eq!("400 d".parse(), Ok(Retention::default()));
        assert_eq!(Retention::default().delta(), TimeDelta::days(400));
        for text in ["29d", "3661d", "0d", "99999999999999999999d"] {
            assert_eq!(text.parse::<Retention>(), Err("expected 30 to 3660 days".to_owned()), "{text}");
        }
        for text in ["", "d", "400", "400h", "400D", "-400d", "+400d", "4e2d", "400.0d", "٤٠٠d", "forever"] {
            assert!(text.parse::<Retention>().unwrap_err().contains("\"400d\""), "{text}");
        }
    }
}

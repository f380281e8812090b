//! The id of an alert: the start of its fingerprint, short enough to type.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How people and messages call an alert: the first 12 digits of its [`Fingerprint`](super::Fingerprint), which makes it.
///
/// Two alerts may have the same, if somebody takes pains to find such names: what is stored is looked up by the fingerprint.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct AlertId(Kind);

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Kind {
    Stored([u8; AlertId::DIGITS / 2]),
    Test,
    Drill,
}

/// Most characters of a text that is refused.
const SHOWN: usize = 40;

/// The text form of [`AlertId::TEST`].
const TEST: &str = "test";
/// The text form of [`AlertId::DRILL`].
const DRILL: &str = "drill";

impl AlertId {
    /// Digits of the text form.
    pub const DIGITS: usize = 12;

    /// The id of an alert that only tries a receiver and is not stored. As text it is `test`.
    pub const TEST: Self = Self(Kind::Test);

    /// The id of the alert about the made-up takeover of a drill, which is not stored either. As text it is `drill`.
    pub const DRILL: Self = Self(Kind::Drill);

    /// The id of the alert whose fingerprint begins so.
    pub(super) const fn beginning(bytes: [u8; Self::DIGITS / 2]) -> Self {
        Self(Kind::Stored(bytes))
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Stored(bytes) => f.pad(&hex::encode(bytes)),
            Kind::Test => f.pad(TEST),
            Kind::Drill => f.pad(DRILL),
        }
    }
}

impl fmt::Debug for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlertId({self})")
    }
}

impl FromStr for AlertId {
    type Err = InvalidAlertId;

    fn from_str(text: &str) -> Result<Self, InvalidAlertId> {
        match text {
            TEST => return Ok(Self::TEST),
            DRILL => return Ok(Self::DRILL),
            _ => {}
        }
        let mut bytes = [0; Self::DIGITS / 2];
        let read = hex::decode_to_slice(text, &mut bytes);
        if read.is_err() || text.bytes().any(|digit| digit.is_ascii_uppercase()) {
            return Err(InvalidAlertId { text: text.chars().take(SHOWN).collect() });
        }
        Ok(Self::beginning(bytes))
    }
}

impl TryFrom<String> for AlertId {
    type Error = InvalidAlertId;

    fn try_from(text: String) -> Result<Self, InvalidAlertId> {
        text.parse()
    }
}

impl From<AlertId> for String {
    fn from(id: AlertId) -> Self {
        id.to_string()
    }
}

/// A text that is not the id of an alert.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{text:?} is not the id of an alert; expected {} lower-case hexadecimal digits", AlertId::DIGITS)]
pub struct InvalidAlertId {
    /// Its beginning.
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_text_and_its_json_are_the_same() {
        for text in ["6adc1e73047a", "000000000000", "test", "drill"] {
            let id: AlertId = text.parse().unwrap();
            assert_eq!((id.to_string(), id == AlertId::TEST), (text.to_owned(), text == "test"));
            assert_eq!(id == AlertId::DRILL, text == "drill");
            assert_eq!(serde_json::to_value(id).unwrap(), text);
            assert_eq!(serde_json::from_value::<AlertId>(text.into()).unwrap(), id);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let long = "6adc1e73047a".repeat(9_000);
        for text in
            ["", "6adc", "6adc1e73047a0", "6adc1e73047a ", "6ADC1E73047A", "6adc1e73047%", "Test", "x; reboot", &long]
        {
            let error = text.parse::<AlertId>().unwrap_err().to_string();
            assert!(error.contains("12 lower-case") && error.len() < 250, "{error}");
            assert!(serde_json::from_value::<AlertId>(text.into()).is_err(), "{text:.80}");
        }
    }
}

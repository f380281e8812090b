//! The start of an id or fingerprint, as people type it to name an alert.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use super::Fingerprint;

/// The text with which an operator names an alert: the first digits of its fingerprint, be it fewer than its id has,
/// its id, or all of them, in either case. Several alerts may begin so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertPrefix {
    digits: String,
    first: Fingerprint,
    last: Fingerprint,
}

impl AlertPrefix {
    /// Every fingerprint that begins so.
    pub fn fingerprints(&self) -> RangeInclusive<Fingerprint> {
        self.first..=self.last
    }
}

impl fmt::Display for AlertPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.digits)
    }
}

impl FromStr for AlertPrefix {
    type Err = InvalidAlertPrefix;

    fn from_str(text: &str) -> Result<Self, InvalidAlertPrefix> {
        let invalid = || InvalidAlertPrefix { text: text.chars().take(Fingerprint::DIGITS).collect() };
        if text.is_empty() || text.len() > Fingerprint::DIGITS {
            return Err(invalid());
        }
        let digits = text.to_ascii_lowercase();
        let filled_up = |digit: &str| {
            let rest = digit.repeat(Fingerprint::DIGITS - digits.len());
            format!("{digits}{rest}").parse::<Fingerprint>().map_err(|_| invalid())
        };
        Ok(Self { first: filled_up("0")?, last: filled_up("f")?, digits })
    }
}

/// A text with which no alert's id begins.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{text:?} is not the id of an alert; expected its first hexadecimal digits, such as 6adc1e73")]
pub struct InvalidAlertPrefix {
    /// Its beginning.
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_beginning_of_a_fingerprint_in_either_case() {
        let whole = "0123456789abcdef".repeat(4);
        let fingerprint: Fingerprint = whole.parse().unwrap();
        for typed in ["0", "0123456789ab", "0123456789AB", &whole, &whole.to_uppercase(), &whole[..13]] {
            let prefix: AlertPrefix = typed.parse().unwrap();
            assert!(prefix.fingerprints().contains(&fingerprint), "{typed}");
            assert_eq!(prefix.to_string(), typed.to_lowercase());
        }
        for typed in ["1", "0123456789ac", "012345678ab"] {
            assert!(!typed.parse::<AlertPrefix>().unwrap().fingerprints().contains(&fingerprint), "{typed}");
        }
        let all = whole.parse::<AlertPrefix>().unwrap();
        assert_eq!(all.fingerprints(), fingerprint..=fingerprint, "nothing else begins with all of it");
    }

    #[test]
    fn anything_else_is_refused() {
        let long = "0".repeat(65);
        for typed in [
            "", " ", "6adc ", " 6adc", "0x6adc", "axios", "test", "%", "6adc%", "6_dc", "*", "' OR 1=1", "é", "６",
            &long,
        ] {
            let error = typed.parse::<AlertPrefix>().unwrap_err().to_string();
            assert!(error.contains("expected its first hexadecimal digits") && error.len() < 250, "{error}");
        }
    }
}

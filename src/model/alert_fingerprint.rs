//! The fingerprint of an alert: two findings with the same fingerprint are one alert.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{AlertId, AlertKind, ReleaseId};

/// What makes it the same alert when it is raised again: a hash of its kind and of what it is about.
///
/// As text and JSON it is a SHA-256 in lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Digits of the text form.
    pub const DIGITS: usize = 64;

    /// The fingerprint of an alert of a kind about `subject` (a purl, a source's name).
    pub fn of(kind: AlertKind, subject: &str) -> Self {
        Self(Sha256::digest(format!("{}\n{subject}", kind.as_str())).into())
    }

    /// The fingerprint of the alert about a release.
    pub fn of_release(release: &ReleaseId) -> Self {
        Self::of(AlertKind::Release, &release.to_string())
    }

    /// The id of the alert.
    pub const fn id(&self) -> AlertId {
        let (start, _) = self.0.split_first_chunk().expect("a fingerprint is longer than an id");
        AlertId::beginning(*start)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&hex::encode(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        let mut bytes = [0; Self::DIGITS / 2];
        let read = hex::decode_to_slice(text, &mut bytes);
        // Two spellings of one fingerprint would be two rows.
        if read.is_err() || text.bytes().any(|digit| digit.is_ascii_uppercase()) {
            return Err(InvalidFingerprint { text: text.chars().take(Self::DIGITS).collect() });
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = InvalidFingerprint;

    fn try_from(text: String) -> Result<Self, InvalidFingerprint> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

/// A text that is not a fingerprint.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{text:?} is not the fingerprint of an alert; expected {} lower-case hexadecimal digits", Fingerprint::DIGITS)]
pub struct InvalidFingerprint {
    /// Its beginning.
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_from_the_kind_and_the_subject_as_in_earlier_versions() {
        let release = "pkg:npm/axios@1.14.1".parse().unwrap();
        let fingerprint = Fingerprint::of_release(&release);
        assert_eq!(fingerprint.to_string(), hex::encode(Sha256::digest("release\npkg:npm/axios@1.14.1")));
        assert!(fingerprint.to_string().starts_with(&fingerprint.id().to_string()));
        assert_eq!(fingerprint, Fingerprint::of(AlertKind::Release, "pkg:npm/axios@1.14.1"));
        assert_ne!(fingerprint, Fingerprint::of(AlertKind::Campaign, "pkg:npm/axios@1.14.1"));
    }

    #[test]
    fn its_text_and_its_json_are_the_same_digits() {
        let text = "0123456789abcdef".repeat(4);
        let fingerprint: Fingerprint = text.parse().unwrap();
        assert_eq!((fingerprint.to_string(), fingerprint.id().to_string()), (text.clone(), "0123456789ab".to_owned()));
        assert_eq!(serde_json::to_string(&fingerprint).unwrap(), format!("{text:?}"));
        assert_eq!(serde_json::from_str::<Fingerprint>(&format!("{text:?}")).unwrap(), fingerprint);
    }

    #[test]
    fn anything_else_is_refused() {
        let good = "0123456789abcdef".repeat(4);
        for text in [
            "",
            "0123456789ab",
            &good[1..],
            &format!("{good}0"),
            &format!("{good} "),
            &format!("{}g", &good[1..]),
            &format!("{}é", &good[2..]),
            &good.to_uppercase(),
            &"%".repeat(64),
            &"é".repeat(5_000),
        ] {
            let error = text.parse::<Fingerprint>().unwrap_err().to_string();
            assert!(error.contains("64 lower-case") && error.len() < 250, "{error}");
            assert!(serde_json::from_value::<Fingerprint>(text.into()).is_err(), "{text:.80}");
        }
    }
}

//! The digest of a file as people and lock files write it.

use std::{fmt, str::FromStr};

use base64::{Engine, prelude::BASE64_STANDARD};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A SHA-256 or SHA-512 of a file. Its text is `sha256:` or `sha512:` and lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileDigest {
    algorithm: Algorithm,
    hex: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Algorithm {
    Sha256,
    Sha512,
}

/// The reason why a text is not a digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFileDigest {
    /// The text does not look like a digest.
    #[error("not a digest; expected sha256: or sha512: and hexadecimal digits, or sha512- and base64")]
    OtherForm,
    /// The algorithm is broken.
    #[error("{0} is not safe; give the SHA-256 or SHA-512")]
    Unsafe(String),
    /// The digits are wrong, or are too few or too many.
    #[error("not a digest: {0}; expected sha256: or sha512: and hexadecimal digits, or sha512- and base64")]
    Digits(String),
}

impl FileDigest {
    /// The algorithm: `sha256` or `sha512`.
    pub const fn algorithm(&self) -> &'static str {
        match self.algorithm {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
        }
    }

    /// The digest, as lower-case hexadecimal digits.
    pub fn hex(&self) -> &str {
        &self.hex
    }

    fn of(length: usize, bytes: &[u8]) -> Result<Self, InvalidFileDigest> {
        if bytes.len() != length {
            let why = format!("it has {} bytes where {length} are expected", bytes.len());
            return Err(InvalidFileDigest::Digits(why));
        }
        Ok(Self {
            algorithm: if length == 32 { Algorithm::Sha256 } else { Algorithm::Sha512 },
            hex: hex::encode(bytes),
        })
    }
}

/// `sha256:…` and `sha512:…` in hexadecimal, `sha256-…` and `sha512-…` in base64 as in lock files, or bare hexadecimal
/// digits.
impl FromStr for FileDigest {
    type Err = InvalidFileDigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let of_hex = |length, text: &str| match hex::decode(text) {
            Ok(bytes) => Self::of(length, &bytes),
            Err(error) => Err(InvalidFileDigest::Digits(error.to_string())),
        };
        let of_base64 = |length, text: &str| match BASE64_STANDARD.decode(text) {
            Ok(bytes) => Self::of(length, &bytes),
            Err(error) => Err(InvalidFileDigest::Digits(error.to_string())),
        };
        match text.split_once([':', '-']) {
            Some(("sha256", hex)) if text.contains(':') => of_hex(32, hex),
            Some(("sha512", hex)) if text.contains(':') => of_hex(64, hex),
            Some(("sha256", base64)) => of_base64(32, base64),
            Some(("sha512", base64)) => of_base64(64, base64),
            Some((algorithm @ ("md5" | "sha1"), _)) => Err(InvalidFileDigest::Unsafe(algorithm.to_owned())),
            _ if [64, 128].contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                of_hex(text.len() / 2, text)
            }
            _ => Err(InvalidFileDigest::OtherForm),
        }
    }
}

impl TryFrom<String> for FileDigest {
    type Error = InvalidFileDigest;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<FileDigest> for String {
    fn from(digest: FileDigest) -> Self {
        digest.to_string()
    }
}

impl fmt::Display for FileDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm(), self.hex)
    }
}

impl JsonSchema for FileDigest {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FileDigest".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "The digest of a file: sha256: or sha512: and lower-case hexadecimal digits.",
            "pattern": "^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_common_form_is_one_digest() {
        let hex = "ab".repeat(32);
        let base64 = BASE64_STANDARD.encode([0xab; 32]);
        for text in [format!("sha256:{hex}"), hex.clone(), hex.to_uppercase(), format!("sha256-{base64}")] {
            let digest: FileDigest = text.parse().unwrap();
            assert_eq!((digest.algorithm(), digest.hex()), ("sha256", &*hex), "{text}");
            assert_eq!(serde_json::to_value(&digest).unwrap(), format!("sha256:{hex}"));
        }
        let long: FileDigest = "cd".repeat(64).parse().unwrap();
        assert_eq!(long.algorithm(), "sha512");
    }

    #[test]
    fn other_texts_are_refused_with_the_expected_form() {
        for (text, expected) in [
            ("", "not a digest; expected"),
            ("widget.tgz", "not a digest; expected"),
            ("sha1:ab", "sha1 is not safe"),
            ("md5-ab", "md5 is not safe"),
            ("sha256:ab", "it has 1 bytes where 32 are expected"),
            ("sha512:xy", "Invalid character"),
            ("sha256-!", "Invalid symbol"),
        ] {
            let error = text.parse::<FileDigest>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}

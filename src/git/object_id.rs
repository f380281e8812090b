//! Object ids of Git: the hash of an object by SHA-1 or SHA-256, written as 40 or 64 hexadecimal digits.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// The id of an object.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectId {
    /// Of a repository with SHA-1, which is the usual one.
    Sha1([u8; 20]),
    /// Of a repository with SHA-256.
    Sha256([u8; 32]),
}

/// A text that is not an object id.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an object id has 40 or 64 hexadecimal digits")]
pub struct NotAnObjectId;

impl ObjectId {
    /// Reads the digits.
    pub(super) fn from_digits(digits: &[u8]) -> Option<Self> {
        match digits.len() {
            40 => {
                let mut id = [0; 20];
                hex::decode_to_slice(digits, &mut id).ok().map(|()| Self::Sha1(id))
            }
            64 => {
                let mut id = [0; 32];
                hex::decode_to_slice(digits, &mut id).ok().map(|()| Self::Sha256(id))
            }
            _ => None,
        }
    }

    /// Whether two ids are of the same kind of hash, as all ids of one repository are.
    pub(super) fn is_like(self, other: Self) -> bool {
        matches!((self, other), (Self::Sha1(_), Self::Sha1(_)) | (Self::Sha256(_), Self::Sha256(_)))
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Sha1(id) => id,
            Self::Sha256(id) => id,
        }
    }
}

impl FromStr for ObjectId {
    type Err = NotAnObjectId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_digits(text.as_bytes()).ok_or(NotAnObjectId)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ObjectId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ObjectId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_40_or_64_digits() {
        for digits in ["0123456789abcdef0123456789abcdef01234567".to_owned(), "ab".repeat(32)] {
            assert_eq!(digits.parse::<ObjectId>().unwrap().to_string(), digits);
            assert_eq!(digits.to_uppercase().parse::<ObjectId>().unwrap().to_string(), digits);
        }
        for text in [String::new(), "a".repeat(39), "a".repeat(41), "g".repeat(40), "ä".repeat(20), "a".repeat(80)] {
            assert_eq!(text.parse::<ObjectId>(), Err(NotAnObjectId), "{text}");
        }
    }
}

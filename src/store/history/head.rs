//! The head of the history: its last entry, in the short form in which it leaves the store.

use std::{fmt, str::FromStr};

use rusqlite::{Connection, OptionalExtension};

use super::hashes::Hash;
use crate::store::{Store, StoreError, columns, error::QueryFailure};

/// Digits of a hash in the short form: 128 bits, which nobody can meet by trying.
const SHORT: usize = 32;
/// Fewest digits of a noted hash: fewer could be met by trying.
const FEWEST: usize = 16;

/// The head of the history. Its text, `SEQ:HASH`, is the short form that digests carry and `store check --head` reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the last entry.
    pub seq: i64,
    /// The hash over all entries.
    pub chain: Hash,
}

impl Head {
    /// The hash in the short form.
    pub fn short_hash(&self) -> String {
        hex::encode(self.chain)[..SHORT].to_owned()
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.short_hash())
    }
}

/// A head that somebody noted earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotedHead {
    /// The number of the entry.
    pub seq: i64,
    /// The first digits of its hash.
    pub digits: String,
}

impl NotedHead {
    pub(super) fn is_of(&self, chain: &[u8]) -> bool {
        hex::encode(chain).starts_with(&self.digits)
    }
}

impl fmt::Display for NotedHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.digits)
    }
}

impl FromStr for NotedHead {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = || {
            format!("expected SEQ:HASH, as `provwatch store check` prints it, with {FEWEST} to 64 hexadecimal digits")
        };
        let (seq, digits) = text.trim().split_once(':').ok_or_else(expected)?;
        let is_number = !seq.is_empty() && seq.bytes().all(|byte| byte.is_ascii_digit());
        let seq = seq.parse().ok().filter(|seq| is_number && *seq > 0).ok_or_else(expected)?;
        let is_hash = (FEWEST..=64).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash { Ok(Self { seq, digits: digits.to_ascii_lowercase() }) } else { Err(expected()) }
    }
}

impl Store {
    /// The head of the history; `None`: it has no entry that can be read. Its short form is its text.
    ///
    /// # Errors
    /// As every read.
    pub fn history_head(&self) -> Result<Option<Head>, StoreError> {
        self.read("reading the head of the history", |db| head(db))
    }
}

/// The last entry.
pub(in crate::store) fn head(db: &Connection) -> Result<Option<Head>, QueryFailure> {
    let mut query = db.prepare_cached("SELECT seq, chain FROM history ORDER BY seq DESC LIMIT 1")?;
    let found = query.query_row([], |row| Ok(Head { seq: row.get(0)?, chain: row.get::<_, columns::Hash>(1)?.0 }));
    // `store check` names an entry that cannot be read.
    Ok(crate::store::reading::known(found.optional()).transpose()?.flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noted_head_is_a_number_and_at_least_sixteen_digits() {
        let head = Head { seq: 7, chain: [0xab; 32] };
        assert_eq!(head.to_string(), format!("7:{}", "ab".repeat(16)));
        for text in [head.to_string(), "7:ABABABABABABABAB".to_owned(), format!(" 7:{}\n", "ab".repeat(32))] {
            let noted: NotedHead = text.parse().unwrap();
            assert!(noted.seq == 7 && noted.is_of(&head.chain), "{text}");
        }
        let other: NotedHead = "7:abababababababac".parse().unwrap();
        assert!(!other.is_of(&head.chain));
        for text in [
            "",
            ":",
            "7",
            "7:",
            "7:ab",
            "7:abababababababa",
            "0:abababababababab",
            "-7:abababababababab",
            "+7:abababababababab",
            "7:zbababababababab",
            "9223372036854775808:abababababababab",
            "7:abababababababab:1",
            "٧:abababababababab",
        ] {
            assert!(text.parse::<NotedHead>().unwrap_err().contains("expected SEQ:HASH"), "{text}");
        }
        assert!(format!("7:{}", "a".repeat(65)).parse::<NotedHead>().is_err());
    }
}

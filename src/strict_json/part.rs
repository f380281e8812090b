//! Reads parts of JSON documents, with the reason when one is malformed.

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::text::quoted;

/// Most characters of a reason that quotes a document.
const MAX_REASON: usize = 300;

/// Reads a part of a document that was left raw, so that a malformed part does not take the document with it.
///
/// # Errors
/// Why it could not be read: larger than `limit` bytes, or not of the wanted shape.
pub fn read_part<'a, T: Deserialize<'a>>(part: &'a RawValue, limit: usize) -> Result<T, String> {
    let text = part.get();
    if text.len() > limit {
        return Err(format!("its part of the document has {} bytes, more than {limit}", text.len()));
    }
    serde_json::from_str(text).map_err(reason)
}

/// A reason fit for people: what it quotes of a hostile document neither floods nor garbles the line.
pub fn reason(why: impl fmt::Display) -> String {
    quoted(why, MAX_REASON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_a_limit() {
        let raw: &RawValue = serde_json::from_str("\"0123456789\"").unwrap();
        assert_eq!(read_part::<String>(raw, 12).unwrap(), "0123456789");
        assert!(read_part::<String>(raw, 11).unwrap_err().contains("12 bytes, more than 11"));
    }

    #[test]
    fn reasons_are_short_and_printable() {
        let reason = reason(format_args!("bad\n\u{1b}[31m{}", "x".repeat(10_000)));
        assert!(reason.starts_with("bad\u{fffd}\u{fffd}[31m"));
        assert_eq!(reason.chars().count(), MAX_REASON + 1);
    }
}

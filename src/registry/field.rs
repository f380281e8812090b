//! Parses and validates single fields of registry documents.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Utc};
use sha2::{Digest, Sha256};

use crate::text::quoted;

/// Longest accepted version, in bytes: the most that a purl can carry.
const MAX_VERSION: usize = 300;

/// An RFC 3339 time of this era. Others are mistakes, and years beyond 9999 have no RFC 3339 form.
pub(super) fn time(text: &str) -> Option<DateTime<Utc>> {
    plausible(DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}

/// The time itself if it is of this era.
pub(super) fn plausible(time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (1990..=9998).contains(&time.year()).then_some(time)
}

/// Whether a text can be the version of a release: visible ASCII of at most 300 bytes with a letter or digit.
pub(super) fn is_version(text: &str) -> bool {
    text.len() <= MAX_VERSION
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b'/' && b != b'\\')
        && text.bytes().any(|b| b.is_ascii_alphanumeric())
}

/// A SHA-256 in hex, in lower case.
pub(super) fn sha256(text: &str) -> Option<String> {
    (text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())).then(|| text.to_ascii_lowercase())
}

/// A text of a document for people: one line of at most 200 characters, with a mark if there is more.
pub(super) fn shown(text: &str) -> String {
    quoted(text, 200)
}

/// A version that no purl can name, as it is stored and shown: itself if it is short, else its beginning and a mark
/// that distinguishes it from others with the same beginning.
pub(super) fn shown_name(text: &str) -> String {
    if text.len() <= 1000 {
        return text.to_owned();
    }
    format!("{} ({} bytes, SHA-256 {})", quoted(text, 400), text.len(), &digest(text.as_bytes())[..12])
}

/// The SHA-256 of some bytes, in hex.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Adds a dependency. One that is named several times (per platform) keeps each range, separated by ` || `.
pub(super) fn add_range(ranges: &mut BTreeMap<String, String>, name: String, range: &str) {
    let all = ranges.entry(name).or_default();
    if all.split(" || ").any(|known| known == range) {
        return;
    }
    if !all.is_empty() {
        all.push_str(" || ");
    }
    all.push_str(range);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_times_of_this_era_are_taken() {
        assert_eq!(time("2024-11-06T22:37:10.868088+01:00").unwrap().to_rfc3339(), "2024-11-06T21:37:10.868088+00:00");
        for text in
            ["", "yesterday", "2024-11-06", "2024-13-01T00:00:00Z", "0001-01-01T00:00:00Z", "+12024-01-01T00:00:00Z"]
        {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn versions_are_visible_and_short() {
        assert!(["1.0", "1!2.0+local.1", "2004d", &"1".repeat(300)].into_iter().all(is_version));
        let long = "1".repeat(301);
        assert!(!["", "..", "1 0", "1\n", "1/2", "١", &long].into_iter().any(is_version));
    }

    #[test]
    fn ranges_of_one_name_are_kept_together() {
        let mut ranges = BTreeMap::new();
        for range in ["^1", "^2", "^1"] {
            add_range(&mut ranges, "a".to_owned(), range);
        }
        assert_eq!(ranges["a"], "^1 || ^2");
    }
}

//! Quotes foreign text, bounded and harmless to its surroundings.

use std::fmt::Display;

use super::misleads;

/// A quotation on one line: what [`misleads`] becomes `U+FFFD`, and what is beyond `limit` characters becomes `…`, with the
/// word in which the limit falls where that is short: half an address is another one.
pub fn quoted(text: impl Display, limit: usize) -> String {
    let text = text.to_string();
    let mut chars = text.chars().map(|c| if misleads(c) { char::REPLACEMENT_CHARACTER } else { c });
    let mut quoted: String = chars.by_ref().take(limit).collect();
    if let Some(next) = chars.next() {
        let begun = quoted.rfind(' ').map_or(0, |blank| blank + 1);
        if begun > 0 && next != ' ' && quoted[begun..].chars().count() <= limit / 2 {
            quoted.truncate(begun);
        }
        quoted.push('…');
    }
    quoted
}

/// Most digests that stay whole in a text: what was expected, what was seen, and one more.
const WHOLE: usize = 3;

/// As [`quoted`], but the first digests stay whole and count for nothing: half of one proves nothing, whoever compares needs
/// all of it, and its form bounds it.
pub fn quoted_with_digests(text: impl Display, limit: usize) -> String {
    let (mut quote, mut room, mut digests) = (String::new(), limit, WHOLE);
    for word in text.to_string().split_inclusive(' ') {
        let length = word.chars().count();
        if digests > 0 && is_digest(word.trim_matches(|c: char| !c.is_ascii_alphanumeric())) && length <= MAX_DIGEST {
            digests -= 1;
            quote.push_str(&quoted(word, MAX_DIGEST));
        } else if length > room {
            let is_short = !quote.is_empty() && room <= limit / 2;
            quote.push_str(&if is_short { "…".to_owned() } else { quoted(word, room) });
            break;
        } else {
            quote.push_str(&quoted(word, room));
            room -= length;
        }
    }
    quote
}

/// Longest digest with what stands around it: SHA-512 in hexadecimal, its name, quotes, a comma.
const MAX_DIGEST: usize = 150;

/// Whether a word is a digest in hexadecimal, alone or behind the name of its algorithm.
fn is_digest(word: &str) -> bool {
    let hex = word.rsplit(':').next().unwrap_or(word);
    matches!(hex.len(), 40 | 64 | 96 | 128) && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_stay_whole_where_free_text_is_cut() {
        let (sha256, sha512) = ("a1".repeat(32), "b2".repeat(64));
        let both = format!("it serves sha512 {sha512}, the other names sha512:{sha512}");
        assert_eq!(quoted_with_digests(&both, 40), both);
        let long = format!("{sha256} {}", "x".repeat(50));
        assert_eq!(quoted_with_digests(&long, 10), format!("{sha256} {}…", "x".repeat(10)));
        assert_eq!(quoted_with_digests("12345678901", 10), quoted("12345678901", 10));
        // Neither many digests nor what only looks like one makes a text of any length.
        let many = format!("{sha256} ").repeat(1000);
        assert!(quoted_with_digests(&many, 100).chars().count() <= 100 + 1 + WHOLE * MAX_DIGEST);
        let (no_hex, odd) = ("g".repeat(64), "a".repeat(65));
        for text in [no_hex, odd, format!("{}:{sha256}", "x".repeat(500)), format!("a\u{1b}[2J{sha256}")] {
            let shown = quoted_with_digests(&text, 20);
            assert!(shown.chars().count() <= 21 && !shown.chars().any(misleads), "{shown}");
        }
    }

    #[test]
    fn quotations_are_harmless() {
        for (text, line) in [
            ("branch main", "branch main"),
            ("a\nb\u{1b}[31m\u{202e}c", "a\u{fffd}b\u{fffd}[31m\u{fffd}c"),
            ("12345678901234567890", "12345678901234567890"),
            ("123456789012345678901", "12345678901234567890…"),
            ("ü\u{200b}\u{feff}", "ü\u{fffd}\u{fffd}"),
            ("fetching 1 of https://tuf.example/17.root.json", "fetching 1 of …"),
            ("fetching a file of it again", "fetching a file of …"),
            ("a: 12345678901234567890", "a: 12345678901234567…"),
        ] {
            assert_eq!(quoted(text, 20), line);
        }
    }
}

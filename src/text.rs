//! Text for people: errors with their causes, quotations that cannot garble what stands around them, lines that fit.
//! Imports nothing.

use std::{
    error::Error,
    fmt::{Display, Write},
    iter,
};

use chrono::TimeDelta;

/// An error and its causes on one line. A cause that only repeats the one above it is left out.
pub fn with_causes(error: &dyn Error) -> String {
    let causes = iter::successors(error.source(), |cause| (*cause).source());
    let mut parts: Vec<String> = iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect();
    // Some errors quote their cause already.
    parts.dedup_by(|cause, error| error.ends_with(cause.as_str()));
    parts.join(": ")
}

/// `1 day`, `2 days`.
pub fn counted(count: impl Display, one: &str) -> String {
    let count = count.to_string();
    let ending = if count == "1" { "" } else { "s" };
    format!("{count} {one}{ending}")
}

/// How long, in its largest unit that is not below two: `90 s`, `3 min`, `36 h`, `12 d`.
pub fn span(length: TimeDelta) -> String {
    let seconds = length.num_seconds().max(0);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// `512 bytes`, `1.4 MiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return counted(bytes, "byte");
    }
    let (mut tenths, mut unit) = (bytes.saturating_mul(10) / 1024, 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        (tenths, unit) = (tenths / 1024, unit + 1);
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

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

/// JSON that may be shown on a terminal: what [`misleads`] stands there in JSON's own escapes, so that every value reads as
/// before. Outside of strings JSON has no such characters but line ends, which stay.
pub fn json_shown(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if misleads(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A paragraph as lines of at most `width` characters, each begun with `indent` and broken between words. A word that is
/// longer than a line stands alone.
pub fn wrapped(paragraph: &str, width: usize, indent: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = indent.to_owned();
    for word in paragraph.split_whitespace() {
        let is_begun = line.len() > indent.len();
        if is_begun && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, indent.to_owned()));
        } else if is_begun {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// Whether a character shows as something else than it is, or not at all: the controls (Cc), the format characters (Cf),
/// line and paragraph separators, the variation selectors, and the letters that are blank.
pub fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Layer>>);

    fn layers(texts: &[&'static str]) -> Option<Box<Layer>> {
        let (first, below) = texts.split_first()?;
        Some(Box::new(Layer(first, layers(below))))
    }

    #[test]
    fn causes_follow_their_error_and_repetitions_are_left_out() {
        for (texts, line) in [
            (&["asking npm"][..], "asking npm"),
            (&["asking npm", "no answer", "timed out"], "asking npm: no answer: timed out"),
            (&["asking npm", "timed out", "timed out"], "asking npm: timed out"),
        ] {
            assert_eq!(with_causes(&layers(texts).unwrap()), line);
        }
    }

    #[test]
    fn json_shows_what_misleads_in_its_own_escapes() {
        for (json, shown) in [
            ("{\n  \"a\": \"ü 世界 🦀\"\n}", "{\n  \"a\": \"ü 世界 🦀\"\n}"),
            ("\"\u{9b}2J\u{7f}\"", r#""\u009b2J\u007f""#),
            ("\"a\u{202e}b\u{200b}\u{2066}\u{feff}\"", r#""a\u202eb\u200b\u2066\ufeff""#),
            ("\"\u{e0041}\u{2028}\"", r#""\udb40\udc41\u2028""#),
        ] {
            assert_eq!(json_shown(json), shown);
            let (before, after): (serde_json::Value, serde_json::Value) =
                (serde_json::from_str(json).unwrap(), serde_json::from_str(shown).unwrap());
            assert_eq!(before, after);
        }
    }

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

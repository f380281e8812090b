//! Builds the signals of detectors from expected and observed values.

use chrono::{DateTime, Utc};

use super::About;
use crate::{
    model::{Seen, Severity, Signal, Value},
    text::{quoted, quoted_with_digests},
};

/// Most values that a sentence lists.
const LISTED: usize = 3;

/// Longest text of a document that a sentence quotes, in characters.
const QUOTED: usize = 120;

/// The evidence of a signal: the expected and the observed value, since when, and why it matters.
pub(super) struct Difference {
    pub expected: String,
    pub seen: String,
    pub since: Option<DateTime<Utc>>,
    pub why: &'static str,
}

/// A signal of a detector.
pub(super) fn signal(about: &About, severity: Severity, evidence: Difference) -> Signal {
    let Difference { expected, seen, since, why } = evidence;
    Signal { detector: about.id.into(), severity, expected, seen, since, why: why.to_owned(), corroborating: false }
}

/// A signal that only corroborates others.
pub(super) fn support(about: &About, severity: Severity, evidence: Difference) -> Signal {
    Signal { corroborating: true, ..signal(about, severity, evidence) }
}

/// The values of a tally in words, most frequent first.
pub(super) fn usual<'a, V: Value>(tally: impl IntoIterator<Item = (&'a V, &'a Seen)>) -> String {
    let mut values: Vec<_> = tally.into_iter().collect();
    let total = values.iter().fold(0_u32, |sum, (_, seen)| sum.saturating_add(seen.count));
    values.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.count));
    let mut words: Vec<_> = values
        .iter()
        .take(LISTED)
        .map(|(value, seen)| format!("{} ({} of {total})", quote(value.word()), seen.count))
        .collect();
    if values.len() > LISTED {
        words.push(format!("{} others", values.len() - LISTED));
    }
    words.join(", ")
}

/// A document's text for a quotation in a sentence: short, on one line, without characters that change the look of the
/// rest of the sentence.
pub(super) fn quote(text: &str) -> String {
    if text.is_empty() {
        return "none".to_owned();
    }
    quoted(text, QUOTED)
}

/// As [`quote`], where the text compares digests.
pub(super) fn quote_with_digests(text: &str) -> String {
    if text.is_empty() { quote(text) } else { quoted_with_digests(text, QUOTED) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Tally, Text};

    #[test]
    fn quotes_are_harmless() {
        assert_eq!(quote(""), "none");
        assert_eq!(quote("branch main"), "branch main");
        assert_eq!(quote("a\nb\u{1b}[31m\u{202e}c"), "a\u{fffd}b\u{fffd}[31m\u{fffd}c");
        assert_eq!(quote(&"ü".repeat(500)).chars().count(), QUOTED + 1);
    }

    #[test]
    fn lists_are_short() {
        let at = "2026-01-01T00:00:00Z".parse().unwrap();
        let seen = |count| Seen { count, first: at, last: at };
        let tally: Tally<Text> = (1..=5).map(|n| (format!("v{n}").into(), seen(n))).collect();
        assert_eq!(usual(tally.iter()), "v5 (5 of 15), v4 (4 of 15), v3 (3 of 15), 2 others");
    }
}

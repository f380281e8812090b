//! Prefilter over raw certificates: searches their bytes for any of very many texts.
//!
//! Logs hold millions of unrelated certificates, and reading one takes far longer than searching its bytes. The
//! prefilter may pass certificates of unwatched identities; it never stops a watched one, because DER keeps text as it
//! is.

use std::fmt;

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError};

/// Texts to look for. Letters are compared without regard to case, as forges compare names.
#[derive(Clone)]
pub struct Prefilter {
    needles: usize,
    scope: Scope,
}

#[derive(Clone)]
enum Scope {
    Nothing,
    Some(AhoCorasick),
    Everything,
}

impl Prefilter {
    /// Passes bytes that contain one of these texts. Every text contains the empty one.
    ///
    /// # Errors
    /// More text than the automaton can hold, some gigabytes.
    pub fn new(needles: &[Vec<u8>]) -> Result<Self, BuildError> {
        let scope = if needles.is_empty() {
            Scope::Nothing
        } else if needles.iter().any(Vec::is_empty) {
            Scope::Everything
        } else {
            Scope::Some(automaton(needles)?)
        };
        Ok(Self { needles: needles.len(), scope })
    }

    /// Passes everything.
    pub fn everything() -> Self {
        Self { needles: 0, scope: Scope::Everything }
    }

    /// Whether the bytes must be read closely.
    pub fn lets_through(&self, bytes: &[u8]) -> bool {
        match &self.scope {
            Scope::Nothing => false,
            Scope::Some(automaton) => automaton.is_match(bytes),
            Scope::Everything => true,
        }
    }
}

/// A DFA needs one step a byte; it is built unless it would be very large.
fn automaton(needles: &[Vec<u8>]) -> Result<AhoCorasick, BuildError> {
    let letters: usize = needles.iter().map(Vec::len).sum();
    let kind = if letters <= 64 * 1024 { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
    AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(kind)).build(needles)
}

impl fmt::Debug for Prefilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scope {
            Scope::Everything => f.write_str("Filter(everything)"),
            _ => write!(f, "Filter({} texts)", self.needles),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(needles: &[&str]) -> Prefilter {
        Prefilter::new(&needles.iter().map(|needle| needle.as_bytes().to_vec()).collect::<Vec<_>>()).expect("small")
    }

    #[test]
    fn what_contains_a_text_is_let_through() {
        let filter = filter(&["axios/axios", "chalk/chalk"]);
        assert!(filter.lets_through(b"\x0c\x1fhttps://github.com/axios/axios\xff"));
        assert!(filter.lets_through(b"https://github.com/Axios/Axios/.github"), "names have no case");
        assert!(!filter.lets_through(b"https://github.com/axios/other"));
        assert!(!filter.lets_through(b""));
    }

    #[test]
    fn nobody_watched_is_nothing_and_an_empty_text_is_everything() {
        assert!(!filter(&[]).lets_through(b"anything"));
        assert!(filter(&["a/b", ""]).lets_through(b"anything"));
        assert!(Prefilter::everything().lets_through(b""));
    }

    #[test]
    fn tens_of_thousands_of_texts_are_no_burden() {
        let needles: Vec<_> = (0..20_000).map(|n| format!("owner-{n}/repository-{n}").into_bytes()).collect();
        let filter = Prefilter::new(&needles).expect("it fits");
        assert!(filter.lets_through(b"https://github.com/owner-19999/repository-19999"));
        assert!(!filter.lets_through(b"https://github.com/owner-20000/repository-20000"));
    }
}

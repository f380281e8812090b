//! Entries of logs: `log2026-1.rekor.example:42`.

use super::what::Term;

/// An entry, if the text has its form: the name of a log or a tree, a colon and an index.
pub(super) fn entry(text: &str) -> Option<Term> {
    let (log, index) = text.rsplit_once(':')?;
    let is_name = log.contains('.') && !log.contains("://") && !log.contains('@') && !log.contains('/');
    let index = index.parse().ok().filter(|_| index.bytes().all(|byte| byte.is_ascii_digit()))?;
    is_name.then(|| Term::Entry { log: log.to_owned(), index })
}

/// An entry after `log:`.
pub(super) fn named(text: &str) -> Result<Term, String> {
    let expected = "expected the name of a log, a colon and an index: log:log2026-1.rekor.example:42";
    let (log, index) = text.rsplit_once(':').ok_or(expected)?;
    let index = index.parse().map_err(|_| expected)?;
    if log.is_empty() { Err(expected.to_owned()) } else { Ok(Term::Entry { log: log.to_owned(), index }) }
}

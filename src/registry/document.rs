//! Bounded reading of JSON documents from registries.
//!
//! A document is UTF-8 as a whole, read into the few fields that matter ([`Fields`](super::fields::Fields)), and never
//! buffered as a tree, so that nesting costs no stack.

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::RegistryError;
use crate::{model::Ecosystem, text::quoted};

/// Most keys of an object. The packages with the most releases have some ten thousand.
pub(super) const MAX_KEYS: usize = 100_000;

/// Most bytes of a text that is kept: names, addresses, ranges, commits.
pub(super) const MAX_TEXT: usize = 4096;

/// Most bytes of a part that is read as a whole.
pub(super) const MAX_PART: usize = 1024 * 1024;

/// Most characters of a reason that quotes a document.
const MAX_REASON: usize = 300;

/// Reads a whole document. `what` is what it is, for people: "the package document of axios".
///
/// # Errors
/// [`RegistryError::Document`] if it is not UTF-8, not JSON, truncated, or not of the wanted shape.
pub(super) fn read<'a, T: Deserialize<'a>>(
    ecosystem: Ecosystem,
    what: &str,
    body: &'a [u8],
) -> Result<T, RegistryError> {
    let fail = |why: String| document_error(ecosystem, what, why);
    let text = std::str::from_utf8(body).map_err(|error| fail(format!("it is not UTF-8: {error}")))?;
    serde_json::from_str(text).map_err(|error| fail(reason(error)))
}

/// Reads a part of a document that was left raw, so that a malformed part does not take the document with it.
///
/// # Errors
/// Why it could not be read: larger than `limit` bytes, or not of the wanted shape.
pub(super) fn read_part<'a, T: Deserialize<'a>>(part: &'a RawValue, limit: usize) -> Result<T, String> {
    let text = part.get();
    if text.len() > limit {
        return Err(format!("its part of the document has {} bytes, more than {limit}", text.len()));
    }
    serde_json::from_str(text).map_err(reason)
}

/// A reason fit for people: what it quotes of a hostile document neither floods nor garbles the line.
pub(super) fn reason(why: impl fmt::Display) -> String {
    quoted(why, MAX_REASON)
}

/// A document was answered but is not what the registry documents. `what` is what it is, for people: "the package
/// document of axios".
pub(super) fn document_error(ecosystem: Ecosystem, what: &str, why: impl fmt::Display) -> RegistryError {
    RegistryError::Document { registry: ecosystem.title().into(), what: what.to_owned(), why: reason(why) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::fields::Fields;

    fn map(body: &[u8]) -> Result<usize, String> {
        let fields: Result<Fields<'_>, _> = read(Ecosystem::Npm, "the test document", body);
        fields.map(|fields| fields.iter().count()).map_err(|error| error.to_string())
    }

    #[test]
    fn obnoxious_documents_are_refused_with_a_reason() {
        for (body, why) in [
            (&b""[..], "EOF while parsing"),
            (b"{\"a\":1", "EOF while parsing"),
            (b"[]", "expected an object"),
            (b"{} {}", "trailing characters"),
            (b"{\"a\":\"\xff\"}", "it is not UTF-8"),
            (b"\xef\xbb\xbf{}", "expected value"),
        ] {
            let error = map(body).unwrap_err();
            assert!(error.contains(why), "{error}");
            assert!(error.starts_with("reading the test document of npm: "), "{error}");
        }
    }

    #[test]
    fn an_object_has_a_limit_of_keys() {
        let object = |keys: usize| {
            let pairs: Vec<_> = (0..keys).map(|key| format!("\"{key}\":0")).collect();
            format!("{{{}}}", pairs.join(","))
        };
        assert_eq!(map(object(MAX_KEYS).as_bytes()).unwrap(), MAX_KEYS);
        assert!(map(object(MAX_KEYS + 1).as_bytes()).unwrap_err().contains("more than 100000 keys"));
    }

    #[test]
    fn nesting_costs_no_stack() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(map(deep.as_bytes()).unwrap(), 1);
        let open = format!("{{\"a\":{}", "[".repeat(1_000_000));
        assert!(map(open.as_bytes()).is_err());
    }

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

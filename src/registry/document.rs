//! Reads JSON documents of registries within limits.
//!
//! A document is UTF-8 as a whole, read into the few fields that matter ([`Fields`](crate::strict_json::Fields)), and
//! never buffered as a tree, so that nesting costs no stack.

use std::fmt;

use serde::Deserialize;

pub(super) use crate::strict_json::{read_part, reason};

use super::RegistryError;
use crate::model::Ecosystem;

/// Most bytes of a text that is kept: names, addresses, ranges, commits.
pub(super) const MAX_TEXT: usize = 4096;

/// Most bytes of a part that is read as a whole.
pub(super) const MAX_PART: usize = 1024 * 1024;

/// Reads a whole document. `what` names it for people: "the package document of axios".
///
/// # Errors
/// [`RegistryError::Document`] if it is not UTF-8, not JSON, truncated, or not of the wanted shape.
pub(super) fn read<'a, T: Deserialize<'a>>(
    ecosystem: Ecosystem,
    what: &str,
    body: &'a [u8],
) -> Result<T, RegistryError> {
    let fail = |why: String| document_error(ecosystem, what, why);
    let text = std::str::from_utf8(body).map_err(|error| fail(format!("not UTF-8: {error}")))?;
    serde_json::from_str(text).map_err(|error| fail(reason(error)))
}

/// A document arrived but does not match the registry's documentation. `what` names it for people: "the package
/// document of axios".
pub(super) fn document_error(ecosystem: Ecosystem, what: &str, why: impl fmt::Display) -> RegistryError {
    RegistryError::Document { registry: ecosystem.title().into(), what: what.to_owned(), why: reason(why) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strict_json::Fields;

    fn map(body: &[u8]) -> Result<usize, String> {
        let fields: Result<Fields<'_>, _> = read(Ecosystem::NPM, "the test document", body);
        fields.map(|fields| fields.iter().count()).map_err(|error| error.to_string())
    }

    #[test]
    fn obnoxious_documents_are_refused_with_a_reason() {
        for (body, why) in [
            (&b""[..], "EOF while parsing"),
            (b"{\"a\":1", "EOF while parsing"),
            (b"[]", "expected an object"),
            (b"{} {}", "trailing characters"),
            (b"{\"a\":\"\xff\"}", "not UTF-8"),
            (b"\xef\xbb\xbf{}", "expected value"),
        ] {
            let error = map(body).unwrap_err();
            assert!(error.contains(why), "{error}");
            assert!(error.starts_with("reading the test document of npm: "), "{error}");
        }
    }

    #[test]
    fn nesting_costs_no_stack() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(map(deep.as_bytes()).unwrap(), 1);
        let open = format!("{{\"a\":{}", "[".repeat(1_000_000));
        assert!(map(open.as_bytes()).is_err());
    }
}

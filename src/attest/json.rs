//! Reads signed JSON, strictly and as a whole.

use std::fmt;

use serde::Deserialize;

use super::failure::VerificationFailure;
use crate::{
    model::Check,
    strict_json::{Limits, Unsound, sound},
};

/// Most bytes of an attestation document. Real ones have some ten thousand.
pub(super) const MAX_DOCUMENT: usize = 8 * 1024 * 1024;

/// The size limits of a document.
const LIMITS: Limits = Limits { bytes: MAX_DOCUMENT, depth: 64 };

/// Reads a signed document, or a file.
///
/// # Errors
/// [`Check::Format`].
pub(super) fn read<'a, T: Deserialize<'a>>(document: &'a [u8]) -> Result<T, VerificationFailure> {
    let malformed = |why: &dyn fmt::Display| VerificationFailure::invalid(Check::Format, why);
    let text = sound(document, LIMITS).map_err(|unsound| malformed(&unsound.why()))?;
    serde_json::from_str(text).map_err(|error| malformed(&error))
}

/// Reads a registry's answer. A login page, an empty or a truncated answer, or one of another form replaces the
/// document: it is not a forgery, and the document is requested again.
///
/// # Errors
/// The unreadable part; [`Check::Format`] if readers would understand it differently.
pub(super) fn answer<'a, T: Deserialize<'a>>(document: &'a [u8]) -> Result<T, VerificationFailure> {
    let other = |why: &dyn fmt::Display| {
        VerificationFailure::unavailable(format_args!("the answer is not the document: {why}"))
    };
    let text = sound(document, LIMITS).map_err(|unsound| match unsound {
        Unsound::Other(why) => other(&why),
        Unsound::Ambiguous(why) => VerificationFailure::invalid(Check::Format, why),
    })?;
    serde_json::from_str(text).map_err(|error| other(&error))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::de::IgnoredAny;

    use super::*;

    #[test]
    fn obnoxious_documents_are_refused_with_a_reason() {
        let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
        let bottomless = "[".repeat(1_000_000);
        for (document, why) in [
            (&b""[..], "EOF"),
            (b"{\"a\": 1", "EOF"),
            (b"{\"a\": 1, \"a\": 2}", "duplicate key \"a\""),
            (b"[{\"b\": {\"a\": 1, \"\\u0061\": 2}}]", "duplicate key \"a\""),
            (b"{} {}", "trailing"),
            (b"\xff", "utf-8"),
            (deep.as_bytes(), "nested deeper"),
            (bottomless.as_bytes(), "nested deeper"),
        ] {
            let error = read::<IgnoredAny>(document).expect_err("obnoxious").to_string();
            assert!(error.contains(why), "{error}");
        }
        for (document, is_forged) in [
            (&b"<html>Please log in</html>"[..], false),
            (b"", false),
            (b"{\"attestations\": [", false),
            (b"null", false),
            (b"[]", false),
            (b"\xff\xfe", false),
            (b"{\"a\": 1, \"a\": 2}", true),
            (bottomless.as_bytes(), true),
        ] {
            let failure = answer::<HashMap<String, u8>>(document).expect_err("not the document");
            assert_eq!(failure.check().is_some(), is_forged, "{failure}");
        }
        let large = vec![b' '; MAX_DOCUMENT + 1];
        assert!(read::<IgnoredAny>(&large).is_err());
        let deep_enough = format!("{}{}", "[".repeat(64), "]".repeat(64));
        assert!(read::<IgnoredAny>(deep_enough.as_bytes()).is_ok());
        assert!(read::<IgnoredAny>(br#"[{"a": 1}, {"a": [null, true, -1, 1.5, "x"]}]"#).is_ok());
    }
}

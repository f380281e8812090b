//! Bounded reading of signed JSON: UTF-8 as a whole, nested no deeper than 64 levels, and no key twice in one object.
//! Parsers disagree on which of two equal keys counts, and an attacker would choose.

use std::{cell::Cell, collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::error::Category;

use super::failure::Failure;
use crate::model::Check;

/// Most bytes of an attestation document. Real ones have some ten thousand.
pub(super) const MAX_DOCUMENT: usize = 8 * 1024 * 1024;

/// Deepest nesting.
const MAX_DEPTH: u8 = 64;

/// Reads what was signed, or a file.
///
/// # Errors
/// [`Check::Format`].
pub(super) fn read<'a, T: Deserialize<'a>>(document: &'a [u8]) -> Result<T, Failure> {
    let malformed = |why: &dyn fmt::Display| Failure::invalid(Check::Format, why);
    let text = sound(document).map_err(|unsound| match unsound {
        Unsound::Other(why) | Unsound::Ambiguous(why) => malformed(&why),
    })?;
    serde_json::from_str(text).map_err(|error| malformed(&error))
}

/// Reads what a registry answered. A page that asks for a password, an empty or a cut answer, or one of another form, stands
/// in the place of the document: nobody forged it, and it is asked for again.
///
/// # Errors
/// What cannot be read; [`Check::Format`] if it is written so that readers take it for different things.
pub(super) fn answer<'a, T: Deserialize<'a>>(document: &'a [u8]) -> Result<T, Failure> {
    let other = |why: &dyn fmt::Display| Failure::unavailable(format_args!("the answer is not the document: {why}"));
    let text = sound(document).map_err(|unsound| match unsound {
        Unsound::Other(why) => other(&why),
        Unsound::Ambiguous(why) => Failure::invalid(Check::Format, why),
    })?;
    serde_json::from_str(text).map_err(|error| other(&error))
}

/// Why a document cannot be read as JSON in one way only.
enum Unsound {
    /// It is something else, cut, or too large.
    Other(String),
    /// A key is there twice, or it is nested too deep.
    Ambiguous(String),
}

fn sound(document: &[u8]) -> Result<&str, Unsound> {
    if document.len() > MAX_DOCUMENT {
        return Err(Unsound::Other(format!("it has {} bytes, more than {MAX_DOCUMENT}", document.len())));
    }
    let text = std::str::from_utf8(document).map_err(|error| Unsound::Other(error.to_string()))?;
    let mut parser = serde_json::Deserializer::from_str(text);
    let whole = Sound { depth: &Cell::new(0) }.deserialize(&mut parser).and_then(|()| parser.end());
    whole.map_err(|error| match error.classify() {
        Category::Data => Unsound::Ambiguous(error.to_string()),
        Category::Io | Category::Syntax | Category::Eof => Unsound::Other(error.to_string()),
    })?;
    Ok(text)
}

/// Goes through any value and keeps nothing of it.
#[derive(Clone, Copy)]
struct Sound<'a> {
    depth: &'a Cell<u8>,
}

impl Sound<'_> {
    fn nested<T, E: Error>(self, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let depth = self.depth.get() + 1;
        if depth > MAX_DEPTH {
            return Err(E::custom(format_args!("it is nested deeper than {MAX_DEPTH} levels")));
        }
        self.depth.set(depth);
        let value = read()?;
        self.depth.set(depth - 1);
        Ok(value)
    }
}

impl<'de> DeserializeSeed<'de> for Sound<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Sound<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.nested(|| {
            while items.next_element_seed(self)?.is_some() {}
            Ok(())
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        self.nested(|| {
            let mut keys = HashSet::new();
            while let Some(key) = object.next_key::<String>()? {
                object.next_value_seed(self)?;
                if let Some(twice) = keys.replace(key) {
                    return Err(A::Error::custom(format_args!("it has the key {twice:?} more than once")));
                }
            }
            Ok(())
        })
    }
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
            (b"{\"a\": 1, \"a\": 2}", "\"a\" more than once"),
            (b"[{\"b\": {\"a\": 1, \"\\u0061\": 2}}]", "\"a\" more than once"),
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

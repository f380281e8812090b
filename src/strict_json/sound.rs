//! Checks that a whole JSON document can be read in one way only.

use std::{cell::Cell, collections::HashSet, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::error::Category;

/// How large a document may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes.
    pub bytes: usize,
    /// Deepest nesting.
    pub depth: u8,
}

/// Why a document cannot be read as JSON in one way only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsound {
    /// It is something else, cut, or too large.
    Other(String),
    /// A key is there twice, or it is nested too deep.
    Ambiguous(String),
}

impl Unsound {
    pub fn why(&self) -> &str {
        let (Self::Other(why) | Self::Ambiguous(why)) = self;
        why
    }
}

/// A document that is UTF-8, JSON as a whole, nested no deeper than allowed, and has no key twice in one object, as text.
///
/// # Errors
/// Why it is not.
pub fn sound(document: &[u8], limits: Limits) -> Result<&str, Unsound> {
    if document.len() > limits.bytes {
        return Err(Unsound::Other(format!("it has {} bytes, more than {}", document.len(), limits.bytes)));
    }
    let text = std::str::from_utf8(document).map_err(|error| Unsound::Other(error.to_string()))?;
    let mut parser = serde_json::Deserializer::from_str(text);
    let whole =
        Sound { depth: &Cell::new(0), deepest: limits.depth }.deserialize(&mut parser).and_then(|()| parser.end());
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
    deepest: u8,
}

impl Sound<'_> {
    fn nested<T, E: Error>(self, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let (depth, deepest) = (self.depth.get(), self.deepest);
        if depth >= deepest {
            return Err(E::custom(format_args!("it is nested deeper than {deepest} levels")));
        }
        self.depth.set(depth + 1);
        let value = read()?;
        self.depth.set(depth);
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
                    return Err(A::Error::custom(format_args!("duplicate key {twice:?}")));
                }
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { bytes: 2_000_000, depth: 64 };

    #[test]
    fn a_document_is_sound_or_refused_with_a_reason() {
        let deep = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let bottomless = "[".repeat(1_000_000);
        let (just, too_deep, large) = (deep(64), deep(65), " ".repeat(LIMITS.bytes + 1));
        for document in ["{}", "[{\"a\": 1}, {\"a\": [null, true, -1, 1.5, \"x\"]}]", "7", &just] {
            assert_eq!(sound(document.as_bytes(), LIMITS), Ok(document));
        }
        for (document, is_ambiguous, why) in [
            (&b""[..], false, "EOF"),
            (b"<html>", false, "expected value"),
            (b"{\"a\": 1", false, "EOF"),
            (b"{} {}", false, "trailing"),
            (b"\xff", false, "utf-8"),
            (large.as_bytes(), false, "more than 2000000"),
            (b"{\"a\": 1, \"a\": 2}", true, "duplicate key \"a\""),
            (b"[{\"b\": {\"a\": 1, \"\\u0061\": 2}}]", true, "duplicate key \"a\""),
            (too_deep.as_bytes(), true, "nested deeper"),
            (bottomless.as_bytes(), true, "nested deeper"),
        ] {
            let unsound = sound(document, LIMITS).expect_err(why);
            assert_eq!(matches!(unsound, Unsound::Ambiguous(_)), is_ambiguous, "{unsound:?}");
            assert!(unsound.why().contains(why), "{unsound:?}");
        }
    }
}

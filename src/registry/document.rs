//! Bounded reading of JSON documents from registries.
//!
//! A document is UTF-8 as a whole, read into the few fields that matter, and never buffered as a tree, so that nesting
//! costs no stack. An object that names a key twice is refused: parsers disagree on which of the two counts, and an
//! attacker would choose.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{RegistryError, exchange::document_error};
use crate::{model::Ecosystem, text::quoted};

/// Most keys of an object. The packages with the most releases have some ten thousand.
const MAX_KEYS: usize = 100_000;

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

/// A JSON object as a map, refused if it names a key twice or has more than 100,000 keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UniqueMap<V>(pub(super) BTreeMap<String, V>);

impl<V> Default for UniqueMap<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for UniqueMap<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueMapVisitor(PhantomData))
    }
}

struct UniqueMapVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for UniqueMapVisitor<V> {
    type Value = UniqueMap<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut pairs: Vec<(String, V)> = Vec::new();
        while let Some(key) = object.next_key::<String>()? {
            if pairs.len() == MAX_KEYS {
                return Err(A::Error::custom(format_args!("an object has more than {MAX_KEYS} keys")));
            }
            pairs.push((key, object.next_value()?));
        }
        // A map that is made of sorted pairs has full nodes: half the memory of one that grows pair by pair.
        pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
        if let Some(twin) = pairs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(A::Error::custom(format_args!("the key {:?} stands twice", twin[0].0)));
        }
        Ok(UniqueMap(pairs.into_iter().collect()))
    }
}

/// A JSON object as a struct, refused if it names any key twice, also one that the struct does not have, or if it is an
/// array (which `serde` would take for the fields in order).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        serde_json::from_str::<UniqueMap<IgnoredAny>>(text).map_err(D::Error::custom)?;
        serde_json::from_str(text).map(Self).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(body: &[u8]) -> Result<UniqueMap<IgnoredAny>, String> {
        read(Ecosystem::Npm, "the test document", body).map_err(|error| error.to_string())
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
            (b"{\"a\":1,\"a\":2}", "the key \"a\" stands twice"),
            (b"{\"a\":1,\"\\u0061\":2}", "the key \"a\" stands twice"),
        ] {
            let error = map(body).unwrap_err();
            assert!(error.contains(why), "{error}");
            assert!(error.starts_with("reading the test document of npm: "), "{error}");
        }
    }

    #[test]
    fn an_object_is_read_strictly() {
        #[derive(Debug, Deserialize)]
        struct Pair<'a> {
            a: u8,
            b: Option<&'a str>,
        }
        let pair =
            |body: &'static str| read::<Object<Pair<'_>>>(Ecosystem::Npm, "it", body.as_bytes()).map(|object| object.0);
        let read = pair(r#"{"a":1,"b":"x","c":[]}"#).unwrap();
        assert_eq!((read.a, read.b), (1, Some("x")));
        for body in [r#"[1,"x"]"#, r#"{"a":1,"a":1}"#, r#"{"a":1,"c":1,"c":1}"#, r#"{"b":"x"}"#, r#"{"a":256}"#] {
            assert!(pair(body).is_err(), "{body}");
        }
    }

    #[test]
    fn an_object_has_a_limit_of_keys() {
        let object = |keys: usize| {
            let pairs: Vec<_> = (0..keys).map(|key| format!("\"{key}\":0")).collect();
            format!("{{{}}}", pairs.join(","))
        };
        assert_eq!(map(object(MAX_KEYS).as_bytes()).unwrap().0.len(), MAX_KEYS);
        assert!(map(object(MAX_KEYS + 1).as_bytes()).unwrap_err().contains("more than 100000 keys"));
    }

    #[test]
    fn nesting_costs_no_stack() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(map(deep.as_bytes()).unwrap().0.len(), 1);
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

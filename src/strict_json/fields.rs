//! Reads a JSON object field by field, so that one bad field spoils no other.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{read_part, reason};

/// Most keys of an object. The packages with the most releases have some ten thousand.
const MAX_KEYS: usize = 100_000;

/// The fields of a JSON object in their order, still raw. A name may come twice: parsers disagree on which of the two
/// counts, so that such a field is not readable.
#[derive(Clone, Debug, Default)]
pub struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// Reads an object.
    ///
    /// # Errors
    /// Why it is not one.
    pub fn read(raw: &'a RawValue) -> Result<Self, String> {
        serde_json::from_str(raw.get()).map_err(reason)
    }

    /// Every field.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), *value))
    }

    /// Every value under this name; nearly always none or one. `null` is none.
    pub fn every(&self, name: &str) -> impl Iterator<Item = &'a RawValue> {
        self.iter().filter(move |(other, value)| *other == name && value.get() != "null").map(|(_, value)| value)
    }

    /// Whether there is a field with this name, `null` included.
    pub fn has(&self, name: &str) -> bool {
        self.iter().any(|(other, _)| other == name)
    }

    /// The value under this name. `null` is none.
    ///
    /// # Errors
    /// It comes twice.
    pub fn raw(&self, name: &str) -> Result<Option<&'a RawValue>, String> {
        let mut all = self.iter().filter(|(other, _)| *other == name);
        let first = all.next();
        match all.next() {
            Some(_) => Err(format!("duplicate {name}")),
            None => Ok(first.map(|(_, value)| value).filter(|value| value.get() != "null")),
        }
    }

    /// The value under this name, of at most `limit` bytes. `null` is none.
    ///
    /// # Errors
    /// It comes twice, is too long, or of another type.
    pub fn get<T: Deserialize<'a>>(&self, name: &str, limit: usize) -> Result<Option<T>, String> {
        let read = |value| read_part(value, limit).map_err(|why| format!("its {name}: {why}"));
        self.raw(name)?.map(read).transpose()
    }

    /// The object under this name. `null` is none.
    ///
    /// # Errors
    /// It comes twice, or is not an object.
    pub fn object(&self, name: &str) -> Result<Option<Self>, String> {
        let read = |value| Self::read(value).map_err(|why| format!("its {name}: {why}"));
        self.raw(name)?.map(read).transpose()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((Name(name), value)) = object.next_entry()? {
                    if fields.len() == MAX_KEYS {
                        return Err(A::Error::custom(format_args!("an object has more than {MAX_KEYS} keys")));
                    }
                    fields.push((name, value));
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(Object).map(Self)
    }
}

/// A key, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }

        deserializer.deserialize_str(Text).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields<'_> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_field_spoils_no_other() {
        let fields = fields(r#"{"a":1,"b":{},"c":null,"d":"x","d":"y","\u0065":"escaped","f":"0123456789"}"#);
        assert_eq!(fields.get::<u8>("a", 9), Ok(Some(1)));
        assert_eq!(fields.get::<String>("c", 9), Ok(None));
        assert_eq!(fields.get::<String>("nowhere", 9), Ok(None));
        assert_eq!(fields.get::<String>("e", 9), Ok(Some("escaped".to_owned())));
        assert_eq!(fields.every("d").count(), 2);
        assert_eq!((fields.has("c"), fields.has("nowhere")), (true, false));
        assert_eq!(fields.object("b").unwrap().unwrap().iter().count(), 0);
        for (name, why) in [("b", "its b: invalid type: map"), ("d", "duplicate d"), ("f", "12 bytes, more than 9")] {
            let seen = fields.get::<String>(name, 9).unwrap_err();
            assert!(seen.contains(why), "{seen}");
        }
        assert!(fields.object("a").unwrap_err().contains("expected an object"));
    }

    #[test]
    fn what_is_not_an_object_is_refused() {
        for text in ["[]", "null", "7", "\"x\"", r#"{"a":1"#, "{1:2}"] {
            assert!(serde_json::from_str::<Fields<'_>>(text).is_err(), "{text}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(fields(&deep).iter().count(), 1);
    }

    #[test]
    fn an_object_has_a_limit_of_keys() {
        let object = |keys: usize| {
            let pairs: Vec<_> = (0..keys).map(|key| format!("\"{key}\":0")).collect();
            format!("{{{}}}", pairs.join(","))
        };
        assert_eq!(fields(&object(MAX_KEYS)).iter().count(), MAX_KEYS);
        let error = serde_json::from_str::<Fields<'_>>(&object(MAX_KEYS + 1)).unwrap_err().to_string();
        assert!(error.contains("more than 100000 keys"), "{error}");
    }
}

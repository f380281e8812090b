//! Parses a registry's signing keys, in either of the forms in which npm distributes its keys.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use sigstore_crypto::VerificationKey;
use sigstore_types::{DerPublicKey, SignatureBytes};

use super::{encoding::base64, failure::VerificationFailure, json};
use crate::model::Check;

/// Most keys of a list.
const MAX_KEYS: usize = 64;

/// The use of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usage {
    /// `dist.signatures`.
    Signatures,
    /// Publish attestations.
    Attestations,
}

impl Usage {
    const fn title(self) -> &'static str {
        match self {
            Self::Signatures => "signatures",
            Self::Attestations => "attestations",
        }
    }
}

/// One key for one usage.
#[derive(Debug)]
pub(super) struct RegistryKey {
    id: String,
    /// `None`: both.
    usage: Option<Usage>,
    pub(super) der: DerPublicKey,
    valid: Window,
}

/// From start to end, both inclusive.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct Window {
    start: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
}

impl RegistryKey {
    /// Whether the signature over the message is this key's.
    pub(super) fn verify(&self, message: &[u8], signature: Vec<u8>) -> bool {
        let key = VerificationKey::from_spki(&self.der);
        key.is_ok_and(|key| key.verify(message, &SignatureBytes::new(signature)).is_ok())
    }

    /// Checks that the key was valid at that time.
    pub(super) fn check_valid(&self, at: DateTime<Utc>) -> Result<(), VerificationFailure> {
        let Window { start, end } = self.valid;
        let valid = start.is_none_or(|start| start <= at) && end.is_none_or(|end| at <= end);
        valid.then_some(()).ok_or_else(|| self.not_valid(at))
    }

    fn not_valid(&self, at: DateTime<Utc>) -> VerificationFailure {
        VerificationFailure::invalid(
            Check::RegistryKey,
            format!("the registry's key {:?} was not valid at {at}", self.id),
        )
    }
}

/// The keys of a registry.
#[derive(Debug)]
pub struct RegistryKeys {
    keys: Vec<RegistryKey>,
    spoiled: Vec<String>,
}

impl RegistryKeys {
    /// Reads a list: the TUF target (`keyId`, `keyUsage`, `publicKey`) or the answer of npm's `/-/npm/v1/keys`
    /// (`keyid`, `expires`, `key`). Keys of other usages are skipped, and an unusable one affects only itself.
    ///
    /// # Errors
    /// [`Check::Format`], or [`Check::RegistryKey`] if none of the keys can be used.
    pub fn parse(document: &[u8]) -> Result<Self, VerificationFailure> {
        let list: List<'_> = json::read(document)?;
        if list.keys.is_empty() || list.keys.len() > MAX_KEYS {
            let reason = format!("it has {} keys where 1 to {MAX_KEYS} are expected", list.keys.len());
            return Err(VerificationFailure::invalid(Check::Format, reason));
        }
        let (mut keys, mut spoiled) = (Vec::new(), Vec::new());
        for key in list.keys {
            match read(key) {
                Ok(Some(key)) => keys.push(key),
                Ok(None) => {}
                Err(failure) => spoiled.push(failure.to_string()),
            }
        }
        // Of two different keys under one id, neither is known to be the registry's.
        let is_other = |one: &RegistryKey, other: &RegistryKey| {
            one.id == other.id && one.usage == other.usage && one.der.as_bytes() != other.der.as_bytes()
        };
        let ambiguous: Vec<_> = keys.iter().map(|key| keys.iter().any(|other| is_other(key, other))).collect();
        let mut ambiguous = ambiguous.into_iter();
        keys.retain(|key| {
            let keeps = !ambiguous.next().unwrap_or_default();
            if !keeps {
                spoiled.push(format!("key {:?}: duplicate id", key.id));
            }
            keeps
        });
        match spoiled.first() {
            Some(first) if keys.is_empty() => Err(VerificationFailure::invalid(Check::RegistryKey, first)),
            _ => Ok(Self { keys, spoiled }),
        }
    }

    /// The reasons why keys of the list are unusable. Their signatures cannot be checked; those of the others can.
    pub fn spoiled(&self) -> &[String] {
        &self.spoiled
    }

    /// The key of that id for publish attestations. Its validity is checked once the time is verified.
    pub(super) fn attesting(&self, id: &str) -> Result<&RegistryKey, VerificationFailure> {
        self.find(id, Usage::Attestations)
    }

    /// The key of that id for registry signatures, if it was not retired yet when the release was published. The
    /// registry may sign releases again with a younger key, so the start proves nothing.
    pub(super) fn signing(&self, id: &str, published_at: DateTime<Utc>) -> Result<&RegistryKey, VerificationFailure> {
        let key = self.find(id, Usage::Signatures)?;
        match key.valid.end {
            Some(end) if end < published_at => Err(key.not_valid(published_at)),
            _ => Ok(key),
        }
    }

    fn find(&self, id: &str, usage: Usage) -> Result<&RegistryKey, VerificationFailure> {
        let key = self.keys.iter().find(|key| key.id == id && key.usage.is_none_or(|of| of == usage));
        // A registry that changes its keys does not forge: signatures with unknown keys are unchecked.
        let unknown = || format!("{id:?} is not a key of the registry for {} that is known here", usage.title());
        key.ok_or_else(|| VerificationFailure::Unavailable { reason: unknown() })
    }
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

/// Reads one key. None: its usage is another.
fn read(key: &RawValue) -> Result<Option<RegistryKey>, VerificationFailure> {
    let malformed =
        |error| VerificationFailure::invalid(Check::RegistryKey, format_args!("a key is malformed: {error}"));
    serde_json::from_str::<WireKey>(key.get()).map_err(malformed)?.read()
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WireKey {
    #[serde(rename_all = "camelCase")]
    Tuf { key_id: String, key_usage: String, public_key: WirePublicKey },
    Registry {
        keyid: String,
        key: String,
        #[serde(default)]
        expires: Option<DateTime<Utc>>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePublicKey {
    raw_bytes: String,
    #[serde(default)]
    valid_for: Window,
}

impl WireKey {
    fn read(self) -> Result<Option<RegistryKey>, VerificationFailure> {
        let (id, usage, spki, valid) = match self {
            Self::Registry { keyid, key, expires } => (keyid, None, key, Window { start: None, end: expires }),
            Self::Tuf { key_id, key_usage, public_key } => {
                let usage = match key_usage.as_str() {
                    "npm:signatures" => Usage::Signatures,
                    "npm:attestations" => Usage::Attestations,
                    _ => return Ok(None),
                };
                (key_id, Some(usage), public_key.raw_bytes, public_key.valid_for)
            }
        };
        let unusable = |why: &dyn std::fmt::Display| {
            VerificationFailure::invalid(Check::RegistryKey, format!("key {id:?}: {why}"))
        };
        let der = DerPublicKey::new(base64(&spki).ok_or_else(|| unusable(&"not base64"))?);
        VerificationKey::from_spki(&der).map_err(|error| unusable(&error))?;
        Ok(Some(RegistryKey { id, usage, der, valid }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const OLD: &str = "SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzA";

    fn embedded() -> Value {
        serde_json::from_slice(include_bytes!("npm-keys.json")).expect("JSON")
    }

    fn parse(list: &Value) -> Result<RegistryKeys, VerificationFailure> {
        RegistryKeys::parse(list.to_string().as_bytes())
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn keys_are_valid_in_their_time() {
        let keys = parse(&embedded()).expect("usable");
        let check = |found: Result<(), VerificationFailure>| found.err().and_then(|failure| failure.check());
        for (time, signature, attestation) in [
            ("2021-01-01T00:00:00Z", None, Some(Check::RegistryKey)),
            ("2023-01-01T00:00:00Z", None, None),
            ("2025-01-30T00:00:00Z", Some(Check::RegistryKey), Some(Check::RegistryKey)),
        ] {
            assert_eq!(check(keys.signing(OLD, at(time)).map(|_| ())), signature, "{time}");
            assert_eq!(check(keys.attesting(OLD).and_then(|key| key.check_valid(at(time)))), attestation, "{time}");
        }
        let unknown = keys.attesting("SHA256:unknown").map(|_| ());
        assert!(matches!(unknown, Err(VerificationFailure::Unavailable { .. })), "no forgery: {unknown:?}");
    }

    #[test]
    fn the_registrys_own_form_is_read_too() {
        let key = &embedded()["keys"][0];
        let list = json!({"keys": [{
            "expires": "2025-01-29T00:00:00.000Z",
            "keyid": key["keyId"],
            "keytype": "ecdsa-sha2-nistp256",
            "scheme": "ecdsa-sha2-nistp256",
            "key": key["publicKey"]["rawBytes"],
        }]});
        let keys = parse(&list).expect("usable");
        assert!(keys.attesting(OLD).is_ok());
        assert!(keys.signing(OLD, at("2025-01-30T00:00:00Z")).is_err());
    }

    #[test]
    fn obnoxious_lists_are_refused() {
        let with = |pointer: &str, value: Value| {
            let mut list = embedded();
            *list.pointer_mut(pointer).expect("it is there") = value;
            list
        };
        let only = |value: Value| json!({"keys": [value]});
        for list in [
            json!({}),
            json!({"keys": []}),
            json!({"keys": vec![embedded()["keys"][0].clone(); 65]}),
            only(json!(7)),
            only(with("/keys/0/publicKey/rawBytes", json!("AAAA"))["keys"][0].clone()),
        ] {
            assert!(parse(&list).is_err(), "{list}");
        }
        let unknown = with("/keys/0/keyUsage", json!("npm:something-new"));
        assert!(parse(&unknown).is_ok_and(|keys| keys.spoiled().is_empty()));
    }

    #[test]
    fn one_odd_key_spoils_only_itself() {
        let whole = parse(&embedded()).expect("usable").keys.len();
        for (pointer, value) in [
            ("/keys/0", json!(7)),
            ("/keys/0", json!({"keyid": "SHA256:x", "key": 1})),
            ("/keys/0/keyId", json!(1)),
            ("/keys/0/publicKey/rawBytes", json!("%%%")),
            ("/keys/0/publicKey/rawBytes", json!("AAAA")),
            ("/keys/0/publicKey/validFor/start", json!("yesterday")),
        ] {
            let mut list = embedded();
            *list.pointer_mut(pointer).expect("it is there") = value.clone();
            let keys = parse(&list).expect("the others are usable");
            assert_eq!((keys.keys.len(), keys.spoiled().len()), (whole - 1, 1), "{pointer} {value}");
        }
    }

    #[test]
    fn of_two_keys_of_one_id_neither_counts_and_a_copy_does_no_harm() {
        let mut list = embedded();
        let (mut twin, copy) = (list["keys"][0].clone(), list["keys"][1].clone());
        twin["publicKey"]["rawBytes"] = list["keys"][2]["publicKey"]["rawBytes"].clone();
        assert_ne!(twin, list["keys"][0], "another key");
        list["keys"].as_array_mut().expect("a list").extend([twin, copy]);
        let keys = parse(&list).expect("the others are usable");
        assert_eq!(keys.spoiled().len(), 2);
        assert!(matches!(keys.signing(OLD, at("2023-01-01T00:00:00Z")), Err(VerificationFailure::Unavailable { .. })));
        assert!(keys.attesting(OLD).is_ok());
    }
}

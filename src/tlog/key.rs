//! Keys of logs and witnesses, with the key ids in signatures.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use sigstore_crypto::{SigningScheme, VerificationKey};
use sigstore_types::{DerPublicKey, SignatureBytes};

use super::note::{NoteSignature, UnverifiedNote};

/// The types of key that the standards number, for key ids of notes.
const ED25519: u8 = 0x01;
const COSIGNATURE: u8 = 0x04;
const RFC_6962: u8 = 0x05;
/// For algorithms without a number, followed by their name.
const NAMED: u8 = 0xff;

/// The name of RSA in key ids. <https://github.com/sigstore/rekor-tiles/blob/main/CLIENTS.md>
const RSA: &[u8] = b"PKIX-RSA-PKCS#1v1.5";

/// The DER before the 32 bytes of an Ed25519 key in a `SubjectPublicKeyInfo` (RFC 8410).
const ED25519_SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The public key of a log.
pub struct LogKey {
    spki: Vec<u8>,
    key: VerificationKey,
}

/// The reason why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not a `SubjectPublicKeyInfo` of an algorithm that logs use.
    #[error("not an ECDSA, RSA or Ed25519 public key")]
    Unsupported(#[source] sigstore_crypto::Error),
    /// Not PEM.
    #[error("not a public key in PEM form")]
    Pem(#[source] sigstore_types::Error),
    /// Not `name+hash+key`.
    #[error("{0:?} is not the key of a cosigner: name+hash+base64, the key's type 4 (cosignature/v1)")]
    Vkey(String),
}

/// The identifier of a log, whatever its name: SHA-256 over its public key (`SubjectPublicKeyInfo`, DER), hexadecimal.
pub fn key_id(spki: &[u8]) -> String {
    hex::encode(Sha256::digest(spki))
}

impl LogKey {
    /// From a `SubjectPublicKeyInfo`, DER.
    ///
    /// # Errors
    /// Another algorithm than ECDSA on P-256 or P-384, RSA (PKCS #1 v1.5), or Ed25519.
    pub fn from_spki(spki: &[u8]) -> Result<Self, KeyError> {
        let key = VerificationKey::from_spki(&DerPublicKey::new(spki.to_vec())).map_err(KeyError::Unsupported)?;
        Ok(Self { spki: spki.to_vec(), key })
    }

    /// From PEM.
    ///
    /// # Errors
    /// As [`Self::from_spki`], and a text that is not PEM.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        Self::from_spki(DerPublicKey::from_pem(pem).map_err(KeyError::Pem)?.as_bytes())
    }

    /// The `SubjectPublicKeyInfo`, DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// SHA-256 over the `SubjectPublicKeyInfo`: the id of Rekor v1 and CT logs.
    pub fn id(&self) -> [u8; 32] {
        Sha256::digest(&self.spki).into()
    }

    /// [`key_id`] of it.
    pub fn key_id(&self) -> String {
        key_id(&self.spki)
    }

    /// Whether it is an Ed25519 key.
    pub(crate) fn is_ed25519(&self) -> bool {
        self.key.scheme() == SigningScheme::Ed25519
    }

    /// Whether this key signed these bytes.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify(message, &SignatureBytes::new(signature.to_vec())).is_ok()
    }

    /// The possible ids of this key in notes that are signed by `name`. Rekor v1 hashes the key alone, whatever its
    /// algorithm; the notes of the standard hash Ed25519 and RSA keys together with the name. The signature decides.
    pub fn note_ids(&self, name: &str) -> Vec<[u8; 4]> {
        let mut ids = vec![first_four(self.id())];
        match self.key.scheme() {
            SigningScheme::Ed25519 => {
                ids.extend(self.spki.strip_prefix(&ED25519_SPKI).map(|raw| first_four(key_hash(name, ED25519, raw))));
            }
            SigningScheme::RsaPkcs1Sha256 => {
                ids.push(first_four(key_hash(name, NAMED, &[RSA, &self.spki].concat())));
            }
            _ => {}
        }
        ids
    }

    /// Whether a signature of a note is by `name` with this key.
    pub fn signed(&self, note: &UnverifiedNote<'_>, name: &str) -> bool {
        let ids = self.note_ids(name);
        let by_us = |signature: &&NoteSignature<'_>| signature.name == name && ids.contains(&signature.key_id);
        note.signatures.iter().filter(by_us).any(|signature| self.verifies(note.text.as_bytes(), &signature.bytes))
    }

    /// The signature of a note that a static CT log of this name and key made over its tree head (C2SP static-ct-api).
    pub(crate) fn tree_head_signature<'n>(&self, note: &'n UnverifiedNote<'_>, name: &str) -> Option<&'n [u8]> {
        let id = first_four(key_hash(name, RFC_6962, &self.id()));
        let found = note.signatures.iter().find(|signature| signature.name == name && signature.key_id == id);
        found.map(|signature| signature.bytes.as_slice())
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({})", hex::encode(self.id()))
    }
}

/// A witness that cosigns checkpoints. <https://github.com/C2SP/C2SP/blob/main/tlog-cosignature.md>
#[derive(Debug)]
pub struct CosignerKey {
    name: String,
    id: [u8; 4],
    key: LogKey,
}

impl CosignerKey {
    /// From `name+hash+key`, as witnesses publish it: the hash is the key id in hexadecimal, the key its type (4, or
    /// sometimes 1) and 32 bytes in base64.
    ///
    /// # Errors
    /// Another form, or a hash that is not the key's.
    pub fn parse(vkey: &str) -> Result<Self, KeyError> {
        Self::read(vkey).ok_or_else(|| KeyError::Vkey(vkey.to_owned()))
    }

    fn read(vkey: &str) -> Option<Self> {
        let mut parts = vkey.splitn(3, '+');
        let (name, hash, key) = (parts.next()?, parts.next()?, parts.next()?);
        let key = BASE64_STANDARD.decode(key).ok()?;
        let (kind, raw) =
            key.split_first().filter(|(kind, raw)| [ED25519, COSIGNATURE].contains(kind) && raw.len() == 32)?;
        let is_hash = hash == hex::encode(first_four(key_hash(name, *kind, raw)));
        let key = LogKey::from_spki(&[&ED25519_SPKI, raw].concat()).ok()?;
        let id = first_four(key_hash(name, COSIGNATURE, raw));
        (is_hash && !name.is_empty()).then(|| Self { name: name.to_owned(), id, key })
    }

    /// The witness's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The time at which the witness saw the checkpoint, if it cosigned this note.
    pub fn cosigned(&self, note: &UnverifiedNote<'_>) -> Option<DateTime<Utc>> {
        let by_it = |signature: &&NoteSignature<'_>| signature.name == self.name && signature.key_id == self.id;
        note.signatures.iter().filter(by_it).find_map(|signature| {
            let (time, bytes) = signature.bytes.split_first_chunk::<8>()?;
            let time = u64::from_be_bytes(*time);
            let message = format!("cosignature/v1\ntime {time}\n{}", note.text);
            let time = DateTime::from_timestamp(time.try_into().ok()?, 0)?;
            self.key.verifies(message.as_bytes(), bytes).then_some(time)
        })
    }
}

/// The witnesses of these that cosigned a note, with the times that they give. Empty for a document that is not a note.
pub fn cosigners<'k>(note: &str, witnesses: &'k [CosignerKey]) -> Vec<(&'k str, DateTime<Utc>)> {
    let Ok(note) = UnverifiedNote::parse(note.as_bytes()) else { return Vec::new() };
    witnesses.iter().filter_map(|witness| Some((witness.name(), witness.cosigned(&note)?))).collect()
}

/// The hash that begins with the key id: over the name, a line feed, the type and the key.
fn key_hash(name: &str, kind: u8, raw: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(name).chain_update([b'\n', kind]).chain_update(raw).finalize().into()
}

fn first_four(hash: [u8; 32]) -> [u8; 4] {
    [hash[0], hash[1], hash[2], hash[3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public key of the shard `log2025-1`, from Sigstore's trust root.
    const SHARD: &str = "MCowBQYDK2VwAyEAt8rlp1knGwjfbcXAYPYAkn0XiLz1x8O4t0YkEhie244=";
    /// As its operators publish it.
    const SHARD_VKEY: &str = "log2025-1.rekor.sigstore.dev+cf119915+AbfK5adZJxsI323FwGD2AJJ9F4i89cfDuLdGJBIYntuO";

    fn shard() -> LogKey {
        LogKey::from_spki(&BASE64_STANDARD.decode(SHARD).expect("base64")).expect("a key")
    }

    #[test]
    fn the_key_id_of_a_real_shard_is_the_published_one() {
        assert_eq!(hex::encode(shard().note_ids("log2025-1.rekor.sigstore.dev")[1]), "cf119915");
    }

    /// A note of this text under this signature.
    fn note(text: &str, name: &str, id: [u8; 4], signature: &[u8]) -> String {
        let line = BASE64_STANDARD.encode([&id, signature].concat());
        format!("{text}\n\u{2014} {name} {line}\n")
    }

    #[test]
    fn rsa_keys_sign_notes_too() {
        use aws_lc_rs::{
            encoding::AsDer,
            rand::SystemRandom,
            rsa,
            signature::{KeyPair, RSA_PKCS1_SHA256},
        };
        let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("a key");
        let spki: aws_lc_rs::encoding::PublicKeyX509Der = pair.public_key().as_der().expect("DER");
        let key = LogKey::from_spki(spki.as_ref()).expect("RSA");
        let text = "rsa.example\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).expect("signed");
        let id = first_four(
            Sha256::new()
                .chain_update("rsa.example\n")
                .chain_update([0xff])
                .chain_update("PKIX-RSA-PKCS#1v1.5")
                .chain_update(spki.as_ref())
                .finalize()
                .into(),
        );
        let signed = |note: &str| key.signed(&UnverifiedNote::parse(note.as_bytes()).expect("a note"), "rsa.example");
        assert!(signed(&note(text, "rsa.example", id, &signature)));
        assert!(!signed(&note(&text.replace("\n0\n", "\n1\n"), "rsa.example", id, &signature)));
    }

    #[test]
    fn an_ed25519_key_may_be_named_as_rekor_v1_names_keys() {
        use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
        let pair = Ed25519KeyPair::from_seed_unchecked(&[6; 32]).expect("a key");
        let key = LogKey::from_spki(&[&ED25519_SPKI, pair.public_key().as_ref()].concat()).expect("Ed25519");
        let text = "rekor.example - 7\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
        let signature = pair.sign(text.as_bytes());
        for id in [first_four(key.id()), first_four(key_hash("rekor.example", ED25519, pair.public_key().as_ref()))] {
            let note = note(text, "rekor.example", id, signature.as_ref());
            assert!(key.signed(&UnverifiedNote::parse(note.as_bytes()).expect("a note"), "rekor.example"));
        }
    }

    #[test]
    fn a_cosigners_key_is_read_in_either_form() {
        let key = CosignerKey::parse(SHARD_VKEY).expect("the form of a log's own key");
        assert_eq!(key.name(), "log2025-1.rekor.sigstore.dev");
        let shard = shard();
        let raw = &shard.spki()[12..];
        let bytes = BASE64_STANDARD.encode([&[4], raw].concat());
        let hash = hex::encode(first_four(key_hash("witness.example", 4, raw)));
        let key = CosignerKey::parse(&format!("witness.example+{hash}+{bytes}")).expect("the form of the standard");
        assert_eq!(hex::encode(key.id), hash);
    }

    #[test]
    fn a_cosignature_is_over_the_text_and_the_time() {
        use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
        let pair = Ed25519KeyPair::from_seed_unchecked(&[5; 32]).expect("a key");
        let raw = pair.public_key().as_ref();
        let (name, time) = ("witness.example", 1_780_000_000_u64);
        let id = key_hash(name, COSIGNATURE, raw);
        let bytes = [&[COSIGNATURE], raw].concat();
        let vkey = format!("{name}+{}+{}", hex::encode(&id[..4]), BASE64_STANDARD.encode(bytes));
        let witnesses = [CosignerKey::parse(&vkey).expect("its key")];
        let note = |text: &str, said: u64| {
            let signature = pair.sign(format!("cosignature/v1\ntime {time}\nlog.example\n5\nroot\n").as_bytes());
            let line = BASE64_STANDARD.encode([&id[..4], &said.to_be_bytes(), signature.as_ref()].concat());
            format!("{text}\n\u{2014} {name} {line}\n")
        };
        let honest = cosigners(&note("log.example\n5\nroot\n", time), &witnesses);
        assert_eq!(honest.iter().map(|(who, at)| (*who, at.timestamp())).collect::<Vec<_>>(), [(name, 1_780_000_000)]);
        assert_eq!(cosigners(&note("log.example\n6\nroot\n", time), &witnesses), []);
        assert_eq!(cosigners(&note("log.example\n5\nroot\n", time + 1), &witnesses), []);
        assert_eq!(cosigners("{\"a\": \"signed tree head\"}", &witnesses), []);
    }

    #[test]
    fn what_is_no_cosigners_key_is_refused() {
        for vkey in [
            "",
            "a",
            "a+b",
            "a+b+c",
            "+cf119915+AbfK",
            &SHARD_VKEY.replace("cf", "ce"),
            &SHARD_VKEY.replace("+A", "+B"),
        ] {
            let error = CosignerKey::parse(vkey).expect_err(vkey).to_string();
            assert!(error.contains(&format!("{vkey:?}")), "{error}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for spki in [&[][..], &[0x30, 0x00], &ED25519_SPKI, b"-----BEGIN PUBLIC KEY-----"] {
            assert!(LogKey::from_spki(spki).is_err(), "{spki:?}");
        }
        assert!(LogKey::from_pem("no PEM").is_err());
    }
}

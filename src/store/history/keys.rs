//! The Ed25519 keys that sign heads of the history, and verify signed ones.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use chrono::{DateTime, Utc};
use rustls_pki_types::{
    PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer,
    pem::{self, PemObject},
};
use sha2::{Digest, Sha256};

use super::head::Head;

/// The DER form of an Ed25519 public key (RFC 8410) before its 32 bytes.
const SPKI: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The reason why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HeadKeyError {
    /// Not a private key as PEM.
    #[error("not a private key as PEM; `openssl genpkey -algorithm ed25519` makes one")]
    Private(#[source] pem::Error),
    /// A private key of another kind.
    #[error("not an Ed25519 private key; `openssl genpkey -algorithm ed25519` makes one")]
    OtherPrivate,
    /// Not a public key as PEM.
    #[error("not a public key as PEM; `openssl pkey -pubout` prints that of a private key")]
    Public(#[source] pem::Error),
    /// A public key of another kind.
    #[error("not an Ed25519 public key; `openssl pkey -pubout` prints that of a private key")]
    OtherPublic,
}

/// The key of `[store] signing_key`.
pub struct HeadSigner(Ed25519KeyPair);

impl fmt::Debug for HeadSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HeadSigner").field(&self.verifier().id()).finish()
    }
}

impl HeadSigner {
    /// Reads a private key: PKCS#8 as PEM.
    ///
    /// # Errors
    /// Another form, or a key of another kind. No error contains a part of the key.
    pub fn from_pem(pem: &str) -> Result<Self, HeadKeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(HeadKeyError::Private)?;
        Ed25519KeyPair::from_pkcs8(der.secret_pkcs8_der()).map(Self).map_err(|_| HeadKeyError::OtherPrivate)
    }

    /// The public half.
    pub fn verifier(&self) -> HeadVerifier {
        HeadVerifier(self.0.public_key().as_ref().to_vec())
    }

    pub(super) fn sign(&self, head: &Head, at: DateTime<Utc>) -> Vec<u8> {
        self.0.sign(message(head.seq, &head.chain, at.timestamp_micros()).as_bytes()).as_ref().to_vec()
    }
}

/// The public half of a key that signs heads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadVerifier(Vec<u8>);

impl HeadVerifier {
    /// Reads a public key as PEM.
    ///
    /// # Errors
    /// Another form, or a key of another kind.
    pub fn from_pem(pem: &str) -> Result<Self, HeadKeyError> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).map_err(HeadKeyError::Public)?;
        let key = der.as_ref().strip_prefix(SPKI).filter(|key| key.len() == 32);
        key.map(|key| Self(key.to_vec())).ok_or(HeadKeyError::OtherPublic)
    }

    /// The SHA-256 of the public key in its DER form, as 64 hexadecimal digits.
    pub fn id(&self) -> String {
        hex::encode(Sha256::new_with_prefix(SPKI).chain_update(&self.0).finalize())
    }

    /// Whether the key signed this head at this time, in microseconds since 1970.
    pub(super) fn verifies(&self, seq: i64, chain: &[u8], at: i64, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message(seq, chain, at).as_bytes(), signature).is_ok()
    }
}

/// The signed text: four lines, so that other programs can verify it. OPERATIONS.md documents it.
fn message(seq: i64, chain: &[u8], at: i64) -> String {
    format!("provwatch history head 1\n{seq}\n{}\n{at}\n", hex::encode(chain))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of RFC 8410, section 10.
    const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";
    const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
        -----END PUBLIC KEY-----\n";

    #[test]
    fn a_signature_is_of_one_head_one_time_and_one_key() {
        let (signer, key) = (HeadSigner::from_pem(PRIVATE).unwrap(), HeadVerifier::from_pem(PUBLIC).unwrap());
        assert_eq!(signer.verifier(), key);
        assert!(format!("{signer:?}").contains(&key.id()), "and nothing of the private half");
        let (head, at) = (Head { seq: 7, chain: [1; 32] }, DateTime::from_timestamp_micros(5).unwrap());
        let signature = signer.sign(&head, at);
        assert!(key.verifies(7, &[1; 32], 5, &signature));
        for (seq, chain, at) in [(8, [1; 32], 5), (7, [2; 32], 5), (7, [1; 32], 6)] {
            assert!(!key.verifies(seq, &chain, at, &signature));
        }
        assert!(!key.verifies(7, &[1; 32], 5, &signature[1..]));
        assert!(!HeadVerifier(vec![0; 32]).verifies(7, &[1; 32], 5, &signature));
    }

    #[test]
    fn other_keys_are_refused_with_the_command_that_makes_one() {
        let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let broken = PRIVATE.replace("MC4CAQ", "MC4CA!");
        for pem in ["", "hunter2", PUBLIC, &broken, &other.serialize_pem()] {
            let error = HeadSigner::from_pem(pem).unwrap_err().to_string();
            assert!(error.contains("openssl genpkey -algorithm ed25519") && !error.contains("hunter2"), "{error}");
        }
        for pem in ["", PRIVATE, &other.public_key_pem()] {
            let error = HeadVerifier::from_pem(pem).unwrap_err().to_string();
            assert!(error.contains("openssl pkey -pubout"), "{error}");
        }
    }
}

//! Keys: P-256, Ed25519 and RSA.

use aws_lc_rs::{
    digest,
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    rsa,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256},
};
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData};

use super::b64;

/// A P-256 key that signs with SHA-256, ASN.1 form.
pub struct Key {
    pub pair: KeyPair,
    signer: EcdsaKeyPair,
}

impl Key {
    pub fn p256() -> Self {
        let pair = KeyPair::generate().unwrap();
        let signer = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pair.serialized_der()).unwrap();
        Self { pair, signer }
    }

    /// The public key, DER SubjectPublicKeyInfo.
    pub fn spki(&self) -> Vec<u8> {
        self.pair.subject_public_key_info()
    }

    /// SHA-256 of the public key: the id of a log.
    pub fn id(&self) -> [u8; 32] {
        sha256(&self.spki())
    }

    /// The id as npm writes it.
    pub fn npm_id(&self) -> String {
        format!("SHA256:{}", b64(&self.id()).trim_end_matches('='))
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.signer.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
    }
}

/// An Ed25519 key.
pub struct Ed25519 {
    pair: KeyPair,
    signer: Ed25519KeyPair,
}

impl Ed25519 {
    pub fn new() -> Self {
        let pair = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let signer = Ed25519KeyPair::from_pkcs8(pair.serialized_der()).unwrap();
        Self { pair, signer }
    }

    /// The public key, DER SubjectPublicKeyInfo.
    pub fn spki(&self) -> Vec<u8> {
        self.pair.subject_public_key_info()
    }

    /// The public key, its 32 bytes.
    pub fn raw(&self) -> &[u8] {
        self.pair.public_key_raw()
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.signer.sign(message).as_ref().to_vec()
    }
}

/// An RSA key of 2048 bits that signs with PKCS #1 v1.5 and SHA-256.
pub struct Rsa(rsa::KeyPair);

impl Rsa {
    pub fn new() -> Self {
        Self(rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap())
    }

    /// The public key, DER SubjectPublicKeyInfo.
    pub fn spki(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().unwrap();
        der.as_ref().to_vec()
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }
}

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, bytes).as_ref().try_into().unwrap()
}

pub fn sha512(bytes: &[u8]) -> [u8; 64] {
    digest::digest(&digest::SHA512, bytes).as_ref().try_into().unwrap()
}

//! Signing keys: ECDSA, Ed25519 and RSA.

use aws_lc_rs::{
    digest,
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    },
};
use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_ED25519, PublicKeyData,
    SignatureAlgorithm,
};

use super::b64;

/// The curve of a key, which says by what it digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    fn algorithms(self) -> (&'static SignatureAlgorithm, &'static EcdsaSigningAlgorithm) {
        match self {
            Self::P256 => (&PKCS_ECDSA_P256_SHA256, &ECDSA_P256_SHA256_ASN1_SIGNING),
            Self::P384 => (&PKCS_ECDSA_P384_SHA384, &ECDSA_P384_SHA384_ASN1_SIGNING),
            Self::P521 => (&PKCS_ECDSA_P521_SHA512, &ECDSA_P521_SHA512_ASN1_SIGNING),
        }
    }

    /// The digest's name in bundles, and in entries of Rekor v1.
    pub const fn digest_names(self) -> (&'static str, &'static str) {
        match self {
            Self::P256 => ("SHA2_256", "sha256"),
            Self::P384 => ("SHA2_384", "sha384"),
            Self::P521 => ("SHA2_512", "sha512"),
        }
    }

    /// What Rekor v2 calls such a key.
    pub const fn key_details(self) -> &'static str {
        match self {
            Self::P256 => "PKIX_ECDSA_P256_SHA_256",
            Self::P384 => "PKIX_ECDSA_P384_SHA_384",
            Self::P521 => "PKIX_ECDSA_P521_SHA_512",
        }
    }

    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        let with = match self {
            Self::P256 => &digest::SHA256,
            Self::P384 => &digest::SHA384,
            Self::P521 => &digest::SHA512,
        };
        digest::digest(with, bytes).as_ref().to_vec()
    }
}

/// An ECDSA key that signs with the digest of its curve, ASN.1 form.
pub struct Key {
    pub pair: KeyPair,
    signer: EcdsaKeyPair,
}

impl Key {
    pub fn p256() -> Self {
        Self::on(Curve::P256)
    }

    pub fn on(curve: Curve) -> Self {
        let (generated, signing) = curve.algorithms();
        let pair = KeyPair::generate_for(generated).unwrap();
        let signer = EcdsaKeyPair::from_pkcs8(signing, pair.serialized_der()).unwrap();
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

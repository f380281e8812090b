//! Verifies signatures with keys of each supported scheme.

use aws_lc_rs::{
    digest::{SHA512, digest},
    signature::{ECDSA_P521_SHA512_ASN1, UnparsedPublicKey},
};
use sigstore_crypto::{KeyAlgorithm, VerificationKey};
use sigstore_types::{DerPublicKey, HashAlgorithm, SignatureBytes};
use x509_parser::{
    asn1_rs::{FromDer, Oid, oid},
    x509::SubjectPublicKeyInfo,
};

use crate::{attest::failure::VerificationFailure, model::Check};

const EC: Oid<'static> = oid!(1.2.840.10045.2.1);
const P521: Oid<'static> = oid!(1.3.132.0.35);

/// A key for verification.
pub(super) enum Scheme {
    /// A key that the verifier's library knows.
    Known { key: DerPublicKey, algorithm: KeyAlgorithm },
    /// An uncompressed point on P-521.
    P521(Vec<u8>),
}

impl Scheme {
    /// The scheme of a key (`SubjectPublicKeyInfo`). None: it is malformed.
    ///
    /// # Errors
    /// Its kind is not supported.
    pub(super) fn of(key: &DerPublicKey) -> Result<Option<Self>, VerificationFailure> {
        if let Ok(algorithm) = KeyAlgorithm::from_spki(key) {
            return Ok(Some(Self::Known { key: key.clone(), algorithm }));
        }
        let Ok(([], spki)) = SubjectPublicKeyInfo::from_der(key.as_bytes()) else { return Ok(None) };
        let point = spki.subject_public_key.data.as_ref();
        let curve = spki.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
        match (&spki.algorithm.algorithm, curve) {
            (algorithm, Some(curve)) if *algorithm == EC && curve == P521 && point.first() == Some(&4) => {
                Ok(Some(Self::P521(point.to_vec())))
            }
            (algorithm, _) if is_known(algorithm) => Ok(None),
            (algorithm, curve) => {
                let kind = curve.filter(|_| *algorithm == EC).unwrap_or_else(|| algorithm.clone());
                Err(VerificationFailure::unavailable(format_args!(
                    "signatures of keys of the kind {kind} are not supported"
                )))
            }
        }
    }

    pub(super) const fn is_p521(&self) -> bool {
        matches!(self, Self::P521(_))
    }

    pub(super) const fn is_p256(&self) -> bool {
        matches!(self, Self::Known { algorithm: KeyAlgorithm::EcdsaP256, .. })
    }

    pub(super) const fn is_ed25519(&self) -> bool {
        matches!(self, Self::Known { algorithm: KeyAlgorithm::Ed25519, .. })
    }

    /// Whether the signature is over the message, by the scheme that is usual for the key.
    pub(super) fn check(&self, message: &[u8], signature: &SignatureBytes) -> Result<(), VerificationFailure> {
        match self {
            Self::Known { key, .. } => {
                let key = VerificationKey::from_spki(key).map_err(wrong)?;
                key.verify(message, signature).map_err(wrong)
            }
            Self::P521(point) => UnparsedPublicKey::new(&ECDSA_P521_SHA512_ASN1, point)
                .verify(message, signature.as_bytes())
                .map_err(|_| wrong("the ECDSA P-521 signature does not verify")),
        }
    }

    /// Whether the signature is over the message with this digest.
    pub(super) fn check_digest(&self, digest: &Digest, signature: &SignatureBytes) -> Result<(), VerificationFailure> {
        match self {
            Self::Known { key, algorithm } => {
                let scheme =
                    algorithm.resolve_signing_scheme(digest.algorithm).map_err(VerificationFailure::unavailable)?;
                let key = VerificationKey::from_spki_with_scheme(key, scheme).map_err(wrong)?;
                key.verify_prehashed(&digest.bytes, signature).map_err(wrong)
            }
            Self::P521(point) => {
                if digest.algorithm != HashAlgorithm::Sha2512 {
                    return Err(VerificationFailure::unavailable(format_args!(
                        "P-521 with {} is not supported",
                        digest.algorithm
                    )));
                }
                let imported = aws_lc_rs::digest::Digest::import_less_safe(&digest.bytes, &SHA512).map_err(wrong)?;
                UnparsedPublicKey::new(&ECDSA_P521_SHA512_ASN1, point)
                    .verify_digest(&imported, signature.as_bytes())
                    .map_err(|_| wrong("the ECDSA P-521 signature does not verify"))
            }
        }
    }
}

/// A digest and its algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Digest {
    pub(super) algorithm: HashAlgorithm,
    pub(super) bytes: Vec<u8>,
}

impl Digest {
    /// The digest of a message.
    pub(super) fn of(algorithm: HashAlgorithm, message: &[u8]) -> Option<Self> {
        let with = match algorithm {
            HashAlgorithm::Sha2256 => &aws_lc_rs::digest::SHA256,
            HashAlgorithm::Sha2384 => &aws_lc_rs::digest::SHA384,
            HashAlgorithm::Sha2512 => &SHA512,
            _ => return None,
        };
        Some(Self { algorithm, bytes: digest(with, message).as_ref().to_vec() })
    }
}

/// Kinds that the verifier's library reads: a key of these kinds that it does not read is malformed.
fn is_known(algorithm: &Oid<'_>) -> bool {
    [oid!(1.2.840.113549.1.1.1), oid!(1.3.101.112)].contains(algorithm)
}

fn wrong(why: impl std::fmt::Display) -> VerificationFailure {
    VerificationFailure::invalid(Check::Signature, why)
}

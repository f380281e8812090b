//! Verification of a bare Sigstore bundle against a file, as sigstore's clients do it.

use sigstore_types::{Bundle, DerPublicKey, Sha256Hash};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy};

use super::{failure::Failure, json, signed::Verified, trust::TrustMaterial};

/// What the bundle must be about.
#[derive(Clone, Copy, Debug)]
pub enum Artifact<'a> {
    /// The file itself.
    Bytes(&'a [u8]),
    /// Its SHA-256.
    Sha256([u8; 32]),
}

/// Who must have signed.
#[derive(Clone, Copy, Debug)]
pub enum Policy<'a> {
    /// Somebody with a certificate, by its subject alternative name and OIDC issuer, exactly.
    Identity {
        /// The subject alternative name.
        identity: &'a str,
        /// The issuer, a URL.
        issuer: &'a str,
    },
    /// The holder of this public key (PEM).
    Key(&'a [u8]),
}

/// Verifies a bundle (JSON, version 0.1 to 0.3; a message signature or an in-toto statement).
///
/// # Errors
/// The check that failed; [`Check::Publisher`](crate::model::Check::Publisher) if somebody else signed.
pub fn verify_bundle(
    bundle: &[u8],
    artifact: Artifact<'_>,
    policy: Policy<'_>,
    trust: &TrustMaterial,
) -> Result<Verified, Failure> {
    let bundle: Bundle = json::read(bundle)?;
    let artifact = match artifact {
        Artifact::Bytes(bytes) => sigstore_types::Artifact::from_blob(bytes),
        Artifact::Sha256(digest) => sigstore_types::Artifact::from_digest(Sha256Hash::new(digest)),
    };
    match policy {
        Policy::Identity { identity, issuer } => {
            trust.verify_bundle(&bundle, artifact, &VerificationPolicy::new(identity, issuer))
        }
        Policy::Key(pem) => trust.verify_bundle(&bundle, artifact, &PublicKeyVerificationPolicy::new(key(pem)?)),
    }
}

fn key(pem: &[u8]) -> Result<DerPublicKey, Failure> {
    let unusable = |why: &dyn std::fmt::Display| Failure::unavailable(format_args!("the public key: {why}"));
    let text = std::str::from_utf8(pem).map_err(|error| unusable(&error))?;
    DerPublicKey::from_pem(text).map_err(|error| unusable(&error))
}

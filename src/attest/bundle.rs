//! Verifies a bare Sigstore bundle against a file, as Sigstore's own clients do.

use serde_json::value::RawValue;
use sigstore_types::{ArtifactDigest, DerPublicKey, HashAlgorithm};

use super::{failure::VerificationFailure, form, json, signer::Signer, trust::TrustMaterial, verified::Verified};

/// The expected subject of the bundle.
#[derive(Clone, Copy, Debug)]
pub enum Artifact<'a> {
    /// The file itself.
    Bytes(&'a [u8]),
    /// Its SHA-256.
    Sha256([u8; 32]),
}

/// The expected signer.
#[derive(Clone, Copy, Debug)]
pub enum Policy<'a> {
    /// The holder of a certificate, by its subject alternative name and OIDC issuer, exactly.
    Identity {
        /// The subject alternative name: an address, a URI, or a user name.
        identity: &'a str,
        /// The issuer, a URL. Empty: the certificate names none, and so proves the content but not the builder.
        issuer: &'a str,
    },
    /// The holder of this public key (PEM).
    Key(&'a [u8]),
}

/// Verifies a bundle (JSON, version 0.1 to 0.3; a message signature or an in-toto statement).
///
/// # Errors
/// The check that failed; [`Check::Publisher`](crate::model::Check::Publisher) for another signer.
pub fn verify_bundle(
    bundle: &[u8],
    artifact: Artifact<'_>,
    policy: Policy<'_>,
    trust: &TrustMaterial,
) -> Result<Verified, VerificationFailure> {
    let bundle = form::bundle(json::read::<&RawValue>(bundle)?.get())?;
    let artifact = match artifact {
        Artifact::Bytes(bytes) => sigstore_types::Artifact::from_blob(bytes),
        Artifact::Sha256(bytes) => {
            let digest = ArtifactDigest::new(HashAlgorithm::Sha2256, bytes.to_vec())
                .map_err(VerificationFailure::unavailable)?;
            sigstore_types::Artifact::from_digest(digest)
        }
    };
    match policy {
        Policy::Identity { identity, issuer } => {
            trust.verify_bundle(&bundle, artifact, Signer::Identity { subject: identity, issuer })
        }
        Policy::Key(pem) => trust.verify_bundle(&bundle, artifact, Signer::Key(&key(pem)?)),
    }
}

fn key(pem: &[u8]) -> Result<DerPublicKey, VerificationFailure> {
    let unusable =
        |why: &dyn std::fmt::Display| VerificationFailure::unavailable(format_args!("the public key: {why}"));
    let text = std::str::from_utf8(pem).map_err(|error| unusable(&error))?;
    DerPublicKey::from_pem(text).map_err(|error| unusable(&error))
}

//! The verifier of all attestations that registries serve.

use chrono::{DateTime, Utc};

use super::{encoding::base64, failure::VerificationFailure, npm, pypi, trust::TrustMaterial};
use crate::model::{Check, Digests, Provenance, RootStanding};

/// Verifies attestations and registry signatures offline, against one set of trust material.
#[derive(Clone, Debug)]
pub struct Verifier {
    trust: TrustMaterial,
}

impl Verifier {
    /// A verifier that shares the trust material.
    pub fn new(trust: &TrustMaterial) -> Self {
        Self { trust: trust.clone() }
    }

    /// Its trust material.
    pub fn trust(&self) -> &TrustMaterial {
        &self.trust
    }

    /// Verifies npm's attestations document of a release: provenance and publish attestation must both be about the
    /// release (`subject`, a purl) and about the file with that SHA-512. Attestations of unknown types are skipped;
    /// without provenance the outcome is [`Provenance::Absent`].
    pub fn npm(&self, document: &[u8], subject: &str, digests: &Digests) -> Provenance {
        self.as_far_as_known(npm::verify(&self.trust, document, subject, digests))
    }

    /// The part that npm's attestations document lacks although it has provenance: the publish attestation.
    pub(crate) fn npm_lacks(document: &[u8]) -> Option<String> {
        npm::lacks(document)
    }

    /// Verifies PyPI's provenance object of a file: every attestation in it must be about the file of that name and
    /// SHA-256, and be signed by the publisher that PyPI names. Without any the outcome is [`Provenance::Absent`].
    pub fn pypi(&self, object: &[u8], file: &str, digests: &Digests) -> Provenance {
        self.as_far_as_known(pypi::verify(&self.trust, object, file, digests))
    }

    /// Whether there is trust material for verification yet.
    pub(crate) fn is_ready(&self) -> bool {
        self.trust.standing() != RootStanding::Unread
    }

    /// Without a trust root, no signature is known to be valid or invalid.
    fn as_far_as_known(&self, found: Provenance) -> Provenance {
        if self.is_ready() || found == Provenance::Absent {
            return found;
        }
        Provenance::Unavailable { reason: "the trust root was not read yet".to_owned() }
    }

    /// Verifies the registry's own signatures over a release, each a key id, a signature (base64) and its message. An
    /// empty list is valid.
    ///
    /// # Errors
    /// [`Check::RegistryKey`] or [`Check::RegistrySignature`] and the exact error, or that the key is not known.
    pub fn npm_signatures(
        &self,
        signatures: &[(&str, &str, &str)],
        published_at: DateTime<Utc>,
    ) -> Result<(), VerificationFailure> {
        signatures
            .iter()
            .try_for_each(|(key_id, signature, message)| self.npm_signature(key_id, signature, message, published_at))
    }

    fn npm_signature(
        &self,
        id: &str,
        signature: &str,
        message: &str,
        at: DateTime<Utc>,
    ) -> Result<(), VerificationFailure> {
        let key = self.trust.npm_keys.signing(id, at)?;
        let wrong = |reason| VerificationFailure::invalid(Check::RegistrySignature, reason);
        let signature = base64(signature).ok_or_else(|| wrong("the signature is not base64".to_owned()))?;
        if key.verify(message.as_bytes(), signature) {
            return Ok(());
        }
        Err(wrong(format!("the signature of the key {id:?} is not over {message:?}")))
    }
}

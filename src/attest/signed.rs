//! Verifies one bundle with all checks: the upstream verifier's, and provwatch's own on top.

use sha2::{Digest, Sha256};
use sigstore_types::{Artifact, Bundle, SignatureContent};

use super::{
    case::{Case, Without},
    checkpoint, encoding,
    enough::known_to,
    failure::VerificationFailure,
    identity::public_key,
    registry_key::RegistryKey,
    signer::{Signed, Signer},
    trust::TrustMaterial,
    unknown_log,
    verified::Verified,
};
use crate::model::VerifiedProvenance;

impl TrustMaterial {
    /// Verifies a bundle signed with a certificate, for any signer.
    pub(super) fn verify_keyless(
        &self,
        bundle: &Bundle,
        artifact: Artifact<'_>,
    ) -> Result<VerifiedProvenance, VerificationFailure> {
        let verified = self.verify_bundle(bundle, artifact, Signer::Anyone)?;
        let identity = verified.identity.ok_or_else(|| {
            VerificationFailure::unavailable("its certificate names no issuer: it proves the content, not the builder")
        })?;
        Ok(VerifiedProvenance { identity, signed_at: verified.signed_at, log: verified.log, signed: verified.signed })
    }

    /// Verifies a bundle signed with a registry's key.
    pub(super) fn verify_keyed(
        &self,
        bundle: &Bundle,
        artifact: Artifact<'_>,
        key: &RegistryKey,
    ) -> Result<Verified, VerificationFailure> {
        self.verify_bundle(bundle, artifact, Signer::Key(&key.der))
    }

    pub(super) fn verify_bundle(
        &self,
        bundle: &Bundle,
        artifact: Artifact<'_>,
        signer: Signer<'_>,
    ) -> Result<Verified, VerificationFailure> {
        let instance = self.instance_of(bundle);
        let bundle = &known_to(instance, bundle);
        let case = Case { instance, bundle, artifact, key: signer.key() };
        let times =
            case.verify(Without::of(instance)).map_err(|failure| unknown_log::judged(&case, signer, failure))?;
        let log = checkpoint::logged_at(&instance.usable, bundle)?;
        let found = Signed::of(bundle)?;
        signer.check(&found)?;
        let (identity, subject) = match found {
            Signed::By(identity) => (Some((*identity).clone()), Some(identity.subject)),
            Signed::Content { subject } => (None, Some(subject)),
            Signed::Key => (None, None),
        };
        let signed_at = times.into_iter().min().and_then(encoding::time);
        Ok(Verified { identity, subject, signed_at, log, signed: signed(bundle)? })
    }
}

/// The digests in a log entry of this bundle.
fn signed(bundle: &Bundle) -> Result<Vec<String>, VerificationFailure> {
    let sha256 = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    let mut signed = Vec::new();
    if let SignatureContent::DsseEnvelope(envelope) = &bundle.content {
        signed.extend([sha256(envelope.payload.as_bytes()), sha256(&envelope.pae())]);
    }
    if let Some(certificate) = bundle.signing_certificate() {
        signed.push(sha256(&public_key(certificate.as_bytes())?));
    }
    Ok(signed)
}

//! One bundle, all checks: the verifier's, and ours on top.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use sigstore_types::{Artifact, Bundle, SignatureContent};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult};

use super::{
    checkpoint,
    doubt::{self, Lenient},
    encoding,
    failure::Failure,
    identity::{identity, public_key},
    registry_key::RegistryKey,
    trust::TrustMaterial,
};
use crate::model::{Check, LogEntry, VerifiedProvenance, WorkflowIdentity};

/// What a verified bundle proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Who signed, if a certificate says so.
    pub identity: Option<WorkflowIdentity>,
    /// The earliest verified time of signing.
    pub signed_at: Option<DateTime<Utc>>,
    /// Where it is logged, if the bundle proves the place.
    pub log: Option<LogEntry>,
    /// What an entry of it names; see [`VerifiedProvenance::signed`].
    pub signed: Vec<String>,
}

impl TrustMaterial {
    /// Verifies a bundle signed with a certificate, whoever signed it.
    pub(super) fn verify_keyless(
        &self,
        bundle: &Bundle,
        artifact: Artifact<'_>,
    ) -> Result<VerifiedProvenance, Failure> {
        let verified = self.verify_bundle(bundle, artifact, &VerificationPolicy::any_identity())?;
        let identity = verified.identity.ok_or_else(|| {
            Failure::invalid(Check::CertificateChain, "it is signed with a key, where a certificate is expected")
        })?;
        Ok(VerifiedProvenance { identity, signed_at: verified.signed_at, log: verified.log, signed: verified.signed })
    }

    /// Verifies a bundle signed with a registry's key.
    pub(super) fn verify_keyed(
        &self,
        bundle: &Bundle,
        artifact: Artifact<'_>,
        key: &RegistryKey,
    ) -> Result<Verified, Failure> {
        self.verify_bundle(bundle, artifact, &PublicKeyVerificationPolicy::new(key.der.clone()))
    }

    pub(super) fn verify_bundle(
        &self,
        bundle: &Bundle,
        artifact: Artifact<'_>,
        policy: &impl Lenient,
    ) -> Result<Verified, Failure> {
        let result = self.verifier.verify(artifact.clone(), bundle, policy);
        let result = result.map_err(|error| doubt::judged(self, bundle, artifact, policy, error))?;
        let certificate = bundle.signing_certificate();
        Ok(Verified {
            identity: certificate.map(|certificate| identity(certificate.as_bytes())).transpose()?,
            signed_at: signed_at(&result),
            log: checkpoint::logged_at(&self.trusted_root, bundle)?,
            signed: signed(bundle)?,
        })
    }
}

/// What an entry of this bundle names.
fn signed(bundle: &Bundle) -> Result<Vec<String>, Failure> {
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

fn signed_at(result: &VerificationResult) -> Option<DateTime<Utc>> {
    result.verified_timestamps().iter().min().copied().and_then(encoding::time)
}

//! Selects the log entries and timestamps of a bundle that the trust root knows. A bundle may have several of both. One
//! valid entry and one valid time are enough; those of an unknown log or authority prove nothing and invalidate
//! nothing. Those of a known one must be valid.

use sigstore_trust_root::TsaAuthority;
use sigstore_types::{Bundle, SignatureBytes, SignatureContent, TimestampToken};
use sigstore_verify::tsa::{self, verify_timestamp_for_authority};

use super::instance::Instance;

/// The bundle without the entries and timestamps of unknown parties, if there are others.
pub(super) fn known_to(instance: &Instance, bundle: &Bundle) -> Bundle {
    let mut bundle = bundle.clone();
    let entries = &mut bundle.verification_material.tlog_entries;
    if entries.iter().any(|entry| instance.knows(&entry.log_id)) {
        entries.retain(|entry| instance.knows(&entry.log_id));
    }
    let is_timed = entries.iter().any(|entry| entry.inclusion_promise.is_some() && entry.integrated_time.is_some());
    let Some(signature) = signature(&bundle.content).cloned() else { return bundle };
    let authorities = instance.usable.tsa_authorities();
    let is_known = |token: &TimestampToken| !is_strange(token, &signature, &authorities);
    let tokens = &mut bundle.verification_material.timestamp_verification_data.rfc3161_timestamps;
    if is_timed || tokens.iter().any(|token| is_known(&token.signed_timestamp)) {
        tokens.retain(|token| is_known(&token.signed_timestamp));
    }
    bundle
}

/// Whether a timestamp is over the signature and by none of the authorities. Anyone can write a known authority's name
/// on it.
fn is_strange(token: &TimestampToken, signature: &SignatureBytes, authorities: &[TsaAuthority]) -> bool {
    use tsa::Error::{CertificateValidationError, InvalidEKU, SignatureVerificationError};
    authorities.iter().all(|authority| {
        matches!(
            verify_timestamp_for_authority(token, signature, authority),
            Err(SignatureVerificationError(_) | CertificateValidationError(_) | InvalidEKU)
        )
    })
}

/// The signature of a bundle.
pub(super) fn signature(content: &SignatureContent) -> Option<&SignatureBytes> {
    match content {
        SignatureContent::MessageSignature(message) => Some(&message.signature),
        SignatureContent::DsseEnvelope(envelope) => Some(&envelope.signature.sig),
        _ => None,
    }
}

//! The steps of provwatch's own verification, in order.

use jiff::Timestamp;
use sigstore_types::{
    Bundle, DerPublicKey, HashAlgorithm, KindVersion, MediaType, SignatureContent, TransparencyLogEntry,
    bundle::VerificationMaterialContent,
};

use super::{chain, content, entry, logged, scheme::Scheme, time};
use crate::{
    attest::{
        case::{Case, Without},
        failure::VerificationFailure,
        identity::public_key,
    },
    model::Check,
};

/// Whether the verifier cannot read a bundle that is readable here.
///
/// # Errors
/// It is not readable here either: the unsupported part.
pub(in crate::attest) fn is_needed(case: &Case<'_>) -> Result<bool, VerificationFailure> {
    let Some(key) = signing_key(case) else { return Ok(false) };
    let Some(scheme) = Scheme::of(&key)? else { return Ok(false) };
    let entries = &case.bundle.verification_material.tlog_entries;
    let in_record = entries.iter().any(|entry| is_record(entry.kind_version));
    if scheme.is_ed25519() && in_record {
        return Err(VerificationFailure::unavailable("Ed25519ph signatures are not supported by this version"));
    }
    let in_v2 = entries.iter().any(|entry| entry.kind_version == KindVersion::HashedRekordV002);
    let other_content = match &case.bundle.content {
        SignatureContent::MessageSignature(message) => {
            message.message_digest.as_ref().is_some_and(|digest| digest.algorithm != HashAlgorithm::Sha2256)
        }
        SignatureContent::DsseEnvelope(envelope) => content::is_other_statement(envelope.payload.as_bytes()),
        _ => false,
    };
    Ok(scheme.is_p521() || other_content || (in_v2 && !scheme.is_p256()))
}

fn is_record(kind: KindVersion) -> bool {
    matches!(kind, KindVersion::HashedRekordV001 | KindVersion::HashedRekordV002)
}

/// The required key, as `SubjectPublicKeyInfo`. None: there is no readable key, which the verifier reports.
fn signing_key(case: &Case<'_>) -> Option<DerPublicKey> {
    let is_keyed = matches!(case.bundle.verification_material.content, VerificationMaterialContent::PublicKey(_));
    match (case.key, case.bundle.signing_certificate()) {
        (Some(key), None) if is_keyed => Some(key.clone()),
        (None, Some(certificate)) => public_key(certificate.as_bytes()).ok().map(DerPublicKey::new),
        _ => None,
    }
}

/// Verifies everything but the signer. Returns the proven times of signing.
pub(in crate::attest) fn verify(case: &Case<'_>, without: Without) -> Result<Vec<Timestamp>, VerificationFailure> {
    check_shape(case.bundle, without)?;
    let key =
        signing_key(case).ok_or_else(|| VerificationFailure::invalid(Check::CertificateChain, "the key is missing"))?;
    let scheme = Scheme::of(&key)?
        .ok_or_else(|| VerificationFailure::invalid(Check::CertificateChain, "its key is malformed"))?;
    let times = time::proven(case)?;
    if case.bundle.signing_certificate().is_some() {
        let issuer = chain::issuer(case, &times)?;
        if !without.certificate_timestamp {
            chain::check_timestamp(case, &issuer)?;
        }
    }
    if !without.log {
        let now = times.iter().max().copied().unwrap_or(Timestamp::MAX);
        each_entry(case, |entry| entry::check_inclusion(case.instance, entry, now))?;
    }
    let message = content::check(case, &scheme)?;
    each_entry(case, |entry| logged::check(case, entry, &key, &message))?;
    Ok(times)
}

fn each_entry(
    case: &Case<'_>,
    mut check: impl FnMut(&TransparencyLogEntry) -> Result<(), VerificationFailure>,
) -> Result<(), VerificationFailure> {
    case.bundle.verification_material.tlog_entries.iter().try_for_each(&mut check)
}

/// Checks the members that a bundle of its version must have.
fn check_shape(bundle: &Bundle, without: Without) -> Result<(), VerificationFailure> {
    let material = &bundle.verification_material;
    let entries = &material.tlog_entries;
    let misses =
        |what: &str| Err(VerificationFailure::invalid(Check::TransparencyLog, format!("the bundle has no {what}")));
    let is_chain = matches!(material.content, VerificationMaterialContent::X509CertificateChain { .. });
    if is_chain && bundle.media_type == MediaType::Bundle0_3 {
        return Err(VerificationFailure::invalid(
            Check::Format,
            "a bundle of this version has one certificate, not a chain",
        ));
    }
    if bundle.media_type == MediaType::Bundle0_1 {
        if !entries.iter().any(|entry| entry.inclusion_promise.is_some()) {
            return misses("promise of the log");
        }
    } else if !without.log && !entries.iter().any(|entry| entry.inclusion_proof.is_some()) {
        return misses("proof of the log");
    }
    if entries.is_empty() && !without.log {
        return misses("log entry");
    }
    Ok(())
}

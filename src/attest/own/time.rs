//! Determines the signing time of a bundle from timestamp authorities and from the promise of Rekor v1.

use jiff::Timestamp;
use sigstore_trust_root::TsaAuthority;
use sigstore_types::{KindVersion, SignatureBytes, TimestampToken};
use sigstore_verify::tsa::{self, verify_timestamp_for_authority};

use super::entry;
use crate::{
    attest::{case::Case, enough::signature, failure::VerificationFailure},
    model::Check,
};

/// Every time in the bundle, each of which must be proven. A certificate needs one, a key does not.
pub(super) fn proven(case: &Case<'_>) -> Result<Vec<Timestamp>, VerificationFailure> {
    let material = &case.bundle.verification_material;
    let signature =
        signature(&case.bundle.content).ok_or_else(|| VerificationFailure::unavailable("unsupported content"))?;
    let authorities = case.instance.usable.tsa_authorities();
    let mut times = Vec::new();
    for token in &material.timestamp_verification_data.rfc3161_timestamps {
        times.push(time_of(&token.signed_timestamp, signature, &authorities)?);
    }
    let is_v1 = |kind| kind != KindVersion::HashedRekordV002;
    for logged in material.tlog_entries.iter().filter(|entry| is_v1(entry.kind_version)) {
        if let (Some(time), Some(_)) = (logged.integrated_time, &logged.inclusion_promise) {
            entry::check_promise(case.instance, logged)?;
            times.push(time);
        }
    }
    if times.is_empty() && case.key.is_none() {
        return Err(unproven("the time of signing is not attested"));
    }
    Ok(times)
}

fn time_of(
    token: &TimestampToken,
    signature: &SignatureBytes,
    authorities: &[TsaAuthority],
) -> Result<Timestamp, VerificationFailure> {
    let mut why = "the trust root names no timestamp authority".to_owned();
    for authority in authorities {
        match verify_timestamp_for_authority(token, signature, authority) {
            Ok(time) => return Ok(time),
            // Its authority is the right one; no other can replace it.
            Err(error @ tsa::Error::TimestampOutsideValidity { .. }) => return Err(unproven(error)),
            Err(error) => why = error.to_string(),
        }
    }
    Err(unproven(why))
}

fn unproven(why: impl std::fmt::Display) -> VerificationFailure {
    VerificationFailure::invalid(Check::Timestamp, why)
}

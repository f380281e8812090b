//! Words for who published a release, and with which evidence.

use super::words::NOTHING;
use crate::{
    model::{AuthMethod, EvidenceRank, Observation, Provenance, ReleaseStatus},
    store::{Outcome, ReleaseRow},
};

/// The account, or the trusted publisher.
pub fn by(row: &ReleaseRow) -> String {
    let Some(observation) = &row.observation else { return NOTHING.to_owned() };
    let name = observation.publisher.as_ref().map(|publisher| publisher.name.clone());
    match observation.auth.method {
        AuthMethod::TrustedPublisher => "trusted publisher".to_owned(),
        AuthMethod::Token => format!("{} (token)", name.unwrap_or_else(|| "unknown".to_owned())),
        AuthMethod::Unknown => name.unwrap_or_else(|| NOTHING.to_owned()),
    }
}

/// Invalid proofs come before valid ones, and valid ones before unchecked ones.
pub fn proof(row: &ReleaseRow) -> String {
    let Some(observation) = &row.observation else { return row.unchecked.join("; ") };
    let verified = || observation.identities().first().map(ToString::to_string);
    let unknown = || (!row.unchecked.is_empty()).then(|| format!("could not check: {}", row.unchecked.join("; ")));
    invalid(observation)
        .or_else(verified)
        .or_else(unknown)
        .unwrap_or_else(|| observation.attestation.status().to_owned())
}

/// The signer, or who published without a valid attestation.
pub fn origin(row: &ReleaseRow) -> String {
    let observation = row.observation.as_ref();
    let invalid = observation.and_then(invalid).map(|invalid| format!("{}, {invalid}", by(row)));
    let signer = || observation?.identities().first().map(ToString::to_string);
    invalid.or_else(signer).unwrap_or_else(|| by(row))
}

fn invalid(observation: &Observation) -> Option<String> {
    observation.provenances().find_map(|provenance| match provenance {
        Provenance::Invalid { check, .. } => Some(format!("INVALID: {check}")),
        _ => None,
    })
}

/// How strong the evidence is.
pub const fn rank(rank: Option<EvidenceRank>) -> &'static str {
    match rank {
        Some(EvidenceRank::Approved) => "approved by a person",
        Some(EvidenceRank::TrustedPublisher) => "trusted publisher",
        Some(EvidenceRank::Provenance) => "provenance",
        Some(EvidenceRank::None) => "none",
        None => "not known",
    }
}

/// The result for a release: its alert, its outcome, and its state at the registry.
pub fn came(alert: Option<&str>, outcome: Outcome, status: ReleaseStatus, in_baseline: bool) -> String {
    let mut came = match alert {
        Some(alert) if outcome == Outcome::Alerted => alert.to_owned(),
        Some(alert) => format!("{alert}, {}", outcome.as_str()),
        None => outcome.as_str().to_owned(),
    };
    if status != ReleaseStatus::Published {
        came = format!("{came}, {}", status.as_str());
    }
    if !in_baseline && outcome == Outcome::Alerted {
        came.push_str(", held");
    }
    came
}

//! The reasons why a release is not fully checked, from its observation.

use std::collections::BTreeSet;

use crate::model::{Observation, Provenance};

/// The reasons why a release is not fully checked, a sentence each.
pub fn unchecked(observation: &Observation) -> Vec<String> {
    let unavailable = |provenance: &Provenance| match provenance {
        Provenance::Unavailable { reason } => Some(reason.clone()),
        _ => None,
    };
    let provenances = observation.provenances().chain(std::iter::once(&observation.attestation));
    let all = observation.unchecked.iter().cloned();
    let all = all.chain(observation.unread.reasons().map(str::to_owned)).chain(provenances.filter_map(unavailable));
    once(all)
}

/// Each reason once, in the order in which they were found. A release of many files often repeats one.
pub fn once(reasons: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    reasons.into_iter().filter(|reason| seen.insert(reason.clone())).collect()
}

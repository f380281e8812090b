//! Checks a bundle offline: nothing was altered, and the attestations verify again and say what the observation says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    check_logs::{self, LogProofs},
    manifest::{Manifest, Member},
    tar::{self, BundleError, Files, parsed},
};
use crate::{
    attest::Verifier,
    model::{Digests, EvidenceKind, Observation, Provenance, ReleaseId},
};

/// What came of the check of a bundle.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    /// Its manifest.
    pub manifest: Manifest,
    /// Each attestation document, verified again.
    pub documents: Vec<Reverified>,
    /// Each log, with what its proofs show.
    pub logs: Vec<LogProofs>,
}

/// An attestation document of a bundle, verified again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Reverified {
    /// The release.
    pub purl: ReleaseId,
    /// The document.
    pub path: String,
    /// What it attests.
    pub subject: String,
    /// `verified`, `invalid`, `unavailable` or `absent`.
    pub status: String,
    /// Who signed, or why it does not verify.
    pub detail: String,
    /// Whether that is what the observation in the bundle says.
    pub agrees: bool,
}

/// What a bundle says of a document.
#[derive(Deserialize)]
struct About {
    kind: String,
    subject: String,
}

/// The part of a stored release that is compared.
#[derive(Deserialize)]
struct Release {
    observation: Option<Observation>,
}

/// Checks a bundle.
///
/// # Errors
/// It is not a bundle, or was altered.
pub(crate) fn check(bytes: &[u8], verifier: &Verifier) -> Result<Checked, BundleError> {
    let files = tar::read(bytes)?;
    let manifest = Manifest::unseal(&files)?;
    let mut documents = Vec::new();
    for member in &manifest.releases {
        documents.extend(of_release(&files, member, verifier)?);
    }
    let logs = check_logs::check(&files, documents.iter().filter_map(|one| files.get(&one.path)), verifier)?;
    Ok(Checked { manifest, documents, logs })
}

fn of_release(files: &Files, member: &Member, verifier: &Verifier) -> Result<Vec<Reverified>, BundleError> {
    let release: Release = parsed(files, &format!("{}/release.json", member.folder))?;
    let Some(observation) = release.observation else { return Ok(Vec::new()) };
    if observation.purl != member.purl {
        let what = format!("it is about {}, and the manifest says {}", observation.purl, member.purl);
        return Err(BundleError::altered(&member.folder, what));
    }
    let mut documents = Vec::new();
    for number in 1.. {
        let path = format!("{}/document-{number}.json", member.folder);
        let Some(document) = files.get(&path) else { break };
        let about: About = parsed(files, &format!("{}/document-{number}.about.json", member.folder))?;
        let (found, stored) = verified(&observation, &about, document, verifier);
        documents.push(Reverified {
            purl: member.purl.clone(),
            agrees: agree(&found, stored),
            status: found.status().to_owned(),
            detail: detail(&found),
            subject: about.subject,
            path,
        });
    }
    Ok(documents)
}

/// The provenance by the document, and that of the observation.
fn verified<'a>(
    observation: &'a Observation,
    about: &About,
    document: &[u8],
    verifier: &Verifier,
) -> (Provenance, &'a Provenance) {
    let file = observation.files.iter().find(|file| file.name == about.subject);
    let digests = |file: Option<&crate::model::File>| file.map(|file| file.digests.clone()).unwrap_or_default();
    if EvidenceKind::named(&about.kind) == Some(EvidenceKind::PypiProvenance) {
        let stored = file.and_then(|file| file.attestation.as_ref()).unwrap_or(&observation.attestation);
        return (verifier.pypi(document, &about.subject, &digests(file)), stored);
    }
    // npm has one file.
    let digests = Digests { sha1: None, ..digests(observation.files.first()) };
    (verifier.npm(document, &about.subject, &digests), &observation.attestation)
}

/// Whether both say the same of who signed.
fn agree(one: &Provenance, other: &Provenance) -> bool {
    match (one.identity(), other.identity()) {
        (Some(one), Some(other)) => one == other,
        _ => one.status() == other.status(),
    }
}

fn detail(provenance: &Provenance) -> String {
    match provenance {
        Provenance::Verified(verified) => verified.identity.to_string(),
        Provenance::Invalid { check, reason } => format!("{check}: {reason}"),
        Provenance::Unavailable { reason } => reason.clone(),
        Provenance::Absent => "the document has no provenance".to_owned(),
    }
}

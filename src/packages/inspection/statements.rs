//! Compares the digests of a downloaded file with those that the registry states, that provwatch observed, and that the
//! attestation is about.

use bytes::Bytes;

use crate::{
    attest::Verifier,
    http::Client,
    inspect::{Agreement, By, Statement},
    model::{Check, Digests, Observation, Provenance},
    packages::verify::{Checked, verify_document},
    registry::{Archive, AttestationSource, Registry, RegistryError},
    text::{moment, with_causes},
};

/// What the registry states of a file now.
pub(super) fn of_registry(archive: &Archive, found: &Digests) -> Statement {
    let stated = &archive.file.digests;
    let (outcome, detail) = match stated.contradiction(found) {
        Some((kind, stated, found)) => {
            (Agreement::Contradicts, format!("the registry states the {kind} {stated}, and serves a file with {found}"))
        }
        None if stated.agree(found) => (Agreement::Agrees, "the registry states the digests of this file".to_owned()),
        None if stated.is_known() => {
            (Agreement::Unknown, "the registry states only the SHA-1 of this file, which proves nothing".to_owned())
        }
        None => (Agreement::Unknown, "the registry states no digest of the file".to_owned()),
    };
    Statement { by: By::Registry, outcome, detail }
}

/// What provwatch observed of a file when the release was published, and since.
pub(super) fn of_observation(archive: &Archive, observation: Option<&Observation>, found: &Digests) -> Statement {
    let by = By::Observation;
    let Some(observation) = observation else {
        let detail = "provwatch did not observe the release: it is not watched, or not checked yet".to_owned();
        return Statement { by, outcome: Agreement::None, detail };
    };
    let (name, facts) = (&archive.file.name, &observation.facts);
    let many = observation.purl.package().ecosystem().row().files.many;
    let is_it = |other: &str| !many || other == name;
    let listed = observation.files.iter().filter(|file| is_it(&file.name)).map(|file| &file.digests);
    let earlier = [&facts.replaced, &facts.former_digests].into_iter().flatten().flatten();
    let earlier = earlier.filter(|(other, _)| is_it(other)).map(|(_, digests)| digests);
    let known: Vec<&Digests> = listed.chain(earlier).filter(|digests| digests.is_known()).collect();
    let contradiction = known.iter().find_map(|known| known.contradiction(found));
    let at = moment(observation.published_at);
    let (outcome, detail) = match contradiction {
        Some((kind, before, found)) => {
            let detail = format!("provwatch observed a file with the {kind} {before}, and the registry serves {found}");
            (Agreement::Contradicts, detail)
        }
        None if known.iter().any(|known| known.agree(found)) => {
            (Agreement::Agrees, format!("provwatch observed the digests of this file with the release of {at}"))
        }
        None => (Agreement::None, "provwatch observed the release without a digest of this file".to_owned()),
    };
    Statement { by, outcome, detail }
}

/// The attestation of a file, as its registry has it.
pub(super) struct Attestation<'a> {
    source: &'a AttestationSource,
    document: Result<Option<Bytes>, RegistryError>,
}

impl<'a> Attestation<'a> {
    /// Fetches it, before the file: a large file in memory may leave no room for it. `None`: the registry names none.
    pub(super) async fn fetch(registry: &dyn Registry, http: &Client, archive: &'a Archive) -> Option<Self> {
        let source = archive.evidence.as_ref()?;
        Some(Self { source, document: registry.evidence(http, source).await })
    }
}

/// What the attestation of a file is about: it is verified against the file that was downloaded.
pub(super) fn of_attestation(verifier: &Verifier, attestation: Option<Attestation<'_>>, found: &Digests) -> Statement {
    let by = By::Attestation;
    let Some(Attestation { source, document }) = attestation else {
        let detail = "the registry names no attestation of it".to_owned();
        return Statement { by, outcome: Agreement::None, detail };
    };
    let evidence = AttestationSource { digests: found.clone(), ..source.clone() };
    let (outcome, detail) = match document {
        Ok(Some(document)) => attested(&verify_document(verifier, &evidence, &document)),
        Ok(None) => (Agreement::Unknown, "the registry names an attestation and does not have it".to_owned()),
        Err(error) => (Agreement::Unknown, format!("the attestation could not be had: {}", with_causes(&error))),
    };
    Statement { by, outcome, detail }
}

fn attested(checked: &Checked) -> (Agreement, String) {
    match &checked.provenance {
        Provenance::Verified(verified) => {
            let subject = &verified.identity.subject;
            (Agreement::Agrees, format!("an attestation about this file holds, signed as {subject}"))
        }
        Provenance::Absent => (Agreement::None, "the registry has no provenance of it".to_owned()),
        Provenance::Unavailable { reason } => (Agreement::Unknown, reason.clone()),
        Provenance::Invalid { check: Check::SubjectDigest, reason } => {
            (Agreement::Contradicts, format!("the attestation is about another file: {reason}"))
        }
        Provenance::Invalid { check, reason } => {
            (Agreement::Invalid, format!("the attestation does not hold ({check}): {reason}"))
        }
    }
}

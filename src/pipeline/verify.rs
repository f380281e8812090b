//! From what the registry says of a release to an observation: fetch the evidence it names, verify it.

use super::Pipeline;
use crate::{
    attest::{Failure, Verifier},
    model::{AuthMethod, Ecosystem, File, Observation, Provenance, Unread},
    registry::{Evidence, EvidenceKind, Registry, RegistryRelease},
};

/// Most attestation documents that are fetched for one release. Those with the most wheels have some 150 files; whoever
/// uploads thousands would keep every other package waiting.
const MAX_EVIDENCE: usize = 400;

impl Pipeline {
    /// Fetches and verifies everything that a release is attested with. Never fails: what cannot be found out becomes
    /// [`Provenance::Unavailable`] with its reason.
    pub(super) async fn observe_release(&self, registry: &dyn Registry, mut release: RegistryRelease) -> Observation {
        let verifier = self.verifier();
        let mut outcomes = unreadable(&release);
        for (index, evidence) in std::mem::take(&mut release.evidence).into_iter().enumerate() {
            let outcome = match index {
                ..MAX_EVIDENCE => self.check_evidence(registry, &verifier, &evidence).await,
                _ => too_many(),
            };
            let is_its_own = |file: &&mut File| attests_single_file(&evidence) && file.name == evidence.subject;
            if let Some(file) = release.files.iter_mut().find(is_its_own) {
                file.attestation = Some(outcome.clone());
            }
            outcomes.push(outcome);
        }
        if release.files.iter().any(|file| file.attestation.is_some()) {
            for file in &mut release.files {
                file.attestation.get_or_insert(Provenance::Absent);
            }
        }
        let is_invalid = |outcome: &Provenance| matches!(outcome, Provenance::Invalid { .. });
        if release.id.package().ecosystem() == Ecosystem::Pypi && outcomes.iter().any(is_invalid) {
            // PyPI names no method: it was inferred from the attestations, and one that does not hold proves none.
            release.auth.method = AuthMethod::Unknown;
        }
        match check_registry_signatures(&verifier, &release) {
            Ok(()) => release.observed(worst(outcomes.into_iter())),
            // Whatever the provenance says, the registry never signed this.
            Err(Failure::Invalid { check, reason }) => release.observed(Provenance::Invalid { check, reason }),
            Err(Failure::Unavailable { reason }) => {
                let mut observation = release.observed(worst(outcomes.into_iter()));
                observation.unchecked.push(reason);
                observation
            }
        }
    }

    async fn check_evidence(&self, registry: &dyn Registry, verifier: &Verifier, evidence: &Evidence) -> Provenance {
        match registry.evidence(&self.http, evidence).await {
            Ok(Some(document)) => verify_document(verifier, evidence, &document),
            Ok(None) => Provenance::Unavailable {
                reason: format!("the registry names an attestation of {} and does not have it", evidence.subject),
            },
            Err(error) => Provenance::Unavailable { reason: super::with_causes(&error) },
        }
    }
}

/// Where the registry's own words on an attestation cannot be read, there is neither one nor none.
fn unreadable(release: &RegistryRelease) -> Vec<Provenance> {
    let of_files = release.files.iter().filter_map(|file| file.attestation.clone());
    let of_all = release.unread.of(Unread::ATTESTATION).map(|why| Provenance::Unavailable { reason: why.to_owned() });
    of_files.chain(of_all).collect()
}

fn too_many() -> Provenance {
    Provenance::Unavailable {
        reason: format!("the release has more than {MAX_EVIDENCE} attestations; no more are fetched"),
    }
}

fn attests_single_file(evidence: &Evidence) -> bool {
    evidence.kind == EvidenceKind::PypiProvenance
}

fn verify_document(verifier: &Verifier, evidence: &Evidence, document: &[u8]) -> Provenance {
    match evidence.kind {
        EvidenceKind::NpmAttestations => verifier.npm(document, &evidence.subject, &evidence.digests),
        EvidenceKind::PypiProvenance => verifier.pypi(document, &evidence.subject, &evidence.digests),
    }
}

/// The registry's own signatures: they say nothing of who built, so success adds nothing and only failure counts.
fn check_registry_signatures(verifier: &Verifier, release: &RegistryRelease) -> Result<(), Failure> {
    let signatures: Vec<_> = release
        .signatures
        .iter()
        .map(|signature| (signature.key_id.as_str(), signature.signature.as_str(), signature.message.as_str()))
        .collect();
    verifier.npm_signatures(&signatures, release.published_at)
}

/// The provenance of a whole release: one invalid part spoils it, then one that could not be checked; absent if nothing
/// is attested.
fn worst(outcomes: impl Iterator<Item = Provenance>) -> Provenance {
    let badness = |provenance: &Provenance| match provenance {
        Provenance::Absent => 0,
        Provenance::Verified(_) => 1,
        Provenance::Unavailable { .. } => 2,
        Provenance::Invalid { .. } => 3,
    };
    // The first of equals, so that the release speaks with its first file's identity.
    outcomes.fold(Provenance::Absent, |worst, next| if badness(&next) > badness(&worst) { next } else { worst })
}

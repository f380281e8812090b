//! Fetches and verifies the evidence of a release, and makes its observation.

use std::{collections::BTreeMap, sync::Arc};

use futures::{StreamExt, stream};

use crate::{
    attest::{VerificationFailure, Verifier},
    model::{AuthMethod, Digests, EvidenceDocument, EvidenceKind, Observation, Provenance, Unread},
    packages::{
        examination::Examination,
        turn::{self, Asked, NOT_YET},
    },
    registry::{AttestationSource, RegistryRelease},
    store::{Store, StoreError},
    upkeep::TrustKeeper,
};

/// Most attestation documents that are fetched for one release. Those with the most wheels have some 150 files; without
/// a limit, a publisher who uploads thousands would keep provwatch busy.
const MAX_EVIDENCE: usize = 400;

/// Files by name, each with its digests and the result of its evidence.
type KnownEvidence = BTreeMap<String, (Digests, Provenance)>;

/// Makes an observation of a registry's release.
#[derive(Debug)]
pub struct Verification {
    pub store: Arc<Store>,
    pub trust: Arc<TrustKeeper>,
}

impl Verification {
    /// Fetches and verifies all attestations of a release, as far as the turn allows. Unavailable evidence becomes
    /// [`Provenance::Unavailable`] with its reason.
    ///
    /// # Errors
    /// The store failed.
    pub async fn observe(
        &self,
        subject: &Examination<'_>,
        release: RegistryRelease,
    ) -> Result<Observation, StoreError> {
        Ok(self.observe_with_documents(subject, release).await?.0)
    }

    /// [`Verification::observe`], and the documents that it fetched.
    ///
    /// # Errors
    /// The store failed.
    pub async fn observe_with_documents(
        &self,
        subject: &Examination<'_>,
        mut release: RegistryRelease,
    ) -> Result<(Observation, Vec<EvidenceDocument>), StoreError> {
        let verifier = self.trust.verifier();
        let known = self.known_evidence(subject, &release)?;
        let evidence = std::mem::take(&mut release.evidence);
        let checks: Vec<_> = (0..)
            .zip(&evidence)
            .map(|(index, evidence)| match known.get(evidence.subject.as_str()) {
                Some((digests, provenance)) if *digests == evidence.digests => Check::Known(provenance),
                _ if index >= MAX_EVIDENCE => Check::TooMany,
                _ => Check::Ask(evidence),
            })
            .map(|check| self.check(subject, &verifier, check))
            .collect();
        let checked: Vec<Checked> = stream::iter(checks).buffered(turn::AT_ONCE).collect().await;
        let (mut documents, mut lacking) = (Vec::new(), Vec::new());
        let mut outcome = |one: Checked| {
            documents.extend(one.document);
            lacking.extend(one.lacks);
            one.provenance
        };
        let checked: Vec<Provenance> = checked.into_iter().map(&mut outcome).collect();
        let mut outcomes = unreadable(&release);
        attest_files(&mut release, &evidence, &checked);
        outcomes.extend(checked);
        let is_invalid = |outcome: &Provenance| matches!(outcome, Provenance::Invalid { .. });
        if !release.id.package().ecosystem().row().evidence.tells_method && outcomes.iter().any(is_invalid) {
            // The method was inferred from the attestations, and an invalid one proves none.
            release.auth.method = AuthMethod::Unknown;
        }
        let mut observation = match check_registry_signatures(&verifier, &release) {
            Ok(()) => release.observed(worst(outcomes.into_iter())),
            // Whatever the provenance is, the registry never signed this.
            Err(VerificationFailure::Invalid { check, reason }) => {
                release.observed(Provenance::Invalid { check, reason })
            }
            Err(VerificationFailure::Unavailable { reason }) => {
                let mut observation = release.observed(worst(outcomes.into_iter()));
                observation.unchecked.push(reason);
                observation
            }
        };
        observation.unchecked.extend(lacking);
        Ok((observation, documents))
    }

    /// The results of earlier turns about the release's files, by name: they are not requested again. A new check
    /// requests unavailable evidence again.
    fn known_evidence(
        &self,
        subject: &Examination<'_>,
        release: &RegistryRelease,
    ) -> Result<KnownEvidence, StoreError> {
        let is_stored = subject.stored.contains_key(release.id.version());
        if !is_stored || !release.evidence.iter().any(attests_single_file) {
            return Ok(KnownEvidence::new());
        }
        let goes_on = subject.goes_on(&release.id);
        let is_known = |provenance: &Provenance| match provenance {
            Provenance::Verified(_) | Provenance::Invalid { .. } => true,
            Provenance::Unavailable { .. } => goes_on && !turn::is_not_yet(provenance),
            Provenance::Absent => false,
        };
        let observation = self.store.release(&release.id)?.and_then(|row| row.observation);
        let files = observation.into_iter().flat_map(|observation| observation.files);
        let known = files.filter_map(|file| Some((file.name, (file.digests, file.attestation.filter(is_known)?))));
        Ok(known.collect())
    }

    async fn check(&self, subject: &Examination<'_>, verifier: &Verifier, check: Check<'_>) -> Checked {
        match check {
            Check::Known(provenance) => provenance.clone().into(),
            Check::TooMany => too_many().into(),
            Check::Ask(evidence) => self.check_evidence(subject, verifier, evidence).await,
        }
    }

    async fn check_evidence(
        &self,
        subject: &Examination<'_>,
        verifier: &Verifier,
        evidence: &AttestationSource,
    ) -> Checked {
        let turn = subject.turn;
        let reason = match turn.ask(subject.registry.evidence(turn.evidence(), evidence)).await {
            Asked::Answered(Some(document)) => {
                let fetched = EvidenceDocument {
                    kind: evidence.kind,
                    subject: evidence.subject.clone(),
                    content: document.to_vec(),
                    fetched_at: subject.now,
                };
                return Checked { document: Some(fetched), ..verify_document(verifier, evidence, &document) };
            }
            Asked::Answered(None) => {
                format!("the registry names an attestation of {} and does not have it", evidence.subject)
            }
            Asked::Failed(reason) => reason,
            Asked::NotYet => format!("{NOT_YET}: the rest of the evidence is being read"),
        };
        Provenance::Unavailable { reason }.into()
    }
}

/// The result of a piece of evidence.
struct Checked {
    provenance: Provenance,
    /// Missing evidence, where the provenance itself is valid.
    lacks: Option<String>,
    /// The document, if it was fetched now.
    document: Option<EvidenceDocument>,
}

impl From<Provenance> for Checked {
    fn from(provenance: Provenance) -> Self {
        Self { provenance, lacks: None, document: None }
    }
}

/// The action for a piece of evidence.
enum Check<'a> {
    Known(&'a Provenance),
    TooMany,
    Ask(&'a AttestationSource),
}

/// Sets for each file the result of its own evidence, and `Absent` for files without any beside others that have some.
fn attest_files(release: &mut RegistryRelease, evidence: &[AttestationSource], outcomes: &[Provenance]) {
    let own = evidence.iter().zip(outcomes).filter(|(evidence, _)| attests_single_file(evidence));
    let own: BTreeMap<&str, &Provenance> = own.map(|(evidence, outcome)| (&*evidence.subject, outcome)).collect();
    for file in &mut release.files {
        if let Some(outcome) = own.get(file.name.as_str()) {
            file.attestation = Some((*outcome).clone());
        }
    }
    if release.files.iter().any(|file| file.attestation.is_some()) {
        for file in &mut release.files {
            file.attestation.get_or_insert(Provenance::Absent);
        }
    }
}

/// Where the registry's field about an attestation is unreadable, it is unknown whether there is one.
pub fn unreadable(release: &RegistryRelease) -> Vec<Provenance> {
    let of_files = release.files.iter().filter_map(|file| file.attestation.clone());
    let of_all = release.unread.of(Unread::ATTESTATION).map(|why| Provenance::Unavailable { reason: why.to_owned() });
    of_files.chain(of_all).collect()
}

fn too_many() -> Provenance {
    Provenance::Unavailable {
        reason: format!("the release has more than {MAX_EVIDENCE} attestations; no more are fetched"),
    }
}

fn attests_single_file(evidence: &AttestationSource) -> bool {
    evidence.kind == EvidenceKind::PypiProvenance
}

/// A registry that names provenance, and answers with a document without it, shows neither provenance nor its absence.
fn verify_document(verifier: &Verifier, evidence: &AttestationSource, document: &[u8]) -> Checked {
    let (provenance, lacks) = match evidence.kind {
        EvidenceKind::NpmAttestations => {
            (verifier.npm(document, &evidence.subject, &evidence.digests), Verifier::npm_lacks(document))
        }
        EvidenceKind::PypiProvenance => (verifier.pypi(document, &evidence.subject, &evidence.digests), None),
    };
    if provenance == Provenance::Absent && evidence.names_provenance {
        let reason = format!("the registry names a provenance of {}, and its answer has none", evidence.subject);
        return Provenance::Unavailable { reason }.into();
    }
    let lacks = lacks.filter(|_| matches!(provenance, Provenance::Verified(_)));
    Checked { provenance, lacks, document: None }
}

/// The registry's own signatures: they do not show the builder, so success adds nothing and only failure counts.
fn check_registry_signatures(verifier: &Verifier, release: &RegistryRelease) -> Result<(), VerificationFailure> {
    let signatures: Vec<_> = release
        .signatures
        .iter()
        .map(|signature| (signature.key_id.as_str(), signature.signature.as_str(), signature.message.as_str()))
        .collect();
    verifier.npm_signatures(&signatures, release.published_at)
}

/// The provenance of a whole release: an invalid part makes it invalid, then an unavailable one unavailable; it is
/// absent if nothing is attested.
pub fn worst(outcomes: impl Iterator<Item = Provenance>) -> Provenance {
    let badness = |provenance: &Provenance| match provenance {
        Provenance::Absent => 0,
        Provenance::Verified(_) => 1,
        Provenance::Unavailable { .. } => 2,
        Provenance::Invalid { .. } => 3,
    };
    // The first of equals, so that the release has its first file's identity.
    outcomes.fold(Provenance::Absent, |worst, next| if badness(&next) > badness(&worst) { next } else { worst })
}

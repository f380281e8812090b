//! Verifies npm's attestations document: the provenance signed by the workflow, and the publish attestation signed by
//! the registry. <https://github.com/npm/attestation>

use serde::Deserialize;
use serde_json::value::RawValue;
use sigstore_types::{Artifact, ArtifactDigest, Bundle};

use super::{
    builder,
    failure::VerificationFailure,
    form, json,
    statement::{Algorithm, Statement, key_hint, key_id},
    trust::TrustMaterial,
    verified::Verified,
};
use crate::model::{Check, Digests, Provenance, ReleaseId, VerifiedProvenance};

/// The predicate type of the registry's own attestation.
const PUBLISH: &str = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1";

/// The predicate types of provenance, SLSA 0.2 and 1.
const PROVENANCE: [&str; 2] = ["https://slsa.dev/provenance/v1", "https://slsa.dev/provenance/v0.2"];

/// Most attestations of one release.
const MAX_ATTESTATIONS: usize = 256;

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    attestations: Vec<Item<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    predicate_type: String,
    #[serde(borrow)]
    bundle: &'a RawValue,
}

/// An attestation of the release; not yet verified.
struct Unverified {
    bundle: Bundle,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Provenance,
    Publish,
}

impl Kind {
    fn of(predicate_type: &str) -> Option<Self> {
        match predicate_type {
            PUBLISH => Some(Self::Publish),
            other => PROVENANCE.contains(&other).then_some(Self::Provenance),
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Provenance => "the provenance",
            Self::Publish => "the publish attestation",
        }
    }
}

/// Verifies the attestations document of one release.
pub(super) fn verify(trust: &TrustMaterial, document: &[u8], subject: &str, digests: &Digests) -> Provenance {
    match attested(trust, document, subject, digests) {
        Ok(Some(provenance)) => Provenance::Verified(Box::new(provenance)),
        Ok(None) => Provenance::Absent,
        Err(failure) => failure.into(),
    }
}

/// The part that a document with provenance lacks: npm itself attests that it published the built file.
pub(super) fn lacks(document: &[u8]) -> Option<String> {
    let document: Document<'_> = json::answer(document).ok()?;
    let has = |kind: Kind| document.attestations.iter().any(|item| Kind::of(&item.predicate_type) == Some(kind));
    let is_bare = has(Kind::Provenance) && !has(Kind::Publish);
    is_bare.then(|| {
        "the provenance stands alone: the registry's own attestation that it published this is missing".to_owned()
    })
}

/// The provenance, if the document has one. All of its attestations must be valid and agree.
fn attested(
    trust: &TrustMaterial,
    document: &[u8],
    subject: &str,
    digests: &Digests,
) -> Result<Option<VerifiedProvenance>, VerificationFailure> {
    let document: Document<'_> = json::answer(document)?;
    if document.attestations.len() > MAX_ATTESTATIONS {
        return Err(VerificationFailure::unavailable(format_args!(
            "more than {MAX_ATTESTATIONS} attestations; no more are read"
        )));
    }
    let release = subject.parse().map_err(VerificationFailure::unavailable)?;
    let read = document.attestations.iter().filter_map(|item| {
        let kind = Kind::of(&item.predicate_type)?;
        Some(read(item, kind, &release, digests).map_err(|failure| failure.of(kind.title())))
    });
    let read = read.collect::<Result<Vec<_>, _>>()?;
    let artifact = Algorithm::Sha512.artifact(digests)?;
    let verified = read.iter().filter_map(|attestation| {
        let verified = attestation.verify(trust, &artifact).map_err(|failure| failure.of(attestation.kind.title()));
        verified.transpose()
    });
    builder::agreed(verified)
}

/// Reads everything that needs no signature: the type, the subject, the claimed signer.
fn read(
    item: &Item<'_>,
    kind: Kind,
    release: &ReleaseId,
    digests: &Digests,
) -> Result<Unverified, VerificationFailure> {
    let bundle = form::bundle(item.bundle.get())?;
    let statement = Statement::of(&bundle)?;
    if statement.predicate_type != item.predicate_type {
        let reason = format!("the statement is {:?}, listed as {:?}", statement.predicate_type, item.predicate_type);
        return Err(VerificationFailure::invalid(Check::PayloadType, reason));
    }
    let is_name = |name: &str| name.parse::<ReleaseId>().is_ok_and(|named| named == *release);
    statement.speaks_of(&release.to_string(), is_name, Algorithm::Sha512, digests)?;
    check_signer(&bundle, kind)?;
    Ok(Unverified { bundle, kind })
}

/// The workflow signs with a certificate and names no key; the registry signs with the key that it names twice.
fn check_signer(bundle: &Bundle, kind: Kind) -> Result<(), VerificationFailure> {
    let reason = match (kind, key_hint(bundle), key_id(bundle)) {
        (Kind::Provenance, Some(_), _) => {
            return Err(VerificationFailure::invalid(
                Check::CertificateChain,
                "it is signed with a key instead of a certificate",
            ));
        }
        (Kind::Publish, None, _) => "it is not signed with a key of the registry".to_owned(),
        (Kind::Provenance, None, "") => return Ok(()),
        (Kind::Provenance, None, id) => format!("it is signed with a certificate and names the key {id:?}"),
        (Kind::Publish, Some(hint), id) if hint == id => return Ok(()),
        (Kind::Publish, Some(hint), id) => format!("the signature names the key {id:?}, the bundle {hint:?}"),
    };
    Err(VerificationFailure::invalid(Check::RegistryKey, reason))
}

impl Unverified {
    fn verify(
        &self,
        trust: &TrustMaterial,
        artifact: &ArtifactDigest,
    ) -> Result<Option<VerifiedProvenance>, VerificationFailure> {
        let artifact = Artifact::from_digest(artifact.clone());
        match self.kind {
            Kind::Provenance => trust.verify_keyless(&self.bundle, artifact).map(Some),
            Kind::Publish => verify_by_registry(trust, &self.bundle, artifact).map(|_| None),
        }
    }
}

/// Verifies the registry's signature. Its key must have been valid at the proven time.
pub(super) fn verify_by_registry(
    trust: &TrustMaterial,
    bundle: &Bundle,
    artifact: Artifact<'_>,
) -> Result<Verified, VerificationFailure> {
    let hint = key_hint(bundle).unwrap_or_default();
    let key = trust.npm_keys.attesting(hint)?;
    let verified = trust.verify_keyed(bundle, artifact, key)?;
    let at =
        verified.signed_at.ok_or_else(|| VerificationFailure::invalid(Check::Timestamp, "its time is not attested"))?;
    key.check_valid(at)?;
    Ok(verified)
}

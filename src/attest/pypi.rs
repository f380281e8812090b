//! Verifies PyPI's provenance object of one file (PEP 740): its attestations, and the trusted publisher that uploaded
//! them.

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use sigstore_types::{Artifact, Bundle};

use super::{
    builder,
    failure::VerificationFailure,
    file_name, form, json as document,
    publisher::Publisher,
    statement::{Algorithm, PAYLOAD_TYPE, Statement},
    trust::TrustMaterial,
};
use crate::model::{Check, Digests, Provenance, RegistryId, VerifiedProvenance};

/// The predicate type of provenance, the other one that PyPI accepts.
const SLSA: &str = "https://slsa.dev/provenance/v1";

/// Most attestations of one file.
const MAX_ATTESTATIONS: usize = 256;

/// The version, which decides how the rest is read.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

/// <https://peps.python.org/pep-0740/#provenance-objects>
#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    attestation_bundles: Vec<PublisherBundle<'a>>,
}

#[derive(Deserialize)]
struct PublisherBundle<'a> {
    publisher: Publisher,
    #[serde(borrow)]
    attestations: Vec<&'a RawValue>,
}

/// <https://peps.python.org/pep-0740/#attestation-objects>
#[derive(Deserialize)]
struct Attestation {
    verification_material: Material,
    envelope: Envelope,
}

#[derive(Deserialize)]
struct Material {
    certificate: String,
    transparency_entries: Vec<Value>,
}

#[derive(Deserialize)]
struct Envelope {
    statement: String,
    signature: String,
}

/// An attestation of the file; not yet verified.
struct Unverified<'a> {
    bundle: Bundle,
    publisher: &'a Publisher,
}

/// Verifies the provenance object of one file.
pub(super) fn verify(trust: &TrustMaterial, object: &[u8], file: &str, digests: &Digests) -> Provenance {
    match attested(trust, object, file, digests) {
        Ok(Some(provenance)) => Provenance::Verified(Box::new(provenance)),
        Ok(None) => Provenance::Absent,
        Err(failure) => failure.into(),
    }
}

/// An attestation as a bundle, if it can be read, and the publisher that PyPI names beside it.
pub(super) type Published = (Result<Bundle, VerificationFailure>, Publisher);

/// The attestations of a provenance object without its release, each with the publisher that PyPI names; not yet
/// verified.
pub(super) fn attestations(object: &str) -> Result<Vec<Published>, VerificationFailure> {
    let malformed = |error| VerificationFailure::invalid(Check::Format, format_args!("the provenance object: {error}"));
    check_version(serde_json::from_str::<Versioned>(object).map_err(malformed)?.version)?;
    let object: Object<'_> = serde_json::from_str(object).map_err(malformed)?;
    let all = object.attestation_bundles.into_iter().flat_map(|of_publisher| {
        let PublisherBundle { publisher, attestations } = of_publisher;
        attestations.into_iter().map(move |one| (as_bundle(one), publisher.clone()))
    });
    Ok(all.collect())
}

/// A single attestation, as uploaders keep it beside the file; not yet verified.
pub(super) fn attestation(object: &str) -> Result<Bundle, VerificationFailure> {
    let raw = serde_json::from_str::<&RawValue>(object)
        .map_err(|error| VerificationFailure::invalid(Check::Format, error))?;
    as_bundle(raw)
}

/// The first attestation, if the object has one. All of them must be valid and agree on the builder.
fn attested(
    trust: &TrustMaterial,
    object: &[u8],
    file: &str,
    digests: &Digests,
) -> Result<Option<VerifiedProvenance>, VerificationFailure> {
    check_version(document::answer::<Versioned>(object)?.version)?;
    let object: Object<'_> = document::answer(object)?;
    if object.attestation_bundles.iter().map(|bundle| bundle.attestations.len()).sum::<usize>() > MAX_ATTESTATIONS {
        return Err(VerificationFailure::unavailable(format_args!(
            "more than {MAX_ATTESTATIONS} attestations; no more are read"
        )));
    }
    let attestations = object.attestation_bundles.iter().flat_map(|bundle| {
        bundle.attestations.iter().map(|attestation| read(attestation, &bundle.publisher, file, digests))
    });
    let attestations = attestations.collect::<Result<Vec<_>, _>>()?;
    let artifact = Algorithm::Sha256.artifact(digests)?;
    let verified = attestations.iter().map(|attestation| {
        let verified = trust
            .verify_keyless(&attestation.bundle, Artifact::from_digest(artifact.clone()))
            .map_err(|failure| lacking_a_place_for_time(&attestation.bundle, failure))?;
        attestation.publisher.check(&verified.identity)?;
        Ok(verified)
    });
    builder::agreed(verified)
}

/// PEP 740 has no place for the timestamp that an entry of a Rekor v2 log needs beside it. Such a publisher is not a
/// forger; PyPI cannot carry the proof yet (pypi-attestations#142).
pub(super) fn lacking_a_place_for_time(bundle: &Bundle, failure: VerificationFailure) -> VerificationFailure {
    let timeless = bundle.verification_material.tlog_entries.iter().all(|entry| entry.integrated_time.is_none());
    match failure {
        VerificationFailure::Invalid { check: Check::Timestamp, .. } if timeless => VerificationFailure::unavailable(
            "the log entry proves no time of signing, and PyPI's provenance object has no place for a timestamp",
        ),
        failure => failure,
    }
}

fn check_version(version: u64) -> Result<(), VerificationFailure> {
    match version {
        1 => Ok(()),
        other => Err(VerificationFailure::unavailable(format_args!(
            "version {other} of PEP 740 is not supported by this version"
        ))),
    }
}

/// Reads everything that needs no signature: the type and the subject.
fn read<'a>(
    attestation: &RawValue,
    publisher: &'a Publisher,
    file: &str,
    digests: &Digests,
) -> Result<Unverified<'a>, VerificationFailure> {
    let bundle = as_bundle(attestation)?;
    let statement = Statement::of(&bundle)?;
    let publish = format!("{}attestations/publish/v1", RegistryId::PYPI_DOCS.base_url());
    if ![publish.as_str(), SLSA].contains(&statement.predicate_type.as_str()) {
        let reason = format!("PyPI takes no attestations of the type {:?}", statement.predicate_type);
        return Err(VerificationFailure::invalid(Check::PayloadType, reason));
    }
    statement.speaks_of(file, |name| file_name::same(name, file), Algorithm::Sha256, digests)?;
    Ok(Unverified { bundle, publisher })
}

/// An attestation as a bundle, if its version is known.
fn as_bundle(attestation: &RawValue) -> Result<Bundle, VerificationFailure> {
    let malformed = |error| VerificationFailure::invalid(Check::Format, format_args!("an attestation: {error}"));
    check_version(serde_json::from_str::<Versioned>(attestation.get()).map_err(malformed)?.version)?;
    serde_json::from_str::<Attestation>(attestation.get()).map_err(malformed)?.to_bundle()
}

impl Attestation {
    /// The same as a bundle of version 0.3.
    fn to_bundle(&self) -> Result<Bundle, VerificationFailure> {
        let bundle = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": self.verification_material.certificate},
                "tlogEntries": self.verification_material.transparency_entries,
            },
            "dsseEnvelope": {
                "payload": self.envelope.statement,
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"sig": self.envelope.signature}],
            },
        });
        form::bundle(&bundle.to_string())
    }
}

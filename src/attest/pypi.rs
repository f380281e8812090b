//! PyPI's provenance object of one file (PEP 740): attestations of the file, and the trusted publisher that uploaded them.

use serde::Deserialize;
use serde_json::{Value, json};
use sigstore_types::{Artifact, Bundle};

use super::{
    builder,
    failure::Failure,
    file_name, json as document,
    publisher::Publisher,
    statement::{Algorithm, PAYLOAD_TYPE, Statement},
    trust::TrustMaterial,
};
use crate::model::{Check, Digests, Provenance, RegistryId, VerifiedProvenance};

/// The predicate type of provenance, the other one that PyPI takes.
const SLSA: &str = "https://slsa.dev/provenance/v1";

/// Most attestations of one file.
const MAX_ATTESTATIONS: usize = 32;

/// <https://peps.python.org/pep-0740/#provenance-objects>
#[derive(Deserialize)]
struct Object {
    version: u64,
    attestation_bundles: Vec<PublisherBundle>,
}

#[derive(Deserialize)]
struct PublisherBundle {
    publisher: Publisher,
    attestations: Vec<Attestation>,
}

/// <https://peps.python.org/pep-0740/#attestation-objects>
#[derive(Deserialize)]
struct Attestation {
    version: u64,
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

/// An attestation that speaks of the file; not yet verified.
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

/// The attestations of a provenance object that stands alone, each with the publisher that PyPI names; not yet verified.
pub(super) fn attestations(object: &Value) -> Result<Vec<(Result<Bundle, Failure>, Publisher)>, Failure> {
    let object = Object::deserialize(object).map_err(Failure::unreadable)?;
    check_version(object.version)?;
    let all = object.attestation_bundles.into_iter().flat_map(|of_publisher| {
        let PublisherBundle { publisher, attestations } = of_publisher;
        attestations.into_iter().map(move |one| (one.as_bundle(), publisher.clone()))
    });
    Ok(all.collect())
}

/// A single attestation, as uploaders keep it beside the file; not yet verified.
pub(super) fn attestation(object: &Value) -> Result<Bundle, Failure> {
    Attestation::deserialize(object).map_err(Failure::unreadable)?.as_bundle()
}

/// The first attestation, if the object has one. All of them must hold and agree on who built.
fn attested(
    trust: &TrustMaterial,
    object: &[u8],
    file: &str,
    digests: &Digests,
) -> Result<Option<VerifiedProvenance>, Failure> {
    let object: Object = document::read(object)?;
    check_version(object.version)?;
    if object.attestation_bundles.iter().map(|bundle| bundle.attestations.len()).sum::<usize>() > MAX_ATTESTATIONS {
        return Err(Failure::invalid(Check::Format, format!("more than {MAX_ATTESTATIONS} attestations")));
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

/// PEP 740 has no place for the timestamp that an entry of a Rekor v2 log needs beside it. Whoever publishes that way is
/// no forger; PyPI cannot carry the proof yet (pypi-attestations#142).
pub(super) fn lacking_a_place_for_time(bundle: &Bundle, failure: Failure) -> Failure {
    let timeless = bundle.verification_material.tlog_entries.iter().all(|entry| entry.integrated_time.is_none());
    match failure {
        Failure::Invalid { check: Check::Timestamp, .. } if timeless => Failure::unavailable(
            "the log entry proves no time of signing, and PyPI's provenance object has no place for a timestamp",
        ),
        failure => failure,
    }
}

fn check_version(version: u64) -> Result<(), Failure> {
    match version {
        1 => Ok(()),
        other => Err(Failure::invalid(Check::Format, format!("version {other} of PEP 740 is not known"))),
    }
}

/// Everything that needs no signature: what it is, of what it speaks.
fn read<'a>(
    attestation: &Attestation,
    publisher: &'a Publisher,
    file: &str,
    digests: &Digests,
) -> Result<Unverified<'a>, Failure> {
    let bundle = attestation.as_bundle()?;
    let statement = Statement::of(&bundle)?;
    let publish = format!("{}attestations/publish/v1", RegistryId::PYPI_DOCS.base_url());
    if ![publish.as_str(), SLSA].contains(&statement.predicate_type.as_str()) {
        let reason = format!("PyPI takes no attestations of the type {:?}", statement.predicate_type);
        return Err(Failure::invalid(Check::PayloadType, reason));
    }
    statement.speaks_of(file, |name| file_name::same(name, file), Algorithm::Sha256, digests)?;
    Ok(Unverified { bundle, publisher })
}

impl Attestation {
    /// The same as a bundle, if it is of a version that is known.
    fn as_bundle(&self) -> Result<Bundle, Failure> {
        check_version(self.version)?;
        self.to_bundle()
    }

    /// The same as a bundle of version 0.3.
    fn to_bundle(&self) -> Result<Bundle, Failure> {
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
        serde_json::from_value(bundle).map_err(Failure::unreadable)
    }
}

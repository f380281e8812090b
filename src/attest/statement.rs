//! Reads the in-toto statement of an envelope before any signature is checked, to reject statements about another
//! subject.

use std::collections::BTreeMap;

use serde::Deserialize;
use sigstore_types::{ArtifactDigest, Bundle, HashAlgorithm, SignatureContent, bundle::VerificationMaterialContent};

use super::{failure::VerificationFailure, json};
use crate::model::{Check, Digests};

/// The payload type of in-toto statements.
pub(super) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The types of statements in use.
const STATEMENT_TYPES: [&str; 2] = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];

/// The beginning of every type of statement.
const STATEMENTS: &str = "https://in-toto.io/Statement/";

/// Most subjects of a statement.
const MAX_SUBJECTS: usize = 1024;

/// The parts of a statement that the checks need.
/// <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>
#[derive(Debug, Deserialize)]
pub(super) struct Statement {
    /// In the names of its protocol buffer it is `type`.
    #[serde(rename = "_type", alias = "type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType", alias = "predicate_type")]
    pub(super) predicate_type: String,
}

#[derive(Debug, Deserialize)]
struct Subject {
    #[serde(default)]
    name: String,
    digest: BTreeMap<String, String>,
}

impl Statement {
    /// The statement of a bundle.
    ///
    /// # Errors
    /// [`Check::PayloadType`] if its payload is of another type, [`Check::Format`] if it is malformed.
    pub(super) fn of(bundle: &Bundle) -> Result<Self, VerificationFailure> {
        let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
            return Err(VerificationFailure::invalid(Check::PayloadType, "it is a signature without a statement"));
        };
        if envelope.payload_type != PAYLOAD_TYPE {
            let reason = format!("the payload is of the type {:?}, not {PAYLOAD_TYPE:?}", envelope.payload_type);
            return Err(VerificationFailure::invalid(Check::PayloadType, reason));
        }
        Self::read(envelope.payload.as_bytes())
    }

    /// Reads a statement.
    ///
    /// # Errors
    /// [`Check::PayloadType`] if it is of another type, [`Check::Format`] if it is malformed; or its version or size is
    /// not supported.
    pub(super) fn read(payload: &[u8]) -> Result<Self, VerificationFailure> {
        let statement: Self = json::read(payload).map_err(|failure| failure.of("the statement"))?;
        if !STATEMENT_TYPES.contains(&statement.kind.as_str()) {
            let reason = format!("unknown statement type {:?}", statement.kind);
            let is_younger = statement.kind.starts_with(STATEMENTS);
            return Err(if is_younger {
                VerificationFailure::unavailable(reason)
            } else {
                VerificationFailure::invalid(Check::PayloadType, reason)
            });
        }
        if statement.subject.len() > MAX_SUBJECTS {
            return Err(VerificationFailure::unavailable(format_args!(
                "it has more than {MAX_SUBJECTS} subjects; no more are read"
            )));
        }
        Ok(statement)
    }

    /// Whether a subject of any name has this digest, lower-case hexadecimal.
    pub(super) fn names_digest(&self, algorithm: &str, digest: &str) -> bool {
        let mut digests = self.subject.iter().filter_map(|subject| subject.digest.get(algorithm));
        digests.any(|attested| attested.eq_ignore_ascii_case(digest))
    }

    /// Its subjects: of each the name, and the digests by algorithm.
    pub(super) fn subjects(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, String>)> {
        self.subject.iter().map(|subject| (subject.name.as_str(), &subject.digest))
    }

    /// Checks that one subject has both a name that `is_name` accepts and the digest. `wanted` is the name for people.
    ///
    /// # Errors
    /// [`Check::SubjectName`] if no subject has the name, else [`Check::SubjectDigest`].
    pub(super) fn speaks_of(
        &self,
        wanted: &str,
        is_name: impl Fn(&str) -> bool,
        algorithm: Algorithm,
        digests: &Digests,
    ) -> Result<(), VerificationFailure> {
        let digest = algorithm.of(digests)?;
        let named: Vec<_> = self.subject.iter().filter(|subject| is_name(&subject.name)).collect();
        if named.is_empty() {
            let others: Vec<_> = self.subject.iter().take(3).map(|subject| subject.name.as_str()).collect();
            let reason = format!("the attestation names {others:?}, not {wanted:?}");
            return Err(VerificationFailure::invalid(Check::SubjectName, reason));
        }
        let attested: Vec<_> = named.iter().filter_map(|subject| subject.digest.get(algorithm.as_str())).collect();
        if attested.iter().any(|attested| attested.eq_ignore_ascii_case(digest)) {
            return Ok(());
        }
        let reason = match attested.first() {
            Some(attested) => {
                format!("the registry serves {} {digest}, the attestation names {attested}", algorithm.as_str())
            }
            None => format!("the attestation gives no {} of {wanted:?}", algorithm.as_str()),
        };
        Err(VerificationFailure::invalid(Check::SubjectDigest, reason))
    }
}

/// The digest algorithm with which a registry's attestations identify files.
#[derive(Clone, Copy, Debug)]
pub(super) enum Algorithm {
    Sha256,
    Sha512,
}

impl Algorithm {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// The digest among the registry's digests of the file.
    fn of(self, digests: &Digests) -> Result<&str, VerificationFailure> {
        let digest = match self {
            Self::Sha256 => digests.sha256.as_deref(),
            Self::Sha512 => digests.sha512.as_deref(),
        };
        digest.ok_or_else(|| {
            VerificationFailure::unavailable(format!("the registry gives no {} of the file", self.as_str()))
        })
    }

    /// The file in the verifier's form: that digest.
    pub(super) fn artifact(self, digests: &Digests) -> Result<ArtifactDigest, VerificationFailure> {
        let algorithm = match self {
            Self::Sha256 => HashAlgorithm::Sha2256,
            Self::Sha512 => HashAlgorithm::Sha2512,
        };
        let malformed =
            |error| VerificationFailure::unavailable(format_args!("the registry's {}: {error}", self.as_str()));
        let digest = hex::decode(self.of(digests)?).map_err(malformed)?;
        ArtifactDigest::new(algorithm, digest).map_err(VerificationFailure::unavailable)
    }
}

/// The hint of the key with which a bundle is signed; none if it is signed with a certificate.
pub(super) fn key_hint(bundle: &Bundle) -> Option<&str> {
    match &bundle.verification_material.content {
        VerificationMaterialContent::PublicKey(key) => Some(&key.hint),
        _ => None,
    }
}

/// The key id in the signature itself, empty if it has none.
pub(super) fn key_id(bundle: &Bundle) -> &str {
    match &bundle.content {
        SignatureContent::DsseEnvelope(envelope) => envelope.signature.keyid.as_str(),
        _ => "",
    }
}

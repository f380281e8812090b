//! Reads attestations from files in any common form. These are bundles, lines of bundles, npm's attestations document,
//! GitHub's answer, PyPI's provenance object, and a single attestation of PEP 740. The content decides the form.
//!
//! For a registry's document, [`Verifier::npm`] and [`Verifier::pypi`] judge it as a whole against its release. Here it
//! is judged alone: each attestation names its own subject, and is valid or not by itself.

use std::collections::BTreeMap;

use serde_json::Value;
use sigstore_types::{Artifact, ArtifactDigest, Bundle, HashAlgorithm, SignatureContent};

use super::{
    entry_proof::{self, EntryProof},
    failure::{VerificationFailure, printable},
    form, json, npm,
    publisher::Publisher,
    pypi,
    signer::Signer,
    statement::{Statement, key_hint},
    trust::TrustMaterial,
    verified::Verified,
    verifier::Verifier,
};
use crate::model::Check;

/// Most attestations of one file.
const MAX_ATTESTATIONS: usize = 1000;

/// Most levels of documents within documents.
const MAX_NESTED: u8 = 3;

/// The kind of document that held an attestation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A Sigstore bundle.
    Bundle,
    /// An item of npm's attestations document.
    Npm,
    /// An attestation of PyPI (PEP 740).
    Pypi,
    /// An envelope of a signed statement, without the proof of its time and signer.
    Envelope,
    /// An unsigned statement.
    Statement,
    /// The bundle of cosign before version 3.
    Cosign,
}

impl Kept {
    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Npm => "npm-attestation",
            Self::Pypi => "pypi-attestation",
            Self::Envelope => "envelope",
            Self::Statement => "unsigned-statement",
            Self::Cosign => "cosign-bundle",
        }
    }
}

/// A file without an attestation of a known form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAttestations {
    /// It is not JSON, and neither are its lines.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// It is JSON of another kind.
    #[error(
        "{0} is not an attestation; expected a Sigstore bundle, lines of them, npm's attestations document, GitHub's answer \
         about attestations, or PyPI's provenance object"
    )]
    Unknown(String),
    #[error("it has more than {MAX_ATTESTATIONS} attestations")]
    TooMany,
}

/// The digests of a file by algorithm (`sha256`, `sha384`, `sha512`), in lower-case hexadecimal.
pub type FileDigests = BTreeMap<String, String>;

/// The subject of an attestation: a name, and digests by algorithm in lower-case hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The name; empty where there is none.
    pub name: String,
    pub digests: FileDigests,
}

/// One attestation; not yet verified.
#[derive(Debug)]
pub struct Attestation {
    /// Its place: `line 2`, `attestation 1 of line 2`; empty if it is alone.
    pub place: String,
    /// The kind of its document.
    pub kept: Kept,
    /// The type of the statement's predicate; a signature over a file has none.
    pub predicate_type: Option<String>,
    /// Its subjects; empty if it names none.
    pub about: Vec<About>,
    content: Result<Content, VerificationFailure>,
}

/// The content to verify.
#[derive(Debug)]
struct Content {
    bundle: Bundle,
    /// The type under which a document lists it, if it does.
    listed: Option<String>,
    /// The publisher that PyPI names beside it.
    publisher: Option<Publisher>,
}

/// The facts that a verified attestation proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The signer, the time, and the log entry.
    pub verified: Verified,
    /// The id of npm's key, if that signed.
    pub key: Option<String>,
}

/// Reads a file. An unreadable attestation in it counts as an invalid one.
///
/// # Errors
/// The file is something else.
pub fn attestations(document: &[u8]) -> Result<Vec<Attestation>, NotAttestations> {
    let mut found = Vec::new();
    match json::read::<Value>(document) {
        Ok(value) => take(&value, "", 0, &mut found)?,
        Err(whole) => take_lines(document, &whole, &mut found)?,
    }
    if found.is_empty() {
        return Err(NotAttestations::Unknown("an empty list".to_owned()));
    }
    Ok(found)
}

/// One document a line. An unreadable line is reported as such, unless all are unreadable.
fn take_lines(
    document: &[u8],
    whole: &VerificationFailure,
    found: &mut Vec<Attestation>,
) -> Result<(), NotAttestations> {
    let lines = document.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).zip(1_u32..);
    let lines: Vec<_> = lines.filter(|(line, _)| !line.is_empty()).take(MAX_ATTESTATIONS + 1).collect();
    let is_object = |line: &[u8]| line.starts_with(b"{") && line.ends_with(b"}");
    if lines.len() < 2 || !lines.iter().all(|(line, _)| is_object(line)) {
        return Err(NotAttestations::NotJson(whole.to_string()));
    }
    for (line, number) in lines {
        let place = format!("line {number}");
        match json::read::<Value>(line) {
            Ok(value) => take(&value, &place, 0, found)?,
            Err(failure) => push(found, Attestation::broken(place, Kept::Bundle, failure))?,
        }
    }
    Ok(())
}

fn take(value: &Value, place: &str, depth: u8, found: &mut Vec<Attestation>) -> Result<(), NotAttestations> {
    let has = |key: &str| value.get(key).is_some_and(|value| !value.is_null());
    let unknown = || NotAttestations::Unknown(described(value));
    if depth > MAX_NESTED {
        return Err(unknown());
    }
    if let Some(items) = value.as_array() {
        return take_all(items, place, depth, found);
    }
    let one = if has("verificationMaterial") || has("messageSignature") || has("dsseEnvelope") {
        Attestation::of_bundle(place, Kept::Bundle, bundle(value), None, None)
    } else if has("verification_material") && has("envelope") {
        Attestation::of_bundle(place, Kept::Pypi, pypi::attestation(&value.to_string()), None, None)
    } else if has("attestation_bundles") {
        return take_pypi(value, place, found);
    } else if let Some(items) = value.get("attestations").and_then(Value::as_array) {
        return take_all(items, place, depth, found);
    } else if has("bundle") && has("predicateType") {
        let listed = value["predicateType"].as_str().map(str::to_owned);
        Attestation::of_bundle(place, Kept::Npm, bundle(&value["bundle"]), listed, None)
    } else if let Some(inner) = ["bundle", "attestation"].into_iter().find(|key| value[key].is_object()) {
        return take(&value[inner], place, depth + 1, found);
    } else {
        unverifiable(value, place).ok_or_else(unknown)?
    };
    push(found, one)
}

fn take_all(items: &[Value], place: &str, depth: u8, found: &mut Vec<Attestation>) -> Result<(), NotAttestations> {
    items.iter().zip(1_u32..).try_for_each(|(item, number)| take(item, &nth(number, place), depth + 1, found))
}

fn take_pypi(object: &Value, place: &str, found: &mut Vec<Attestation>) -> Result<(), NotAttestations> {
    let all = match pypi::attestations(&object.to_string()) {
        Ok(all) => all,
        Err(failure) => return push(found, Attestation::broken(place.to_owned(), Kept::Pypi, failure)),
    };
    for ((bundle, publisher), number) in all.into_iter().zip(1_u32..) {
        push(found, Attestation::of_bundle(&nth(number, place), Kept::Pypi, bundle, None, Some(publisher)))?;
    }
    Ok(())
}

fn nth(number: u32, place: &str) -> String {
    if place.is_empty() { format!("attestation {number}") } else { format!("attestation {number} of {place}") }
}

fn push(found: &mut Vec<Attestation>, one: Attestation) -> Result<(), NotAttestations> {
    if found.len() >= MAX_ATTESTATIONS {
        return Err(NotAttestations::TooMany);
    }
    found.push(one);
    Ok(())
}

fn bundle(value: &Value) -> Result<Bundle, VerificationFailure> {
    form::bundle(&value.to_string())
}

/// An attestation without the parts that verification needs.
fn unverifiable(value: &Value, place: &str) -> Option<Attestation> {
    let has = |key: &str| value.get(key).is_some();
    let (kept, why) = if has("payload") && has("payloadType") && has("signatures") {
        let why = "it is an envelope without certificate, log entry and time; a Sigstore bundle has all of them";
        (Kept::Envelope, why)
    } else if has("predicateType") && (has("_type") || has("type")) {
        (Kept::Statement, "it is an unsigned statement")
    } else if has("base64Signature") {
        let why = "it is a bundle in the form of cosign before version 3; `cosign … --new-bundle-format` writes the one of \
                   Sigstore";
        (Kept::Cosign, why)
    } else {
        return None;
    };
    Some(Attestation::broken(place.to_owned(), kept, VerificationFailure::unavailable(why)))
}

/// The description of a JSON document without an attestation.
fn described(value: &Value) -> String {
    match value {
        Value::Object(object) if object.is_empty() => "an empty object".to_owned(),
        Value::Object(object) => {
            let keys: Vec<&str> = object.keys().take(5).map(String::as_str).collect();
            printable(format_args!("an object with the keys {}", keys.join(", ")))
        }
        Value::Array(_) => "a list within lists".to_owned(),
        _ => "a single value".to_owned(),
    }
}

impl Attestation {
    fn broken(place: String, kept: Kept, failure: VerificationFailure) -> Self {
        Self { place, kept, predicate_type: None, about: Vec::new(), content: Err(failure) }
    }

    fn of_bundle(
        place: &str,
        kept: Kept,
        bundle: Result<Bundle, VerificationFailure>,
        listed: Option<String>,
        publisher: Option<Publisher>,
    ) -> Self {
        let read = bundle.and_then(|bundle| Ok((said(&bundle)?, bundle)));
        match read {
            Ok(((predicate_type, about), bundle)) => Self {
                place: place.to_owned(),
                kept,
                predicate_type,
                about,
                content: Ok(Content { bundle, listed, publisher }),
            },
            Err(failure) => Self::broken(place.to_owned(), kept, failure),
        }
    }

    /// The log entries that it carries, with their proofs; not verified.
    pub fn entries(&self) -> Vec<EntryProof> {
        self.content.as_ref().map(|content| entry_proof::of_bundle(&content.bundle)).unwrap_or_default()
    }

    /// Whether it is about a file with one of these digests; `None` if it names no subject.
    pub fn speaks_of(&self, file: &FileDigests) -> Option<bool> {
        let is_it = |about: &About| algorithms(file).any(|(name, digest)| about.digests.get(name) == Some(digest));
        (!self.about.is_empty()).then(|| self.about.iter().any(is_it))
    }

    /// Verifies it, and that it is about a file with one of these digests; without any, about the file that it names.
    ///
    /// # Errors
    /// The check that failed, or why it cannot be decided.
    pub fn verify(&self, verifier: &Verifier, file: Option<&FileDigests>) -> Result<Proven, VerificationFailure> {
        let content = self.content.as_ref().map_err(Clone::clone)?;
        if !verifier.is_ready() {
            return Err(VerificationFailure::unavailable("the trust root was not read yet"));
        }
        if let Some(listed) = content.listed.as_ref().filter(|listed| Some(*listed) != self.predicate_type.as_ref()) {
            let is = self.predicate_type.as_deref().unwrap_or("a signature without a statement");
            let reason = format!("the statement is {is:?}, listed as {listed:?}");
            return Err(VerificationFailure::invalid(Check::PayloadType, reason));
        }
        content.verify(verifier.trust(), self.artifact(file)?)
    }

    /// The file's digest in an algorithm of the attestation.
    fn artifact(&self, file: Option<&FileDigests>) -> Result<ArtifactDigest, VerificationFailure> {
        let named = |name: &'static str| self.about.iter().find_map(move |about| about.digests.get(name));
        let Some(file) = file else {
            let own = ALGORITHMS.into_iter().find_map(|name| Some((name, named(name)?)));
            let why =
                "it does not give a SHA-256, SHA-384 or SHA-512 of what it speaks of; compare it with the file itself";
            let (name, digest) = own.ok_or_else(|| VerificationFailure::unavailable(why))?;
            return of_hex(name, digest);
        };
        let spoken = algorithms(file)
            .find(|(name, digest)| self.about.iter().any(|about| about.digests.get(*name) == Some(digest)));
        // An attestation of another file fails because of that.
        let known = spoken.or_else(|| algorithms(file).find(|(name, _)| named(name).is_some()));
        let known = known.or_else(|| algorithms(file).next().filter(|_| self.about.is_empty()));
        let why = "it speaks of files by other digests than those that are known of this one";
        let (name, digest) = known.ok_or_else(|| VerificationFailure::unavailable(why))?;
        of_hex(name, digest)
    }
}

/// The algorithms by which files are identified here, the usual one of npm first.
const ALGORITHMS: [&str; 3] = ["sha512", "sha256", "sha384"];

/// Those of a file's digests, the usual one first.
fn algorithms(file: &FileDigests) -> impl Iterator<Item = (&'static str, &String)> {
    ALGORITHMS.into_iter().filter_map(|name| Some((name, file.get(name)?)))
}

fn of_hex(name: &str, digest: &str) -> Result<ArtifactDigest, VerificationFailure> {
    let algorithm = match name {
        "sha256" => HashAlgorithm::Sha2256,
        "sha384" => HashAlgorithm::Sha2384,
        _ => HashAlgorithm::Sha2512,
    };
    let malformed = |why: &dyn std::fmt::Display| {
        VerificationFailure::invalid(Check::Format, format!("the {name} {digest:?}: {why}"))
    };
    let bytes = hex::decode(digest).map_err(|error| malformed(&error))?;
    ArtifactDigest::new(algorithm, bytes).map_err(|error| malformed(&error))
}

/// The type of the predicate, and the subjects of a bundle.
fn said(bundle: &Bundle) -> Result<(Option<String>, Vec<About>), VerificationFailure> {
    let SignatureContent::MessageSignature(signature) = &bundle.content else {
        let statement = Statement::of(bundle)?;
        let about = statement.subjects().map(|(name, digests)| About {
            name: name.to_owned(),
            digests: digests.iter().map(|(name, hex)| (name.clone(), hex.to_ascii_lowercase())).collect(),
        });
        let about = about.collect();
        return Ok((Some(statement.predicate_type), about));
    };
    let about = signature.message_digest.as_ref().and_then(|message| {
        let name = match message.algorithm {
            HashAlgorithm::Sha2256 => "sha256",
            HashAlgorithm::Sha2384 => "sha384",
            HashAlgorithm::Sha2512 => "sha512",
            _ => return None,
        };
        let digests = BTreeMap::from([(name.to_owned(), hex::encode(message.digest.as_bytes()))]);
        Some(About { name: String::new(), digests })
    });
    Ok((None, about.into_iter().collect()))
}

impl Content {
    fn verify(&self, trust: &TrustMaterial, artifact: ArtifactDigest) -> Result<Proven, VerificationFailure> {
        let artifact = Artifact::from_digest(artifact);
        if let Some(hint) = key_hint(&self.bundle) {
            let verified = npm::verify_by_registry(trust, &self.bundle, artifact)?;
            return Ok(Proven { verified, key: Some(hint.to_owned()) });
        }
        let outcome = trust.verify_bundle(&self.bundle, artifact, Signer::Anyone);
        let verified = match &self.publisher {
            Some(_) => outcome.map_err(|failure| pypi::lacking_a_place_for_time(&self.bundle, failure))?,
            None => outcome?,
        };
        if let (Some(publisher), Some(identity)) = (&self.publisher, &verified.identity) {
            publisher.check(identity)?;
        }
        Ok(Proven { verified, key: None })
    }
}

#[cfg(test)]
mod tests;

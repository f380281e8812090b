//! Checks the form of a bundle before it is verified. A bundle of a newer version, or with a newer entry, than this
//! version of provwatch knows is not malformed: it cannot be checked. Ambiguous documents are refused, as other
//! verifiers do.

use std::{collections::HashSet, str::FromStr};

use serde_json::Value;
use sigstore_types::{Bundle, HashAlgorithm, MediaType};

use super::failure::VerificationFailure;
use crate::model::Check;

/// The kinds and versions of log entries that are known.
const ENTRIES: [(&str, &str); 4] =
    [("hashedrekord", "0.0.1"), ("hashedrekord", "0.0.2"), ("dsse", "0.0.1"), ("intoto", "0.0.2")];

/// A bundle has exactly one of these members.
const CONTENTS: [&str; 2] = ["messageSignature", "dsseEnvelope"];
const SIGNERS: [&str; 3] = ["certificate", "x509CertificateChain", "publicKey"];

/// Reads a bundle, whose JSON is known to be valid. Log entries of unknown kinds are left out if there are others.
///
/// # Errors
/// [`Check::Format`] and the malformed part, or the unsupported part.
pub(super) fn bundle(json: &str) -> Result<Bundle, VerificationFailure> {
    let mut value: Value = serde_json::from_str(json).map_err(malformed)?;
    if !value.is_object() {
        return Err(malformed("the bundle is not an object"));
    }
    check_version(&value)?;
    check_one_of(&value, &CONTENTS)?;
    check_digest(&value)?;
    if let Some(material) = value.get_mut("verificationMaterial") {
        check_one_of(material, &SIGNERS)?;
        leave_out_unknown_entries(material)?;
    }
    let bundle: Bundle = serde_json::from_value(value).map_err(malformed)?;
    check_each_once(&bundle)?;
    Ok(bundle)
}

fn malformed(why: impl std::fmt::Display) -> VerificationFailure {
    VerificationFailure::invalid(Check::Format, why)
}

/// A bundle without a version is of the first.
fn check_version(bundle: &Value) -> Result<(), VerificationFailure> {
    match bundle.get("mediaType").map(Value::as_str) {
        None => Ok(()),
        Some(Some(media_type)) if MediaType::from_str(media_type).is_ok() => Ok(()),
        Some(Some(other)) => Err(VerificationFailure::unavailable(format_args!(
            "bundles of the type {other:?} are not supported by this version"
        ))),
        Some(None) => Err(malformed("the media type is not text")),
    }
}

fn check_one_of(object: &Value, members: &[&str]) -> Result<(), VerificationFailure> {
    let present: Vec<_> =
        members.iter().filter(|member| object.get(**member).is_some_and(|it| !it.is_null())).collect();
    match present.as_slice() {
        [one, other, ..] => Err(malformed(format_args!("the bundle has both {one} and {other}"))),
        _ => Ok(()),
    }
}

/// A signature over a file must name the file: without the digest, an attacker could choose it.
fn check_digest(bundle: &Value) -> Result<(), VerificationFailure> {
    let Some(signature) = bundle.get("messageSignature").filter(|it| !it.is_null()) else { return Ok(()) };
    let Some(digest) = signature.get("messageDigest").filter(|it| !it.is_null()) else {
        return Err(malformed("the message signature names no digest"));
    };
    match digest.get("algorithm").and_then(Value::as_str) {
        Some(algorithm) if HashAlgorithm::from_str(algorithm).is_err() => Err(VerificationFailure::unavailable(
            format_args!("digests by {algorithm:?} are not supported by this version"),
        )),
        _ => Ok(()),
    }
}

fn leave_out_unknown_entries(material: &mut Value) -> Result<(), VerificationFailure> {
    if material.get("tlogEntries").is_some_and(Value::is_null) {
        material["tlogEntries"] = Value::Array(Vec::new());
    }
    let Some(entries) = material.get_mut("tlogEntries").and_then(Value::as_array_mut) else { return Ok(()) };
    let Some(unknown) = entries.iter().find_map(unknown_kind) else { return Ok(()) };
    entries.retain(|entry| unknown_kind(entry).is_none());
    if entries.is_empty() {
        return Err(VerificationFailure::unavailable(format_args!("unsupported Rekor entry format: {unknown}")));
    }
    Ok(())
}

/// The kind and version of an entry, if it names them and they are not known.
fn unknown_kind(entry: &Value) -> Option<String> {
    let kind_version = entry.get("kindVersion")?;
    let (kind, version) = (kind_version.get("kind")?.as_str()?, kind_version.get("version")?.as_str()?);
    (!ENTRIES.contains(&(kind, version))).then(|| format!("{kind}/{version}"))
}

/// Where one valid entry or timestamp is enough, a second copy must not look like a second witness.
fn check_each_once(bundle: &Bundle) -> Result<(), VerificationFailure> {
    let material = &bundle.verification_material;
    let mut entries = HashSet::new();
    if !material.tlog_entries.iter().all(|it| entries.insert((it.log_id.key_id.as_bytes(), it.log_index.get()))) {
        return Err(VerificationFailure::invalid(Check::TransparencyLog, "the bundle has a duplicate log entry"));
    }
    let mut timestamps = HashSet::new();
    let tokens = &material.timestamp_verification_data.rfc3161_timestamps;
    if !tokens.iter().all(|it| timestamps.insert(it.signed_timestamp.as_bytes())) {
        return Err(VerificationFailure::invalid(Check::Timestamp, "the bundle has a duplicate timestamp"));
    }
    Ok(())
}

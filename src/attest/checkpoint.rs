//! Checks of a log entry that the verifier omits: that it has a proof, and that its checkpoint is of the log named. The
//! verifier accepts a bundle if one of its entries is proven, accepts a checkpoint signed by any log of the trust root,
//! whatever its first line is, and reads its lines leniently.

use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use sigstore_trust_root::{TransparencyLog, TrustedRoot};
use sigstore_types::{Bundle, Checkpoint, KindVersion, TransparencyLogEntry};

use super::failure::VerificationFailure;
use crate::model::{Check, LogEntry};

/// Bytes of an Ed25519 key as `SubjectPublicKeyInfo` (RFC 8410).
const ED25519_SPKI: usize = 44;

/// The log entry of a verified bundle: the first place that is proven. None if there is none.
///
/// # Errors
/// [`Check::TransparencyLog`] if an entry's log is unknown, the entry has no proof of inclusion, or its checkpoint is
/// not that log's.
pub(super) fn logged_at(root: &TrustedRoot, bundle: &Bundle) -> Result<Option<LogEntry>, VerificationFailure> {
    let entries = bundle.verification_material.tlog_entries.iter();
    let places = entries.map(|entry| place(root, entry)).collect::<Result<Vec<_>, _>>()?;
    Ok(places.into_iter().flatten().next())
}

fn place(root: &TrustedRoot, entry: &TransparencyLogEntry) -> Result<Option<LogEntry>, VerificationFailure> {
    let log = root.tlogs.iter().find(|log| log.log_id == entry.log_id);
    let log = log.ok_or_else(|| misplaced(format_args!("unknown log {}", entry.log_id.key_id)))?;
    let proof = entry.inclusion_proof.as_ref();
    let origin = match proof.and_then(|proof| Some((proof.checkpoint.checkpoint()?, proof.checkpoint.envelope()))) {
        Some((checkpoint, note)) => {
            check_form(checkpoint, note)?;
            check_signers(root, log, checkpoint)?;
            check_origin(root, log, entry, checkpoint)?
        }
        None if entry.inclusion_promise.is_some() => name(log),
        None => return Err(misplaced("an entry has neither the log's promise nor its proof")),
    };
    Ok(has_proven_index(entry).then(|| LogEntry { origin, index: entry.log_index.get() }))
}

/// The proof of Rekor v1 is about the index in the tree, the entry's own is the global one: only the promise covers it.
fn has_proven_index(entry: &TransparencyLogEntry) -> bool {
    entry.inclusion_promise.is_some() || entry.kind_version == KindVersion::HashedRekordV002
}

fn misplaced(reason: impl std::fmt::Display) -> VerificationFailure {
    VerificationFailure::invalid(Check::TransparencyLog, reason)
}

fn host(log: &TransparencyLog) -> &str {
    let url = log.base_url.as_str();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.trim_end_matches('/')
}

/// The name of a log with only a promise: its host, or, if the trust root does not have it, its key.
fn name(log: &TransparencyLog) -> String {
    match host(log) {
        "" => format!("the log with the key {}", hex::encode(log.log_id.key_id.as_bytes())),
        host => host.to_owned(),
    }
}

/// The first three lines must be written as they were read: no spaces, no signs, no other base64; and its last line
/// ends. <https://github.com/C2SP/C2SP/blob/main/tlog-checkpoint.md>
fn check_form(checkpoint: &Checkpoint, note: &str) -> Result<(), VerificationFailure> {
    let root = BASE64_STANDARD.encode(checkpoint.root_hash().as_bytes());
    let head = format!("{}\n{}\n{root}\n", checkpoint.origin(), checkpoint.tree_size());
    if note.starts_with(&head) && note.ends_with('\n') {
        return Ok(());
    }
    Err(misplaced("the checkpoint is not written as the standard has it"))
}

/// The origin must be the log's own. It is usually the log's host in the trust root, but that may have been written for
/// a mirror, or be empty. Then the key decides: the id of Rekor v2's key is a hash over the origin; the key of Rekor v1
/// signs for its own trees only, and its origin is accepted unless it is the name of another log.
fn check_origin(
    root: &TrustedRoot,
    log: &TransparencyLog,
    entry: &TransparencyLogEntry,
    checkpoint: &Checkpoint,
) -> Result<String, VerificationFailure> {
    let origin = checkpoint.origin();
    let (name, tree) = origin.split_once(" - ").map_or((origin, None), |(name, tree)| (name, Some(tree)));
    let is_named = match (entry.kind_version, tree) {
        (_, None) if origin == host(log) => true,
        (KindVersion::HashedRekordV002, None) => is_key_of(log, origin),
        (KindVersion::HashedRekordV002, Some(_)) | (_, None) => false,
        (_, Some(tree)) => {
            let is_others = |other: &TransparencyLog| other.log_id != log.log_id && host(other) == name;
            let is_tree = !tree.is_empty() && tree.bytes().all(|byte| byte.is_ascii_digit());
            is_tree && (name == host(log) || !root.tlogs.iter().any(is_others))
        }
    };
    if is_named {
        return Ok(origin.to_owned());
    }
    Err(misplaced(format_args!("the checkpoint is of {origin:?}, the entry of {:?}", host(log))))
}

/// Whether the log's id is that of its key under this name.
/// <https://github.com/C2SP/C2SP/blob/main/signed-note.md#signatures>
fn is_key_of(log: &TransparencyLog, origin: &str) -> bool {
    let spki = log.public_key.raw_bytes.as_bytes();
    // Ed25519 keys are the last 32 bytes of a `SubjectPublicKeyInfo` that is 44 bytes long.
    let Some(key) = spki.last_chunk::<32>().filter(|_| spki.len() == ED25519_SPKI) else {
        // The ids of other keys do not depend on the name.
        return host(log).is_empty();
    };
    let id = Sha256::new().chain_update(origin).chain_update(b"\n\x01").chain_update(key).finalize();
    log.log_id.key_id.as_bytes() == id.as_slice()
}

/// Of the logs in the trust root, only the entry's own signed: so its signature was the verified one.
fn check_signers(
    root: &TrustedRoot,
    log: &TransparencyLog,
    checkpoint: &Checkpoint,
) -> Result<(), VerificationFailure> {
    let hint = |log: &TransparencyLog| log.log_id.key_id.as_bytes().first_chunk::<4>().copied();
    let signed_by = |log: &TransparencyLog| {
        checkpoint.signatures().iter().any(|signature| Some(*signature.key_id.as_bytes()) == hint(log))
    };
    let stranger = root.tlogs.iter().any(|other| other.log_id != log.log_id && signed_by(other));
    if signed_by(log) && !stranger {
        return Ok(());
    }
    Err(misplaced("the checkpoint is not signed by the log that the entry names"))
}

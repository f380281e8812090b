//! What the verifier leaves open about a log entry: whether anything proves it at all, and whether the checkpoint that
//! does is of the very log that the entry names. The verifier is content if one entry of a bundle is proven, takes a
//! checkpoint signed by any log of the trust root, whatever its first line says, and reads its lines leniently.

use base64::{Engine, prelude::BASE64_STANDARD};
use sigstore_trust_root::{TransparencyLog, TrustedRoot};
use sigstore_types::{Bundle, Checkpoint, KindVersion, TransparencyLogEntry};

use super::failure::Failure;
use crate::model::{Check, LogEntry};

/// Where a verified bundle is logged: the first place that is proven. None if there is none.
///
/// # Errors
/// [`Check::TransparencyLog`] if an entry's log is unknown, nothing proves that the entry is in it, or its checkpoint is
/// not that log's.
pub(super) fn logged_at(root: &TrustedRoot, bundle: &Bundle) -> Result<Option<LogEntry>, Failure> {
    let entries = bundle.verification_material.tlog_entries.iter();
    let places = entries.map(|entry| place(root, entry)).collect::<Result<Vec<_>, _>>()?;
    Ok(places.into_iter().flatten().next())
}

fn place(root: &TrustedRoot, entry: &TransparencyLogEntry) -> Result<Option<LogEntry>, Failure> {
    let log = root.tlogs.iter().find(|log| log.log_id == entry.log_id);
    let log = log.ok_or_else(|| misplaced(format_args!("unknown log {}", entry.log_id.key_id)))?;
    let proof = entry.inclusion_proof.as_ref();
    let origin = match proof.and_then(|proof| Some((proof.checkpoint.checkpoint()?, proof.checkpoint.envelope()))) {
        Some((checkpoint, note)) => {
            check_form(checkpoint, note)?;
            check_signers(root, log, checkpoint)?;
            check_origin(log, checkpoint)?
        }
        None if entry.inclusion_promise.is_some() => host(log).to_owned(),
        None => return Err(misplaced("an entry has neither the log's promise nor its proof")),
    };
    Ok(has_proven_index(entry).then(|| LogEntry { origin, index: entry.log_index.get() }))
}

/// The proof of Rekor v1 is about the index in the tree, the entry's own is the global one: only the promise covers it.
fn has_proven_index(entry: &TransparencyLogEntry) -> bool {
    entry.inclusion_promise.is_some() || entry.kind_version == KindVersion::HashedRekordV002
}

fn misplaced(reason: impl std::fmt::Display) -> Failure {
    Failure::invalid(Check::TransparencyLog, reason)
}

fn host(log: &TransparencyLog) -> &str {
    let url = log.base_url.as_str();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.trim_end_matches('/')
}

/// The first three lines as written are the ones that were read: no spaces, no signs, no other base64.
/// <https://github.com/C2SP/C2SP/blob/main/tlog-checkpoint.md>
fn check_form(checkpoint: &Checkpoint, note: &str) -> Result<(), Failure> {
    let root = BASE64_STANDARD.encode(checkpoint.root_hash().as_bytes());
    let head = format!("{}\n{}\n{root}\n", checkpoint.origin(), checkpoint.tree_size());
    if note.starts_with(&head) {
        return Ok(());
    }
    Err(misplaced("the checkpoint is not written as the standard has it"))
}

/// The origin is the log's host, for Rekor v1 followed by the number of the tree.
fn check_origin(log: &TransparencyLog, checkpoint: &Checkpoint) -> Result<String, Failure> {
    let origin = checkpoint.origin();
    let tree = origin.strip_prefix(host(log)).map(|rest| rest.strip_prefix(" - ").unwrap_or(rest));
    if tree.is_some_and(|tree| tree.bytes().all(|byte| byte.is_ascii_digit())) && !origin.ends_with(" - ") {
        return Ok(origin.to_owned());
    }
    Err(misplaced(format_args!("the checkpoint is of {origin:?}, the entry of {:?}", host(log))))
}

/// Of the logs that the trust root knows, only the entry's own signed: so it is its signature that was verified.
fn check_signers(root: &TrustedRoot, log: &TransparencyLog, checkpoint: &Checkpoint) -> Result<(), Failure> {
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

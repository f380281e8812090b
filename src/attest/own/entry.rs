//! Checks that a log has an entry: by the promise of Rekor v1, the inclusion proof, and the checkpoint.

use jiff::Timestamp;
use sigstore_merkle::{hash_leaf, verify_inclusion_proof};
use sigstore_types::{KindVersion, Sha256Hash, SignatureBytes, TransparencyLogEntry, bundle::InclusionProof};

use crate::{
    attest::{failure::VerificationFailure, instance::Instance},
    model::Check,
};

/// Checks every proof that the entry is in the log.
pub(super) fn check_inclusion(
    instance: &Instance,
    entry: &TransparencyLogEntry,
    now: Timestamp,
) -> Result<(), VerificationFailure> {
    if let Some(proof) = &entry.inclusion_proof {
        check_proof(instance, entry, proof, now)?;
    }
    if entry.inclusion_promise.is_some() { check_promise(instance, entry) } else { Ok(()) }
}

/// The parts that Rekor v1 repeats beside the checkpoint must be equal; those of v2 are ignored.
fn check_proof(
    instance: &Instance,
    entry: &TransparencyLogEntry,
    proof: &InclusionProof,
    now: Timestamp,
) -> Result<(), VerificationFailure> {
    let checkpoint = proof.checkpoint.checkpoint().ok_or_else(|| unproven("the proof has no checkpoint"))?;
    let (size, root) = (checkpoint.tree_size(), *checkpoint.root_hash());
    let index = if entry.kind_version == KindVersion::HashedRekordV002 {
        entry.log_index.get()
    } else {
        if proof.tree_size != size || proof.root_hash != root {
            return Err(unproven("the proof and its checkpoint are of different trees"));
        }
        proof.log_index.get()
    };
    let leaf = hash_leaf(entry.canonicalized_body.as_bytes());
    verify_inclusion_proof(&leaf, index, size, &proof.hashes, &root).map_err(unproven)?;
    let keys = instance.usable.rekor_keys().map_err(VerificationFailure::unavailable)?;
    let text = checkpoint.signed_data();
    let is_signed = checkpoint.signatures().iter().any(|signature| {
        keys.keys_by_hint(&signature.key_id, now).any(|key| key.verify(text, &signature.signature).is_ok())
    });
    is_signed.then_some(()).ok_or_else(|| unproven("no log of the trust root signed the checkpoint"))
}

/// The promise covers the body, the time and the global index.
pub(super) fn check_promise(instance: &Instance, entry: &TransparencyLogEntry) -> Result<(), VerificationFailure> {
    let promise = entry.inclusion_promise.as_ref().ok_or_else(|| unproven("the entry has no promise"))?;
    let keys = instance.usable.rekor_keys().map_err(VerificationFailure::unavailable)?;
    let id = Sha256Hash::try_from(entry.log_id.key_id.as_bytes()).map_err(unproven)?;
    let key = match entry.integrated_time {
        Some(time) => keys.key_at(&id, time),
        None => keys.key(&id),
    };
    let key = key.ok_or_else(|| unproven(format_args!("no key of the log {} was valid then", entry.log_id.key_id)))?;
    // Canonical JSON (RFC 8785): the members in this order, without spaces.
    let message = format!(
        r#"{{"body":"{}","integratedTime":{},"logID":"{}","logIndex":{}}}"#,
        entry.canonicalized_body.to_base64(),
        entry.integrated_time.map_or(0, Timestamp::as_second),
        hex::encode(entry.log_id.key_id.as_bytes()),
        entry.log_index.get(),
    );
    let signature = SignatureBytes::new(promise.signed_entry_timestamp.as_bytes().to_vec());
    key.verify(message.as_bytes(), &signature).map_err(|error| unproven(format_args!("its promise: {error}")))
}

fn unproven(why: impl std::fmt::Display) -> VerificationFailure {
    VerificationFailure::invalid(Check::TransparencyLog, why)
}

//! Keeps the checkpoints that the attestations of accused releases name. The audit then compares them with what the log
//! shows to everybody: an entry that is proven in one tree is proven in all later ones, or the log has two histories.

use chrono::{DateTime, Utc};

use crate::{
    attest::{Attestation, attestations},
    logwatch::log_list::FollowedLog,
    model::EvidenceDocument,
    store::{CheckpointRow, LogCheck, Store, StoreError},
    tlog::SignedCheckpoint,
};

/// Most checkpoints that are kept for one document: it has one for each attestation.
const MOST: usize = 16;

/// Keeps the checkpoints that the document with a looked-up entry names. Of a release that raised nothing no document is
/// kept.
pub(super) fn keep_named(
    store: &Store,
    followed: &FollowedLog,
    LogCheck { release, entry, .. }: &LogCheck,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Some(observation) = store.release(release)?.and_then(|row| row.observation) else { return Ok(()) };
    if store.log(&entry.origin)?.is_none() {
        return Ok(());
    }
    let documents = store.documents(release)?;
    let named = |document: &EvidenceDocument| document.provenance(&observation).verified()?.log.clone();
    for document in documents.iter().filter(|document| named(document).as_ref() == Some(entry)) {
        for row in checkpoints(document, &entry.origin, followed, now) {
            store.keep_named_checkpoint(&entry.origin, &row)?;
        }
    }
    Ok(())
}

/// The checkpoints of a log in a document that the log signed.
fn checkpoints(
    document: &EvidenceDocument,
    origin: &str,
    followed: &FollowedLog,
    now: DateTime<Utc>,
) -> Vec<CheckpointRow> {
    let attested = attestations(&document.content).unwrap_or_default();
    let entries = attested.iter().flat_map(Attestation::entries).filter(|entry| entry.origin == *origin);
    let signed = entries.filter_map(|entry| followed.log.signer().verify(entry.checkpoint.as_bytes()).ok());
    let row = |signed: SignedCheckpoint| CheckpointRow {
        size: signed.size(),
        root: *signed.root(),
        note: signed.note().to_owned(),
        seen_at: now,
        last_seen_at: now,
        consistent: false,
    };
    signed.take(MOST).map(row).collect()
}

//! Keeps the checkpoints that the attestations of accused releases name. The audit then compares them with what the log
//! shows to everybody: an entry that is proven in one tree is proven in all later ones, or the log has two histories.

use chrono::{DateTime, Utc};

use crate::{
    attest::attestations,
    logwatch::log_list::FollowedLog,
    store::{CheckpointRow, LogCheck, Store, StoreError},
    tlog::SignedCheckpoint,
};

/// Most checkpoints that are kept for one release.
const MOST: usize = 16;

/// Keeps the checkpoints of a log that the kept documents of a release name. Of a release that raised nothing no document
/// is kept.
pub(super) fn keep_named(
    store: &Store,
    followed: &FollowedLog,
    check: &LogCheck,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if store.log(&check.entry.origin)?.is_none() {
        return Ok(());
    }
    let signer = followed.log.signer();
    let documents = store.documents(&check.release)?;
    let attested = documents.iter().filter_map(|document| attestations(&document.content).ok()).flatten();
    let entries = attested.flat_map(|one| one.entries()).filter(|entry| entry.origin == check.entry.origin);
    let mut signed: Vec<SignedCheckpoint> =
        entries.filter_map(|entry| signer.verify(entry.checkpoint.as_bytes()).ok()).collect();
    signed.sort_by_key(SignedCheckpoint::size);
    signed.dedup_by(|one, other| one.checkpoint() == other.checkpoint());
    for signed in signed.iter().take(MOST) {
        let (size, root, note) = (signed.size(), *signed.root(), signed.note().to_owned());
        let row = CheckpointRow { size, root, note, seen_at: now, last_seen_at: now, consistent: false };
        store.keep_named_checkpoint(&check.entry.origin, &row)?;
    }
    Ok(())
}

//! Reads from attestations the log entries that they carry, each with the log's proof that it is there.

use sigstore_types::{Bundle, KindVersion, TransparencyLogEntry};

/// A log entry as an attestation carries it, with the proof that it is in the tree of a checkpoint. Not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryProof {
    /// The origin of the checkpoint.
    pub origin: String,
    /// The index that the attestation names: for Rekor v1 the global one.
    pub index: u64,
    /// The index in the tree of the checkpoint.
    pub leaf_index: u64,
    /// The number of entries of that tree.
    pub tree_size: u64,
    /// The entry.
    pub body: Vec<u8>,
    /// The siblings, from the leaf upwards.
    pub path: Vec<[u8; 32]>,
    /// The signed note.
    pub checkpoint: String,
}

/// The entries of a bundle. One without a proof, only promised, is not among them.
pub(super) fn of_bundle(bundle: &Bundle) -> Vec<EntryProof> {
    bundle.verification_material.tlog_entries.iter().filter_map(of_entry).collect()
}

fn of_entry(entry: &TransparencyLogEntry) -> Option<EntryProof> {
    let proof = entry.inclusion_proof.as_ref()?;
    let checkpoint = proof.checkpoint.checkpoint()?;
    // The entry of Rekor v1 has the global index beside the one in its tree.
    let is_v2 = entry.kind_version == KindVersion::HashedRekordV002;
    Some(EntryProof {
        origin: checkpoint.origin().to_owned(),
        index: entry.log_index.get(),
        leaf_index: if is_v2 { entry.log_index.get() } else { proof.log_index.get() },
        tree_size: checkpoint.tree_size(),
        body: entry.canonicalized_body.as_bytes().to_vec(),
        path: proof.hashes.iter().map(|hash| *hash.as_bytes()).collect(),
        checkpoint: proof.checkpoint.envelope().to_owned(),
    })
}

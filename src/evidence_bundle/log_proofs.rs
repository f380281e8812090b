//! The forms of the proofs about logs in a bundle, with the names of RFC 9162, and their checks.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

use crate::{
    attest::EntryProof,
    model::ConsistencyProof,
    tlog::{
        checkpoint::Checkpoint,
        merkle::{Hash, leaf_hash},
        proof::InclusionProof,
    },
};

/// `inclusion-INDEX.json`: the proof that an entry is in the tree of a checkpoint (RFC 9162, section 2.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the words of RFC 9162")]
pub(super) struct Inclusion {
    /// The log, by the origin of the checkpoint.
    pub log: String,
    /// The index that the attestation names: for Rekor v1 the one over all trees.
    pub index: u64,
    /// The index in the tree.
    pub leaf_index: u64,
    /// The number of entries of the tree.
    pub tree_size: u64,
    /// The root of the tree, hexadecimal, as in the checkpoint.
    pub root: String,
    /// The entry, base64.
    pub entry: String,
    /// SHA-256 over a zero byte and the entry, hexadecimal.
    pub leaf: String,
    /// The siblings, from the leaf upwards, hexadecimal.
    pub inclusion_path: Vec<String>,
}

/// `consistency-SIZE.json`: the proof that the tree of one checkpoint is the beginning of that of another (RFC 9162,
/// section 2.1.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the words of RFC 9162")]
pub(super) struct Consistency {
    /// The log, by the origin of the checkpoints.
    pub log: String,
    /// The number of entries of the smaller tree.
    pub tree_size_1: u64,
    /// Its root, hexadecimal.
    pub root_1: String,
    /// The number of entries of the larger tree.
    pub tree_size_2: u64,
    /// Its root, hexadecimal.
    pub root_2: String,
    /// The hashes, hexadecimal.
    pub consistency_path: Vec<String>,
}

impl Inclusion {
    /// The proof of an entry, and the checkpoint that it leads to; `None` if it does not lead there.
    pub fn of(entry: &EntryProof) -> Option<(Self, Checkpoint)> {
        let checkpoint = Checkpoint::unverified(entry.checkpoint.as_bytes()).ok()?;
        let inclusion = Self {
            log: entry.origin.clone(),
            index: entry.index,
            leaf_index: entry.leaf_index,
            tree_size: entry.tree_size,
            root: hex::encode(checkpoint.root),
            entry: BASE64_STANDARD.encode(&entry.body),
            leaf: hex::encode(leaf_hash(&entry.body)),
            inclusion_path: entry.path.iter().map(hex::encode).collect(),
        };
        inclusion.holds(&checkpoint).then_some((inclusion, checkpoint))
    }

    /// Whether it proves that its entry is in the tree of a checkpoint.
    pub fn holds(&self, checkpoint: &Checkpoint) -> bool {
        let Ok(entry) = BASE64_STANDARD.decode(&self.entry) else { return false };
        let Some(path) = hashes(&self.inclusion_path) else { return false };
        let leaf = leaf_hash(&entry);
        let proof = InclusionProof { index: self.leaf_index, size: self.tree_size, path };
        self.tree() == (checkpoint.size, hex::encode(checkpoint.root))
            && self.leaf == hex::encode(leaf)
            && proof.root(&leaf) == Some(checkpoint.root)
    }

    /// The tree that it leads to: its size, and its root, hexadecimal.
    pub fn tree(&self) -> (u64, String) {
        (self.tree_size, self.root.clone())
    }
}

impl Consistency {
    /// The proof between two checkpoints.
    pub fn of(log: &str, proof: &ConsistencyProof, first_root: &Hash, second_root: &Hash) -> Self {
        Self {
            log: log.to_owned(),
            tree_size_1: proof.first,
            root_1: hex::encode(first_root),
            tree_size_2: proof.second,
            root_2: hex::encode(second_root),
            consistency_path: proof.hashes.iter().map(hex::encode).collect(),
        }
    }

    /// Whether it proves that the tree of one checkpoint is the beginning of that of the other.
    pub fn holds(&self, first: &Checkpoint, second: &Checkpoint) -> bool {
        let Some(hashes) = hashes(&self.consistency_path) else { return false };
        let proof = ConsistencyProof { first: self.tree_size_1, second: self.tree_size_2, hashes };
        let trees = [first, second].map(|one| (one.size, hex::encode(one.root)));
        self.trees() == trees && proof.proves(&first.root, &second.root)
    }

    /// The smaller and the larger tree, each by its size and its root, hexadecimal.
    pub fn trees(&self) -> [(u64, String); 2] {
        [(self.tree_size_1, self.root_1.clone()), (self.tree_size_2, self.root_2.clone())]
    }
}

fn hashes(texts: &[String]) -> Option<Vec<Hash>> {
    texts.iter().map(|text| Hash::try_from(hex::decode(text).ok()?).ok()).collect()
}

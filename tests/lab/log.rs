//! A transparency log in the image of Rekor v1: a Merkle tree, signed checkpoints, inclusion proofs, signed entry
//! timestamps.

use std::sync::Mutex;

use serde_json::{Value, json};

use super::{
    b64,
    keys::{Key, sha256},
};

pub struct TransparencyLog {
    pub name: String,
    pub tree: u64,
    pub key: Key,
    leaves: Mutex<Vec<[u8; 32]>>,
}

impl TransparencyLog {
    pub fn new(name: &str, tree: u64) -> Self {
        Self { name: name.to_owned(), tree, key: Key::p256(), leaves: Mutex::default() }
    }

    /// Logs a body and returns the `tlogEntries` item of a bundle.
    pub fn append(&self, kind: &str, version: &str, body: &Value, integrated_time: i64) -> Value {
        let body = body.to_string().into_bytes();
        let mut leaves = self.leaves.lock().unwrap();
        leaves.push(sha256(&[&[0], body.as_slice()].concat()));
        let index = leaves.len() - 1;
        let root = root(&leaves);
        json!({
            "logIndex": index.to_string(),
            "logId": {"keyId": b64(&self.key.id())},
            "kindVersion": {"kind": kind, "version": version},
            "integratedTime": integrated_time.to_string(),
            "inclusionPromise": {"signedEntryTimestamp": b64(&self.entry_timestamp(&body, index, integrated_time))},
            "inclusionProof": {
                "logIndex": index.to_string(),
                "rootHash": b64(&root),
                "treeSize": leaves.len().to_string(),
                "hashes": path(index, &leaves).iter().map(|hash| b64(hash)).collect::<Vec<_>>(),
                "checkpoint": {"envelope": self.checkpoint(leaves.len(), &root)},
            },
            "canonicalizedBody": b64(&body),
        })
    }

    /// The signed note over a tree size and root.
    pub fn checkpoint(&self, size: usize, root: &[u8]) -> String {
        let text = format!("{} - {}\n{size}\n{}\n", self.name, self.tree, b64(root));
        let mut signature = self.key.id()[..4].to_vec();
        signature.extend(self.key.sign(text.as_bytes()));
        format!("{text}\n— {} {}\n", self.name, b64(&signature))
    }

    fn entry_timestamp(&self, body: &[u8], index: usize, integrated_time: i64) -> Vec<u8> {
        // serde_json sorts the keys, which is all that RFC 8785 asks of these values.
        let payload = json!({
            "body": b64(body), "integratedTime": integrated_time, "logID": hex::encode(self.key.id()), "logIndex": index,
        });
        self.key.sign(payload.to_string().as_bytes())
    }
}

fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    sha256(&[&[1], left.as_slice(), right.as_slice()].concat())
}

/// The largest power of two below `n`.
fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}

/// RFC 6962 §2.1.
pub fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&root(left), &root(right))
        }
    }
}

/// RFC 6962 §2.1.1.
fn path(index: usize, leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut hashes, sibling) = if index < left.len() {
        (path(index, left), root(right))
    } else {
        (path(index - left.len(), right), root(left))
    };
    hashes.push(sibling);
    hashes
}

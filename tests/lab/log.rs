//! Transparency logs with a Merkle tree (RFC 6962), signed checkpoints and inclusion proofs. One is like Rekor v1, with
//! signed entry timestamps, and one like Rekor v2.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{
    b64,
    keys::{Ed25519, Key, sha256},
};

/// A log in the image of Rekor v1.
pub struct TransparencyLog {
    pub name: String,
    pub tree: u64,
    pub key: Arc<Key>,
    leaves: Tree,
    bodies: Mutex<Vec<Vec<u8>>>,
}

impl TransparencyLog {
    pub fn new(name: &str, tree: u64) -> Self {
        let key = Arc::new(Key::p256());
        Self { name: name.to_owned(), tree, key, leaves: Tree::default(), bodies: Mutex::default() }
    }

    /// The first line of its checkpoints.
    pub fn origin(&self) -> String {
        format!("{} - {}", self.name, self.tree)
    }

    /// What was logged.
    pub fn bodies(&self) -> Vec<Vec<u8>> {
        self.bodies.lock().unwrap().clone()
    }

    /// Logs a body and returns the `tlogEntries` item of a bundle.
    pub fn append(&self, kind: &str, version: &str, body: &Value, integrated_time: i64) -> Value {
        let body = body.to_string().into_bytes();
        self.bodies.lock().unwrap().push(body.clone());
        let inclusion = self.leaves.append(&body);
        let mut entry = inclusion.entry(kind, version, &body, &self.key.id());
        let promise = self.entry_timestamp(&body, inclusion.index, integrated_time);
        entry["integratedTime"] = json!(integrated_time.to_string());
        entry["inclusionPromise"] = json!({"signedEntryTimestamp": b64(&promise)});
        entry["inclusionProof"]["checkpoint"] =
            json!({"envelope": self.checkpoint(&self.origin(), inclusion.size, &inclusion.root)});
        entry
    }

    /// The signed note over an origin, a tree size and a root.
    pub fn checkpoint(&self, origin: &str, size: usize, root: &[u8]) -> String {
        let text = checkpoint_text(origin, size, root);
        let signature = self.key.sign(text.as_bytes());
        signed_note(&text, &self.name, &self.key.id(), &signature)
    }

    fn entry_timestamp(&self, body: &[u8], index: usize, integrated_time: i64) -> Vec<u8> {
        // serde_json sorts the keys, which is all that RFC 8785 asks of these values.
        let payload = json!({
            "body": b64(body), "integratedTime": integrated_time, "logID": hex::encode(self.key.id()), "logIndex": index,
        });
        self.key.sign(payload.to_string().as_bytes())
    }
}

/// A log in the image of Rekor v2: it promises nothing and knows no time.
pub struct TiledLog {
    pub name: String,
    pub key: Ed25519,
    leaves: Tree,
}

impl TiledLog {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), key: Ed25519::new(), leaves: Tree::default() }
    }

    /// The hash whose first four bytes are the key id of its notes.
    /// <https://github.com/C2SP/C2SP/blob/main/signed-note.md>
    pub fn id(&self) -> [u8; 32] {
        sha256(&[self.name.as_bytes(), &[0x0a, 0x01], self.key.raw()].concat())
    }

    /// Logs a body and returns the `tlogEntries` item of a bundle.
    pub fn append(&self, kind: &str, version: &str, body: &Value) -> Value {
        let body = body.to_string().into_bytes();
        let inclusion = self.leaves.append(&body);
        let mut entry = inclusion.entry(kind, version, &body, &self.id());
        entry["inclusionProof"]["checkpoint"] =
            json!({"envelope": self.checkpoint(&self.name, inclusion.size, &inclusion.root)});
        entry
    }

    /// The signed note over an origin, a tree size and a root.
    pub fn checkpoint(&self, origin: &str, size: usize, root: &[u8]) -> String {
        let text = checkpoint_text(origin, size, root);
        let signature = self.key.sign(text.as_bytes());
        signed_note(&text, &self.name, &self.id(), &signature)
    }
}

pub fn checkpoint_text(origin: &str, size: usize, root: &[u8]) -> String {
    format!("{origin}\n{size}\n{}\n", b64(root))
}

pub fn signed_note(text: &str, name: &str, id: &[u8; 32], signature: &[u8]) -> String {
    format!("{text}\n— {name} {}\n", b64(&[&id[..4], signature].concat()))
}

#[derive(Default)]
struct Tree(Mutex<Vec<[u8; 32]>>);

impl Tree {
    fn append(&self, body: &[u8]) -> Inclusion {
        let mut leaves = self.0.lock().unwrap();
        leaves.push(sha256(&[&[0], body].concat()));
        let (index, size) = (leaves.len() - 1, leaves.len());
        Inclusion { index, size, root: root(&leaves), hashes: path(index, &leaves) }
    }
}

/// A leaf's place in a tree.
struct Inclusion {
    index: usize,
    size: usize,
    root: [u8; 32],
    hashes: Vec<[u8; 32]>,
}

impl Inclusion {
    /// What every log says of an entry.
    fn entry(&self, kind: &str, version: &str, body: &[u8], log: &[u8; 32]) -> Value {
        json!({
            "logIndex": self.index.to_string(),
            "logId": {"keyId": b64(log)},
            "kindVersion": {"kind": kind, "version": version},
            "inclusionProof": {
                "logIndex": self.index.to_string(),
                "rootHash": b64(&self.root),
                "treeSize": self.size.to_string(),
                "hashes": self.hashes.iter().map(|hash| b64(hash)).collect::<Vec<_>>(),
            },
            "canonicalizedBody": b64(body),
        })
    }
}

pub fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    sha256(&[&[1], left.as_slice(), right.as_slice()].concat())
}

/// The largest power of two below `n`.
pub fn split(n: usize) -> usize {
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
pub fn path(index: usize, leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
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

/// RFC 6962 §2.1.2.
pub fn consistency(first: usize, leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
    fn sub(first: usize, leaves: &[[u8; 32]], whole: bool) -> Vec<[u8; 32]> {
        if first == leaves.len() {
            return if whole { Vec::new() } else { vec![root(leaves)] };
        }
        let (left, right) = leaves.split_at(split(leaves.len()));
        let (mut hashes, other) = if first <= left.len() {
            (sub(first, left, whole), root(right))
        } else {
            (sub(first - left.len(), right, false), root(left))
        };
        hashes.push(other);
        hashes
    }
    if first == 0 || first >= leaves.len() { Vec::new() } else { sub(first, leaves, true) }
}

//! Checks the proofs about logs in a bundle: each entry is in the tree of its checkpoint, all checkpoints are of one
//! history, and the log signed them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    log_proofs::{Consistency, Inclusion},
    tar::{BundleError, Files, parsed},
};
use crate::{
    attest::{Verifier, attestations},
    text::quoted,
    tlog::{
        LogKey, Signer,
        checkpoint::{Checkpoint, name_of_tree},
    },
};

/// What the proofs about a log show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct LogProofs {
    /// The log.
    pub log: String,
    /// How many entries are proven to be in it.
    pub entries: usize,
    /// How many of its checkpoints are in the bundle.
    pub checkpoints: usize,
    /// The number of entries of the largest.
    pub size: u64,
    /// Whether the log signed all of them, and all are of one history.
    pub proven: bool,
    /// Why that is not proven.
    pub why: Vec<String>,
}

/// The most characters of a log's name in an error.
const NAME: usize = 100;

/// A tree: its size, and its root, hexadecimal.
type Tree = (u64, String);

/// What a bundle has of one log.
#[derive(Default)]
struct Folder<'a> {
    checkpoints: BTreeMap<&'a str, Checkpoint>,
    inclusions: BTreeMap<&'a str, Inclusion>,
    consistencies: BTreeMap<&'a str, Consistency>,
}

/// Checks the proofs about all logs of a bundle.
///
/// # Errors
/// A member is not what it was: a proof does not hold, or a signature is not that of the log.
pub(super) fn check<'a>(
    files: &Files,
    documents: impl Iterator<Item = &'a Vec<u8>>,
    verifier: &Verifier,
) -> Result<Vec<LogProofs>, BundleError> {
    let attested: HashSet<Inclusion> = documents
        .flat_map(|document| attestations(document).unwrap_or_default())
        .flat_map(|one| one.entries())
        .filter_map(|entry| Some(Inclusion::of(&entry)?.0))
        .collect();
    let keys = verifier.trusted_logs().into_iter().map(|log| log.spki).collect::<Vec<_>>();
    let folders = folders(files)?;
    folders.values().map(|folder| folder.check(files, &attested, &keys)).collect()
}

fn folders(files: &Files) -> Result<BTreeMap<&str, Folder<'_>>, BundleError> {
    let mut folders: BTreeMap<&str, Folder<'_>> = BTreeMap::new();
    for (path, content) in files {
        let Some((name, file)) = path.strip_prefix("logs/").and_then(|rest| rest.split_once('/')) else { continue };
        let folder = folders.entry(name).or_default();
        if file.starts_with("checkpoint-") {
            let checkpoint = Checkpoint::unverified(content);
            let checkpoint = checkpoint.map_err(|error| BundleError::altered(path, error.to_string()))?;
            folder.checkpoints.insert(path, checkpoint);
        } else if file.starts_with("inclusion-") {
            folder.inclusions.insert(path, parsed(files, path)?);
        } else if file.starts_with("consistency-") {
            folder.consistencies.insert(path, parsed(files, path)?);
        } else {
            return Err(BundleError::altered(path, "a bundle has no such file about a log"));
        }
    }
    Ok(folders)
}

impl Folder<'_> {
    fn check(&self, files: &Files, attested: &HashSet<Inclusion>, keys: &[Vec<u8>]) -> Result<LogProofs, BundleError> {
        let log = self.log()?;
        let trees: BTreeMap<Tree, &Checkpoint> =
            self.checkpoints.values().map(|one| ((one.size, hex::encode(one.root)), one)).collect();
        let unsigned = self.unsigned(files, &log, keys)?;
        self.check_entries(&trees, attested)?;
        self.check_growth(&trees)?;
        let mut why = Vec::new();
        if unsigned > 0 {
            why.push(format!(
                "of {unsigned} of its checkpoints the signature cannot be checked: the trust root of this provwatch does not \
                 name the log"
            ));
        }
        let (size, apart) = self.apart(&trees);
        if let Some((few, _)) = apart.first() {
            let more = if apart.len() == 1 { String::new() } else { format!(", and {} more", apart.len() - 1) };
            why.push(format!(
                "its checkpoint of {few} entries{more}: not proven to be of one history with that of {size}"
            ));
        }
        let (entries, checkpoints) = (self.inclusions.len(), self.checkpoints.len());
        Ok(LogProofs { log, entries, checkpoints, size, proven: why.is_empty(), why })
    }

    /// The log that all files of the folder are about.
    fn log(&self) -> Result<String, BundleError> {
        let checkpoints = self.checkpoints.iter().map(|(path, one)| (*path, &one.origin));
        let inclusions = self.inclusions.iter().map(|(path, one)| (*path, &one.log));
        let consistencies = self.consistencies.iter().map(|(path, one)| (*path, &one.log));
        let mut all = checkpoints.chain(inclusions).chain(consistencies);
        let log = all.next().map(|(_, log)| log.clone()).unwrap_or_default();
        match all.find(|(_, other)| **other != log) {
            Some((path, other)) => {
                let (other, log) = (quoted(other, NAME), quoted(&log, NAME));
                Err(BundleError::altered(path, format!("it is about {other}, and others in its folder about {log}")))
            }
            None => Ok(log),
        }
    }

    /// Every proof of an entry leads to a checkpoint, and is that of an attestation of the bundle.
    fn check_entries(
        &self,
        trees: &BTreeMap<Tree, &Checkpoint>,
        attested: &HashSet<Inclusion>,
    ) -> Result<(), BundleError> {
        for (path, inclusion) in &self.inclusions {
            if !trees.get(&inclusion.tree()).is_some_and(|checkpoint| inclusion.holds(checkpoint)) {
                return Err(BundleError::altered(
                    path,
                    "its hashes do not lead from its entry to a checkpoint of the bundle",
                ));
            }
            if !attested.contains(inclusion) {
                return Err(BundleError::altered(path, "no attestation of the bundle has this entry with this proof"));
            }
        }
        Ok(())
    }

    /// Every proof between two checkpoints holds.
    fn check_growth(&self, trees: &BTreeMap<Tree, &Checkpoint>) -> Result<(), BundleError> {
        for (path, proof) in &self.consistencies {
            let [first, second] = proof.trees().map(|tree| trees.get(&tree));
            if !first.zip(second).is_some_and(|(first, second)| proof.holds(first, second)) {
                return Err(BundleError::altered(
                    path,
                    "its hashes do not lead from one checkpoint of the bundle to another",
                ));
            }
        }
        Ok(())
    }

    /// How many checkpoints no known key signed. One with a signature in the name of a known key that does not hold was
    /// altered.
    fn unsigned(&self, files: &Files, log: &str, keys: &[Vec<u8>]) -> Result<usize, BundleError> {
        let signers: Vec<Signer> =
            keys.iter().filter_map(|key| Some(signer(log, LogKey::from_spki(key).ok()?))).collect();
        let mut unsigned = 0;
        for path in self.checkpoints.keys() {
            let note = files.get(*path).map(Vec::as_slice).unwrap_or_default();
            if signers.iter().any(|signer| signer.verify(note).is_ok()) {
                continue;
            }
            if signers.iter().any(|signer| signer.is_claimed(note)) {
                return Err(BundleError::altered(
                    path,
                    format!("it is not signed with the key of {}", quoted(log, NAME)),
                ));
            }
            unsigned += 1;
        }
        Ok(unsigned)
    }

    /// The size of the largest checkpoint, and the trees that no proof connects with it.
    fn apart(&self, trees: &BTreeMap<Tree, &Checkpoint>) -> (u64, Vec<Tree>) {
        let Some((largest, _)) = trees.last_key_value() else { return (0, Vec::new()) };
        let mut connected = BTreeSet::from([largest.clone()]);
        // A proof leads to a larger tree, so that those of the largest come first.
        let mut proofs: Vec<_> = self.consistencies.values().map(Consistency::trees).collect();
        proofs.sort_by(|[_, one], [_, other]| other.cmp(one));
        for [first, second] in proofs {
            if connected.contains(&second) {
                connected.insert(first);
            }
        }
        (largest.0, trees.keys().filter(|tree| !connected.contains(*tree)).cloned().collect())
    }
}

/// Who signs for a log with a key. The origin of Rekor v1 has the number of the tree behind the name.
fn signer(log: &str, key: LogKey) -> Signer {
    match name_of_tree(log) {
        Some(name) => Signer::RekorV1 { name: name.to_owned(), key },
        None => Signer::Note { origin: log.to_owned(), key },
    }
}

//! Gathers for a bundle what is stored of the logs: checkpoints, the proofs between them, and those of entries.

use std::collections::{BTreeMap, BTreeSet};

use super::log_proofs::{Consistency, Inclusion};
use crate::{
    attest::{Attestation, attestations},
    model::{EvidenceDocument, Observation, ReleaseId},
    store::{Store, StoreError},
    tlog::{derived, merkle::Hash},
};

/// How many checkpoints of each log are included, the largest ones; those that attestations name are included too.
const CHECKPOINTS: usize = 20;

/// Most inclusion proofs of a bundle: the documents have them all.
const MOST_ENTRIES: usize = 2_000;

/// Most stored proofs of a log that are read to lead from one checkpoint to another: three years of hours.
const MOST_PROOFS: usize = 30_000;

/// The logs that the releases of a bundle have entries in.
#[derive(Default)]
pub(super) struct Logs {
    named: BTreeMap<String, Named>,
    entries: usize,
    left_out: usize,
}

/// What the attestations say of one log.
#[derive(Default)]
struct Named {
    entries: Vec<Inclusion>,
    /// The checkpoints that the entries are proven in, by tree, each with its note and the release.
    checkpoints: BTreeMap<(u64, Hash), (String, ReleaseId)>,
}

/// What a bundle gets about the logs.
#[derive(Default)]
pub(super) struct Gathered {
    /// Checkpoints, by path.
    pub notes: Vec<(String, String)>,
    /// Proofs that entries are in a log, by path.
    pub inclusions: Vec<(String, Inclusion)>,
    /// Proofs between checkpoints, by path.
    pub consistencies: Vec<(String, Consistency)>,
    /// What is missing, a sentence each.
    pub lacks: Vec<String>,
}

impl Logs {
    /// Adds the entries that a release names, and the proofs of those whose documents are kept.
    pub fn add(&mut self, observation: &Observation, documents: &[EvidenceDocument]) {
        for at in observation.verified().filter_map(|verified| verified.log.as_ref()) {
            self.named.entry(at.origin.clone()).or_default();
        }
        // Only what was verified leads to checkpoints of a known log.
        let verified = documents.iter().filter(|document| document.provenance(observation).verified().is_some());
        for document in verified {
            let attested = attestations(&document.content).unwrap_or_default();
            for entry in attested.iter().flat_map(Attestation::entries) {
                let Some((inclusion, tree)) = Inclusion::of(&entry) else { continue };
                if self.entries == MOST_ENTRIES {
                    self.left_out += 1;
                    continue;
                }
                self.entries += 1;
                let named = self.named.entry(entry.origin.clone()).or_default();
                named.entries.push(inclusion);
                let named_by = || (entry.checkpoint.clone(), observation.purl.clone());
                named.checkpoints.entry((tree.size, tree.root)).or_insert_with(named_by);
            }
        }
    }

    /// Everything about them.
    pub fn gather(self, store: &Store) -> Result<Gathered, StoreError> {
        let mut gathered = Gathered::default();
        if self.left_out > 0 {
            let left_out = self.left_out;
            gathered.lacks.push(format!(
                "files with the proofs of {left_out} log entries after the first {MOST_ENTRIES}; the documents have them"
            ));
        }
        for (log, named) in self.named {
            named.gather(&log, store, &mut gathered)?;
        }
        Ok(gathered)
    }
}

impl Named {
    fn gather(self, log: &str, store: &Store, gathered: &mut Gathered) -> Result<(), StoreError> {
        let folder = format!("logs/{}", plain(log));
        let stored = store.checkpoints(log, CHECKPOINTS)?;
        let mut history: BTreeSet<(u64, Hash)> =
            stored.iter().filter(|row| row.consistent).map(|row| (row.size, row.root)).collect();
        let is_followed = !history.is_empty();
        if !is_followed {
            gathered.lacks.push(format!("no checkpoint of the log {log} is stored: it is not followed"));
        }
        let mut notes: BTreeMap<(u64, Hash), String> =
            stored.into_iter().map(|row| ((row.size, row.root), row.note)).collect();
        let mut alone: BTreeMap<ReleaseId, Vec<u64>> = BTreeMap::new();
        for ((size, root), (note, release)) in self.checkpoints {
            notes.entry((size, root)).or_insert(note);
            if store.is_proven_checkpoint(log, size, root)? {
                history.insert((size, root));
            } else if is_followed {
                alone.entry(release).or_default().push(size);
            }
        }
        gathered.lacks.extend(alone.iter().map(|(release, sizes)| unconnected(log, release, sizes)));
        between(log, &folder, &history, store, gathered)?;
        gathered.notes.extend(paths(&folder, notes));
        for inclusion in self.entries {
            gathered.inclusions.push((format!("{folder}/inclusion-{}.json", inclusion.index), inclusion));
        }
        Ok(())
    }
}

/// The sentence about checkpoints that nothing connects with the others.
fn unconnected(log: &str, release: &ReleaseId, sizes: &[u64]) -> String {
    let (first, rest) = (sizes.first().copied().unwrap_or_default(), sizes.len().saturating_sub(1));
    let more = if rest == 0 { String::new() } else { format!(", and {rest} more") };
    format!(
        "{release} is in the log {log} by a checkpoint of {first} entries{more}; no proof is stored that it is of one \
         history with the checkpoints that were observed"
    )
}

/// Adds the proofs from each checkpoint of a history to the next.
fn between(
    log: &str,
    folder: &str,
    history: &BTreeSet<(u64, Hash)>,
    store: &Store,
    gathered: &mut Gathered,
) -> Result<(), StoreError> {
    let Some((smallest, _)) = history.first() else { return Ok(()) };
    let proofs = store.checkpoint_proofs(log, *smallest, MOST_PROOFS)?;
    for ((first, first_root), (second, second_root)) in history.iter().zip(history.iter().skip(1)) {
        let (from, to) = [first, second].map(|size| proofs.partition_point(|proof| proof.second <= *size)).into();
        // The proof of the next one has the hashes over the last leaves of this one.
        let known = &proofs[from..proofs.len().min(to + 1)];
        match derived(known, (*first, first_root), (*second, second_root)) {
            Some(proof) => {
                let proof = Consistency::of(log, &proof, first_root, second_root);
                gathered.consistencies.push((format!("{folder}/consistency-{second}.json"), proof));
            }
            None => {
                gathered.lacks.push(format!("no proof from {first} to {second} entries of the log {log} is stored"));
            }
        }
    }
    Ok(())
}

/// The paths of checkpoints. Of two of one size, which contradict each other, the second has its root in its name.
fn paths(folder: &str, notes: BTreeMap<(u64, Hash), String>) -> Vec<(String, String)> {
    let mut before = None;
    let path = |((size, root), note): ((u64, Hash), String)| {
        let is_second = before.replace(size) == Some(size);
        let root = if is_second { format!("-{}", &hex::encode(root)[..8]) } else { String::new() };
        (format!("{folder}/checkpoint-{size}{root}.txt"), note)
    };
    notes.into_iter().map(path).collect()
}

/// A name as a part of a path.
fn plain(name: &str) -> String {
    name.chars().take(50).map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect()
}

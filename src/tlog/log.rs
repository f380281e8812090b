//! The interface of a log of any protocol: its checkpoints, consistency proofs and entries.

use std::fmt;

use futures::stream::BoxStream;

use super::{
    checkpoint::{CheckpointError, SignedCheckpoint, Signer, tree_id},
    ct::CtLog,
    merkle::Hash,
    page::{EntryPage, LeafForm, RawEntry},
    proof::InclusionProof,
    range::CompactRange,
    read::ReadError,
    rekor_v1::{EntryAnswer, RekorV1, SearchBy, Shard},
    rekor_v2::TilesLog,
    violation::LogViolation,
};
use crate::model::ConsistencyProof;

/// The protocol of a log.
#[derive(Clone, Debug)]
pub enum Protocol {
    /// Rekor v2, static CT and other logs of tiles.
    Tiles(TilesLog),
    /// Rekor v1.
    RekorV1(RekorV1),
    /// RFC 6962.
    Ct(CtLog),
}

/// A log: its signer and its protocol.
#[derive(Debug)]
pub struct Log {
    signer: Signer,
    protocol: Protocol,
}

/// One tree of a log. All but Rekor v1 have just one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The origin of its checkpoints.
    pub name: String,
    /// The number of a shard of Rekor v1.
    pub id: Option<String>,
    /// The global index of its first entry.
    pub offset: u64,
    /// Whether it may still grow.
    pub active: bool,
}

/// The answer of a log about one of its trees.
#[derive(Debug)]
pub struct Head {
    /// The tree.
    pub tree: Tree,
    /// The checkpoint, or why the served document is not one.
    pub checkpoint: Result<SignedCheckpoint, CheckpointError>,
    /// The served document, for evidence; truncated to a readable length.
    pub document: String,
}

/// The beginning of a tree, proven against a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The hash of its last leaf.
    pub leaf: Hash,
    /// The proof of that leaf in the whole tree.
    pub proof: InclusionProof,
    /// The checkpoint whose root the proof gives.
    pub at: SignedCheckpoint,
    /// Its leaves.
    pub range: CompactRange,
}

/// Whether two checkpoints are of one history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// The smaller tree is a prefix of the larger one. With the proof, unless both are of one size or one is empty.
    Proven(Option<ConsistencyProof>),
    /// They cannot be of one history. With the proof, unless both are of one size: then no proof is needed.
    Contradiction(Option<Box<Prefix>>),
    /// The log gave no valid proof.
    Unproven(String),
}

impl Consistency {
    /// The violation of a log that signed both checkpoints, whatever else it shows.
    pub(crate) fn contradiction(&self) -> Option<LogViolation> {
        match self {
            Self::Contradiction(None) => Some(LogViolation::SameSize),
            Self::Contradiction(Some(_)) => Some(LogViolation::Fork),
            Self::Proven(_) | Self::Unproven(_) => None,
        }
    }
}

impl Log {
    /// A log.
    pub fn new(signer: Signer, protocol: Protocol) -> Self {
        Self { signer, protocol }
    }

    /// Its name: the origin, for Rekor v1 without the number of a tree.
    pub fn name(&self) -> &str {
        self.signer.name()
    }

    /// Its signer.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The form of its leaves.
    pub fn form(&self) -> LeafForm {
        match &self.protocol {
            Protocol::Ct(_) => LeafForm::Ct,
            Protocol::Tiles(log) => log.form(),
            Protocol::RekorV1(_) => LeafForm::Rekor,
        }
    }

    /// Its current answer about its trees, the oldest first. A tree with an invalid checkpoint does not hide the
    /// others.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn heads(&self) -> Result<Vec<Head>, ReadError> {
        let document = match &self.protocol {
            Protocol::Tiles(log) => log.checkpoint().await?,
            Protocol::Ct(log) => log.tree_head().await?,
            Protocol::RekorV1(log) => {
                return Ok(log.shards().await?.into_iter().map(|shard| self.shard(shard)).collect());
            }
        };
        let tree = Tree { name: self.name().to_owned(), id: None, offset: 0, active: true };
        Ok(vec![Head { tree, checkpoint: self.signer.verify(&document), document: shown(&document) }])
    }

    fn shard(&self, shard: Shard) -> Head {
        let name = format!("{} - {}", self.name(), shard.tree_id);
        let checkpoint = self.signer.verify(shard.checkpoint.as_bytes()).and_then(|signed| match signed.checkpoint() {
            found if found.origin != name => {
                Err(CheckpointError::Origin { expected: name.clone(), found: found.origin.clone() })
            }
            found if found.size != shard.size => Err(CheckpointError::Form("the size is not the one beside it")),
            _ => Ok(signed),
        });
        let tree = Tree { name, id: Some(shard.tree_id), offset: shard.offset, active: shard.active };
        Head { tree, checkpoint, document: shown(shard.checkpoint.as_bytes()) }
    }

    /// The first `size` leaves of a tree, at least one, proven against a checkpoint: this one, or for Rekor v1, whose
    /// server proves only its current one, the one that comes with the proof.
    ///
    /// # Errors
    /// The log cannot be read, or the served content does not hash to the signed root.
    pub async fn prefix(&self, tree: &Tree, size: u64, at: &SignedCheckpoint) -> Result<Prefix, ReadError> {
        let index = size.saturating_sub(1);
        let (leaf, proof, at) = match &self.protocol {
            Protocol::Tiles(log) => {
                let (leaf, proof) = log.leaf(index, at.size()).await?;
                (leaf, proof, at.clone())
            }
            Protocol::Ct(log) => {
                let (leaf, proof) = log.leaf(index, at.size()).await?;
                (leaf, proof, at.clone())
            }
            Protocol::RekorV1(log) => {
                let entry = log.entry(tree.offset + index, at.size()).await?;
                let signed = self.proven(tree, &entry)?;
                (entry.leaf(), entry.proof, signed)
            }
        };
        let what = format!("the proof of entry {index}");
        let size = at.size();
        let unproven = || ReadError::unproven(what.clone(), size);
        if proof.index != index || proof.root(&leaf).as_ref() != Some(at.root()) {
            return Err(unproven());
        }
        let range = proof.prefix(&leaf).ok_or_else(unproven)?;
        Ok(Prefix { leaf, proof, at, range })
    }

    /// The checkpoint that an entry of Rekor v1 is proven against, if it is proven at all.
    fn proven(&self, tree: &Tree, entry: &EntryAnswer) -> Result<SignedCheckpoint, ReadError> {
        let signed = self.signer.verify(entry.checkpoint.as_bytes())?;
        let what = format!("entry {}", entry.index);
        if signed.checkpoint().origin != tree.name {
            let (expected, found) = (tree.name.clone(), signed.checkpoint().origin.clone());
            return Err(CheckpointError::Origin { expected, found }.into());
        }
        let is_proven = entry.proof.size == signed.size()
            && entry.proof.root(&entry.leaf()).as_ref() == Some(signed.root())
            && entry.proof.index.checked_add(tree.offset) == Some(entry.index);
        if is_proven { Ok(signed) } else { Err(ReadError::unproven(what, signed.size())) }
    }

    /// Whether two checkpoints of a tree are of one history. `old` must not be larger than `new`.
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn consistency(
        &self,
        tree: &Tree,
        old: &SignedCheckpoint,
        new: &SignedCheckpoint,
    ) -> Result<Consistency, ReadError> {
        if old.size() == new.size() {
            let same = old.root() == new.root();
            return Ok(if same { Consistency::Proven(None) } else { Consistency::Contradiction(None) });
        }
        if old.size() == 0 {
            return Ok(Consistency::Proven(None));
        }
        let proof = match &self.protocol {
            Protocol::Tiles(_) => None,
            Protocol::RekorV1(log) => {
                let id = tree.id.as_deref().unwrap_or_default();
                Some(log.consistency(id, old.size(), new.size()).await?)
            }
            Protocol::Ct(log) => Some(log.consistency(old.size(), new.size()).await?),
        };
        if let Some(proof) = proof.filter(|proof| proof.proves(old.root(), new.root())) {
            return Ok(Consistency::Proven(Some(proof)));
        }
        // Tiles prove it by themselves. If a server's proof is invalid, another proof shows whether the log is at
        // fault.
        self.compare(tree, old, new).await
    }

    /// Compares the smaller tree with the beginning of the larger one.
    async fn compare(
        &self,
        tree: &Tree,
        old: &SignedCheckpoint,
        new: &SignedCheckpoint,
    ) -> Result<Consistency, ReadError> {
        let prefix = match self.prefix(tree, old.size(), new).await {
            Ok(prefix) => prefix,
            Err(error @ ReadError::Unproven { .. }) => return Ok(Consistency::Unproven(error.to_string())),
            Err(error) => return Err(error),
        };
        if prefix.range.root() != *old.root() {
            return Ok(Consistency::Contradiction(Some(Box::new(prefix))));
        }
        if prefix.at.checkpoint() == new.checkpoint() {
            return Ok(Consistency::Proven(prefix.proof.consistency(&prefix.leaf)));
        }
        Ok(Consistency::Unproven(format!("the proof between {} and {} entries does not hold", old.size(), new.size())))
    }

    /// The entries `from..to` of a tree, which `at` covers, in order and without gaps: a page at a time, or the error
    /// that ends it.
    pub fn pages(
        &self,
        tree: &Tree,
        from: u64,
        to: u64,
        at: &SignedCheckpoint,
    ) -> BoxStream<'static, Result<EntryPage, ReadError>> {
        match &self.protocol {
            Protocol::Tiles(log) => log.pages(from, to, at.size()),
            Protocol::RekorV1(log) => log.pages(tree.offset, from, to, at.size()),
            Protocol::Ct(log) => log.pages(from, to, at.size()),
        }
    }

    /// One entry of a tree, with the proof of its place.
    ///
    /// # Errors
    /// As [`Self::prefix`]; [`ReadError::Omitted`] or [`ReadError::Withheld`] if the log does not have it.
    pub async fn entry(&self, tree: &Tree, index: u64, at: &SignedCheckpoint) -> Result<(RawEntry, Prefix), ReadError> {
        use futures::StreamExt;
        let prefix = self.prefix(tree, index + 1, at).await?;
        let page = self.pages(tree, index, index + 1, &prefix.at).next().await;
        let missing = || ReadError::Omitted { index, size: at.size() };
        let entry = page.ok_or_else(missing)??.entries.into_iter().next().ok_or_else(missing)?;
        if super::merkle::leaf_hash(&entry.leaf) != prefix.leaf {
            return Err(ReadError::unproven(format!("entry {index}"), at.size()));
        }
        Ok((entry, prefix))
    }

    /// The entries in the search index of Rekor v1, each verified by its inclusion proof. Entries that the index names
    /// and the log does not have are left out; the index need not be complete. `None` for logs without one.
    ///
    /// # Errors
    /// The log cannot be read, or an entry is not proven.
    pub(crate) async fn search(
        &self,
        trees: &[Tree],
        by: &SearchBy,
        at_most: usize,
    ) -> Result<Option<Vec<EntryAnswer>>, ReadError> {
        let Protocol::RekorV1(log) = &self.protocol else { return Ok(None) };
        let mut found = Vec::new();
        for id in log.search(by).await?.into_iter().take(at_most) {
            let Some(entry) = log.entry_by_id(&id).await? else { continue };
            let origin = tree_id(self.name(), entry.checkpoint.lines().next().unwrap_or_default());
            let tree = trees.iter().find(|tree| tree.id.as_deref() == origin);
            let tree = tree.ok_or_else(|| ReadError::unproven(format!("entry {id}"), entry.proof.size))?;
            self.proven(tree, &entry)?;
            found.push(entry);
        }
        Ok(Some(found))
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A served document in the form for storage: text, at most 64 KiB.
fn shown(document: &[u8]) -> String {
    String::from_utf8_lossy(&document[..document.len().min(64 * 1024)]).into_owned()
}

//! Reading a range of a log once, with the engine of the tail and without touching what is stored.

use futures::TryStreamExt;

use super::{
    FollowedLog, Matcher,
    marks::{Marks, first_of_them},
    matching::malformed,
    trouble::Trouble,
};
use crate::{
    pipeline::{Pipeline, PipelineError},
    store::{NewLogEntry, NewQuarantined},
    tlog::{
        CheckpointError, CompactRange, Head, ReadError, SignedCheckpoint, Tree,
        sift::{Kinds, Page, sift},
    },
};

/// What a scan reports as it goes.
#[derive(Debug)]
pub enum Scanned<'a> {
    /// It will read so many entries.
    Expect(u64),
    /// It read entries; nothing about them is proven before the scan has ended well.
    Read(u64),
    /// An entry by a watched identity.
    Match(&'a NewLogEntry),
    /// An entry that cannot be read.
    Unreadable(&'a NewQuarantined),
}

/// What a scan came to. That there is one means that every entry hashed to the signed root.
#[derive(Clone, Debug)]
pub struct ScanSummary {
    /// Which tree.
    pub tree: Tree,
    /// The checkpoint that proves it.
    pub checkpoint: SignedCheckpoint,
    /// The first entry.
    pub from: u64,
    /// The one after the last.
    pub to: u64,
    /// Bytes of the entries.
    pub bytes: u64,
    /// How many of which kind.
    pub kinds: Kinds,
}

/// Why a scan ended early.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The log has no such tree.
    #[error("{log} has no tree {tree:?}; it has {known}")]
    NoTree {
        /// The log.
        log: String,
        /// What was asked for.
        tree: String,
        /// What there is.
        known: String,
    },
    /// The range does not lie in the log.
    #[error("the entries {wanted} do not lie in {tree}, which has {size}")]
    Range {
        /// The tree.
        tree: Tree,
        /// The range: `5 to 9`, or `from 5 on`.
        wanted: String,
        /// How many there are.
        size: u64,
    },
    /// What was served is not what was signed.
    #[error(
        "the entries {from} to {last} that {tree} serves do not hash to the root that it signed for {size} entries{}",
        first_of_them(place.as_deref())
    )]
    Mismatch {
        /// The tree.
        tree: Tree,
        /// The first.
        from: u64,
        /// The last.
        last: u64,
        /// How many entries it signed.
        size: u64,
        /// Among which entries the first is that was not signed, if the log's own proofs tell.
        place: Option<String>,
    },
    /// The checkpoint does not hold.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The log could not be read, or does not prove what it serves.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Why a log is not read from another index on.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The log.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// Entries would be left out.
    #[error("the entries {from} to {} would never be read", to - 1)]
    Gap {
        /// The first of them.
        from: u64,
        /// The one after the last.
        to: u64,
    },
    /// Only its checkpoints are checked.
    #[error("{0} is not tailed: only its checkpoints are checked")]
    NotTailed(String),
    /// What it signs now is not of one history with what it signed before.
    #[error("{0} does not agree with what it signed before; see `provwatch logs status`")]
    Accused(Tree),
    /// The store.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

impl Pipeline {
    /// Reads the entries `from..to` of a tree, `to` being the end if it is `None`, and proves them against the checkpoint of
    /// now. The tree may be named by the log's name alone: then it is the one that grows.
    ///
    /// # Errors
    /// No such range, or the log cannot be read, or what it serves is not what it signed.
    pub async fn scan_log(
        &self,
        followed: &FollowedLog,
        tree: &str,
        (from, to): (u64, Option<u64>),
        matcher: &Matcher,
        mut tell: impl FnMut(&Scanned<'_>),
    ) -> Result<ScanSummary, ScanError> {
        let (tree, checkpoint) = to_scan(followed, tree, followed.log.heads().await?)?;
        let to = bounded(&tree, checkpoint.size(), from, to)?;
        tell(&Scanned::Expect(to - from));
        let mut range = beginning(followed, &tree, from, &checkpoint).await?;
        let mut marks = Marks::after(&range, &range);
        let mut summary = ScanSummary { tree, checkpoint, from, to, bytes: 0, kinds: Kinds::default() };
        let mut pages = followed.log.pages(&summary.tree, from, to, &summary.checkpoint);
        while let Some(page) = pages.try_next().await? {
            summary.take(&page, followed, matcher, &mut range, &mut tell)?;
            marks.note(&range);
        }
        let end = beginning(followed, &summary.tree, to, &summary.checkpoint).await?;
        let is_whole = to < summary.checkpoint.size() || range.root() == *summary.checkpoint.root();
        if range == end && is_whole {
            return Ok(summary);
        }
        let ScanSummary { tree, checkpoint, .. } = summary;
        let place = marks.first_lie(followed, &tree, &checkpoint, &range).await;
        Err(ScanError::Mismatch { tree, from, last: to.saturating_sub(1), size: checkpoint.size(), place })
    }

    /// Reads a tree from an index on, whatever was read before. The leaves before it are taken from the log's own proof.
    ///
    /// # Errors
    /// As [`Self::scan_log`], and a failure of the store.
    pub async fn start_log_at(
        &self,
        followed: &FollowedLog,
        tree: &str,
        index: u64,
        allow_gap: bool,
    ) -> Result<Tree, StartError> {
        if !followed.tailed {
            return Err(StartError::NotTailed(followed.name().to_owned()));
        }
        let mut heads = followed.log.heads().await.map_err(ScanError::from)?;
        self.retire_trees(followed, &mut heads)?;
        let met: Vec<Tree> =
            heads.iter().filter(|head| head.checkpoint.is_ok()).map(|head| head.tree.clone()).collect();
        let (tree, checkpoint) = to_scan(followed, tree, heads)?;
        if index > checkpoint.size() {
            let size = checkpoint.size();
            return Err(ScanError::from(ReadError::Beyond { index, size }).into());
        }
        let now = self.clock.now();
        // The others are met with it: none of them is taken for a later one.
        met.iter().try_for_each(|tree| self.open_tree(followed, tree, now))?;
        let stands = self.store.log(&tree.name).map_err(PipelineError::from)?.and_then(|row| row.tail);
        if let Some(tail) = stands.filter(|tail| index > tail.verified && !allow_gap) {
            return Err(StartError::Gap { from: tail.verified, to: index });
        }
        match self.audit(followed, &tree, &checkpoint, now).await {
            Ok(true) => {}
            Ok(false) => return Err(StartError::Accused(tree)),
            Err(Trouble::Read(error)) => return Err(ScanError::from(error).into()),
            Err(Trouble::Pipeline(error)) => return Err(error.into()),
        }
        let range = beginning(followed, &tree, index, &checkpoint).await.map_err(ScanError::from)?;
        self.store.begin_tail(&tree.name, index, checkpoint.size(), range.nodes()).map_err(PipelineError::from)?;
        Ok(tree)
    }
}

/// The tree of that name; by the name of the log the one that grows.
fn to_scan(followed: &FollowedLog, name: &str, heads: Vec<Head>) -> Result<(Tree, SignedCheckpoint), ScanError> {
    let known = heads.iter().map(|head| head.tree.name.clone()).collect::<Vec<_>>().join(", ");
    let whole = name == followed.name() || name == followed.alias;
    let head = heads.into_iter().rev().find(|head| head.tree.name == name || (whole && head.tree.active));
    let missing = || ScanError::NoTree { log: followed.name().to_owned(), tree: name.to_owned(), known };
    let head = head.ok_or_else(missing)?;
    Ok((head.tree, head.checkpoint?))
}

/// The end of a range, if it lies in a tree of this size.
fn bounded(tree: &Tree, size: u64, from: u64, to: Option<u64>) -> Result<u64, ScanError> {
    let end = to.unwrap_or(size);
    if from <= end && end <= size {
        return Ok(end);
    }
    let wanted = to.map_or_else(|| format!("from {from} on"), |to| format!("{from} to {}", to.saturating_sub(1)));
    Err(ScanError::Range { tree: tree.clone(), wanted, size })
}

/// The leaves before an index, proven against the checkpoint.
async fn beginning(
    followed: &FollowedLog,
    tree: &Tree,
    size: u64,
    checkpoint: &SignedCheckpoint,
) -> Result<CompactRange, ReadError> {
    if size == 0 {
        return Ok(CompactRange::default());
    }
    Ok(followed.log.prefix(tree, size, checkpoint).await?.range)
}

impl ScanSummary {
    fn take(
        &mut self,
        page: &Page,
        followed: &FollowedLog,
        matcher: &Matcher,
        range: &mut CompactRange,
        tell: &mut impl FnMut(&Scanned<'_>),
    ) -> Result<(), ReadError> {
        page.follows(range)?;
        let sifted = sift(page, followed.log.form(), matcher.watch.filter(), range);
        self.bytes += sifted.bytes;
        self.kinds.add(&sifted.kinds);
        for entry in &sifted.malformed {
            tell(&Scanned::Unreadable(&malformed(entry)));
        }
        for candidate in &sifted.candidates {
            match matcher.matched(candidate) {
                Ok(Some(entry)) => tell(&Scanned::Match(&entry)),
                Ok(None) => {}
                Err(unreadable) => tell(&Scanned::Unreadable(&unreadable)),
            }
        }
        tell(&Scanned::Read(page.entries.len() as u64));
        Ok(())
    }
}

//! Scans a range of a log once, with the tail's engine and without changing the store.

use chrono::{DateTime, Utc};
use futures::TryStreamExt;

use super::{
    entries::{Matcher, malformed},
    log_list::FollowedLog,
    marks::{Marks, first_of_them},
    shown::Shown,
};
use crate::{
    store::{NewLogEntry, NewQuarantined},
    tlog::{
        CheckpointError, CompactRange, Head, ReadError, SignedCheckpoint, Tree,
        page::{EntryPage, Kinds, read_page},
    },
};

/// The progress of a scan.
#[derive(Debug)]
pub enum Scanned<'a> {
    /// The scan will read so many entries.
    Expect(u64),
    /// The scan read so many entries; nothing about them is proven before the scan has succeeded.
    Read(u64),
    /// An entry by a watched identity.
    Match(&'a NewLogEntry),
    /// An entry that cannot be read.
    Unreadable(&'a NewQuarantined),
}

/// The result of a scan. A result means that every entry hashed to the signed root.
#[derive(Clone, Debug)]
pub struct ScanSummary {
    /// The tree.
    pub tree: Tree,
    /// The checkpoint that proves the entries.
    pub checkpoint: SignedCheckpoint,
    /// The first entry.
    pub from: u64,
    /// The one after the last.
    pub to: u64,
    /// Bytes of the entries.
    pub bytes: u64,
    /// The number of entries of each kind.
    pub kinds: Kinds,
}

/// The reason why a scan ended early.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The log has no such tree.
    #[error("{log} has no tree {tree:?}; it has {known}")]
    NoTree {
        /// The log.
        log: String,
        /// The requested tree.
        tree: String,
        /// The known trees.
        known: String,
    },
    /// The range does not lie in the log.
    #[error("the entries {wanted} do not lie in {tree}, which has {size}")]
    Range {
        /// The tree.
        tree: Tree,
        /// The range: `5 to 9`, or `from 5 on`.
        wanted: String,
        /// The size of the tree.
        size: u64,
    },
    /// The served entries are not the signed ones.
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
        /// The size that the log signed.
        size: u64,
        /// The range with the first entry that was not signed, if the log's own proofs show it.
        place: Option<String>,
    },
    /// The checkpoint does not verify.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The log could not be read, or does not prove what it serves.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Reads the entries `from..to` of a tree, and proves them against the current checkpoint; without `to`, reads to the
/// end. The log's name alone selects the tree that grows.
///
/// # Errors
/// No such range, or the log cannot be read, or the served entries are not the signed ones.
pub async fn scan(
    followed: &FollowedLog,
    tree: &str,
    (from, to): (u64, Option<u64>),
    matcher: &Matcher,
    now: DateTime<Utc>,
    mut tell: impl FnMut(&Scanned<'_>),
) -> Result<ScanSummary, ScanError> {
    let (tree, checkpoint) = to_scan(followed, tree, followed.log.heads().await?)?;
    let shown = Shown { followed, tree: &tree, signed: &checkpoint, now };
    let to = bounded(&tree, checkpoint.size(), from, to)?;
    tell(&Scanned::Expect(to - from));
    let mut range = shown.beginning(from).await?;
    let mut marks = Marks::after(&range, &range);
    let mut total = Total::default();
    let mut pages = followed.log.pages(&tree, from, to, &checkpoint);
    while let Some(page) = pages.try_next().await? {
        total.take(&page, followed, matcher, &mut range, &mut tell)?;
        marks.note(&range);
    }
    let is_whole = to < checkpoint.size() || range.root() == *checkpoint.root();
    if range == shown.beginning(to).await? && is_whole {
        let Total { bytes, kinds } = total;
        return Ok(ScanSummary { tree, checkpoint, from, to, bytes, kinds });
    }
    let place = marks.first_lie(shown, &range).await;
    Err(ScanError::Mismatch { from, last: to.saturating_sub(1), size: checkpoint.size(), place, tree })
}

/// The tree of that name; for the name of the log the tree that grows.
pub fn to_scan(followed: &FollowedLog, name: &str, heads: Vec<Head>) -> Result<(Tree, SignedCheckpoint), ScanError> {
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

/// The totals of a scan so far.
#[derive(Default)]
struct Total {
    bytes: u64,
    kinds: Kinds,
}

impl Total {
    fn take(
        &mut self,
        page: &EntryPage,
        followed: &FollowedLog,
        matcher: &Matcher,
        range: &mut CompactRange,
        tell: &mut impl FnMut(&Scanned<'_>),
    ) -> Result<(), ReadError> {
        page.follows(range)?;
        let read = read_page(page, followed.log.form(), matcher.watch.filter(), range);
        self.bytes += read.bytes;
        self.kinds.add(&read.kinds);
        for entry in &read.malformed {
            tell(&Scanned::Unreadable(&malformed(entry)));
        }
        for candidate in &read.candidates {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logwatch::{entries::Matcher, lab::Lab};

    #[tokio::test]
    async fn a_range_is_proven_or_refused_and_one_that_is_not_there_is_named() {
        let lab = Lab::new();
        lab.log.grow(5, "one");
        let (followed, matcher) = (lab.followed(), Matcher::of_nobody(lab.parts.trust.verifier()));
        let mut read = 0;
        let mut scan_of = async |tree, range| {
            let tell = |scanned: &Scanned<'_>| {
                if let Scanned::Read(entries) = scanned {
                    read += entries;
                }
            };
            scan(&followed, tree, range, &matcher, lab.now(), tell).await
        };
        let summary = scan_of("log.example", (1, Some(4))).await.unwrap();
        assert_eq!((summary.from, summary.to), (1, 4));
        assert_eq!(scan_of("small", (2, None)).await.unwrap().to, 5, "by its alias");
        let error = scan_of("log.example", (4, Some(9))).await.unwrap_err().to_string();
        assert_eq!(error, "the entries 4 to 8 do not lie in log.example, which has 5");
        let error = scan_of("other.example", (0, None)).await.unwrap_err().to_string();
        assert_eq!(error, "log.example has no tree \"other.example\"; it has log.example");
        *lab.log.lies.lock().unwrap() = true;
        assert!(matches!(scan_of("log.example", (0, None)).await, Err(ScanError::Mismatch { from: 0, last: 4, .. })));
        assert_eq!(read, 3 + 3 + 5);
    }
}

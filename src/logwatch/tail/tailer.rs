//! Reads the entries that a checkpoint adds to a tree, and trusts them once they hash to the signed root.

use super::{
    batch::{Batch, Read},
    position::Tail,
    successor::is_successor,
};
use crate::{
    clock::Clock,
    logwatch::{
        announce::Announcer,
        entries::{MatchReporters, Matching},
        error::FollowError,
        log_list::LogList,
        marks::first_of_them,
        report::ViolationReporter,
        shown::Shown,
        tree_failure::TreeFailure,
    },
    progress::{Progress, Step},
    store::{Advance, Store, StoreError},
    tlog::{LogViolation, ReadError},
};
use std::sync::Arc;

use futures::TryStreamExt;

/// Reads the entries of logs.
#[derive(Debug)]
pub struct Tailer {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub progress: Arc<dyn Progress>,
    pub list: Arc<LogList>,
    pub matching: Arc<Matching>,
    pub match_reporters: MatchReporters,
    pub reporter: Arc<ViolationReporter>,
    pub announcer: Arc<Announcer>,
}

impl Tailer {
    /// Reads the entries that a checkpoint adds, and moves the verified position to its size. The first time it begins
    /// at the end. `None`: the served entries do not hash to the signed root, which is recorded.
    pub async fn tail(&self, shown: Shown<'_>) -> Result<Option<u64>, TreeFailure> {
        let Shown { tree, signed, .. } = shown;
        let stands = |store: &Store| Ok::<_, StoreError>(store.log(&tree.name)?.and_then(|row| row.tail));
        let row = match stands(&self.store)? {
            Some(row) => row,
            None => match self.start_tail(shown).await? {
                Some(begun) => return Ok(Some(begun)),
                None => stands(&self.store)?.ok_or_else(|| damaged(&tree.name))?,
            },
        };
        if signed.size() < row.downloaded {
            return Ok(Some(0));
        }
        let verified = row.verified;
        let mut tail = Tail::resume(&row, signed.size(), self.clock.now()).ok_or_else(|| damaged(&tree.name))?;
        self.download(shown, &mut tail).await?;
        if tail.range.root() == *signed.root() {
            let read = shown.at(self.clock.now());
            let match_reporter = self.match_reporters.of(tree)?;
            let announced = self.store.log_verified(&tree.name, &read.row(true), &match_reporter, read.now)?;
            self.announcer.told(announced.iter().flatten());
            return Ok(Some(signed.size() - verified));
        }
        self.refuse(shown.at(self.clock.now()), tail).await?;
        Ok(None)
    }

    /// Begins at the end: the leaves so far are taken from the log's own proof, which must lead to its signed root. A
    /// shard that follows a tailed one is read from its first entry, or the entries logged in it so far would be lost.
    async fn start_tail(&self, shown: Shown<'_>) -> Result<Option<u64>, TreeFailure> {
        let Shown { followed, tree, signed, .. } = shown;
        if is_successor(&self.store, &self.list, followed, tree)? {
            tracing::info!(log = %tree, "a new shard, tailing it from its first entry");
            self.store.begin_tail(&tree.name, 0, 0, &[])?;
            return Ok(None);
        }
        let range = shown.beginning(signed.size()).await?;
        if range.root() != *signed.root() {
            return Err(ReadError::Unproven { what: "the end of the tree".to_owned(), size: signed.size() }.into());
        }
        tracing::info!(
            log = %tree, at = signed.size(),
            "reading from here on; `provwatch logs start --log '{tree}' --from-index 0` reads the earlier entries"
        );
        self.store.begin_tail(&tree.name, signed.size(), signed.size(), range.nodes())?;
        Ok(Some(0))
    }

    async fn download(&self, shown: Shown<'_>, tail: &mut Tail) -> Result<(), TreeFailure> {
        let Shown { followed, tree, signed, .. } = shown;
        let matcher = self.matching.matcher()?;
        let mut pages = followed.log.pages(tree, tail.range.size(), signed.size(), signed);
        let mut batch = Batch::default();
        loop {
            let page = match pages.try_next().await {
                Ok(Some(page)) => page,
                Ok(None) => break,
                // The entries read before the failure are kept.
                Err(error) => {
                    self.store_batch(shown, tail, batch.read(&matcher))?;
                    return Err(error.into());
                }
            };
            batch.take(&page, followed.log.form(), &matcher, tail)?;
            if batch.is_full() {
                self.store_batch(shown, tail, batch.read(&matcher))?;
            }
        }
        self.store_batch(shown, tail, batch.read(&matcher))
    }

    /// Stores a batch and the position after it.
    fn store_batch(&self, shown: Shown<'_>, tail: &mut Tail, batch: Option<Read>) -> Result<(), TreeFailure> {
        let Some(read) = batch else { return Ok(()) };
        let (tree, log) = (&shown.tree.name, shown.followed.name());
        let (now, before) = (self.clock.now(), tail.progress.next);
        tail.progress = tail.progress.come(tail.range.size(), now);
        let advance = Advance {
            before,
            after: tail.range.size(),
            range: tail.range.nodes(),
            entries: &read.entries,
            quarantined: &read.quarantined,
            kinds: &read.kinds,
            bytes: read.bytes,
            progress: tail.progress,
        };
        if self.store.log_downloaded(tree, &advance, now)? {
            self.progress.report(&Step::Downloaded { log, progress: &tail.progress });
            if tail.progress.left() > 0 && tail.telling.is_due(now) {
                self.progress.report(&Step::CatchingUp { log, progress: &tail.progress });
            }
            return Ok(());
        }
        // Another process follows the same log; it must not continue from two mixed tails.
        Err(FollowError::TwoTails(tree.clone()).into())
    }

    /// Discards downloaded entries that do not hash to the signed root, and reports the log.
    async fn refuse(&self, shown: Shown<'_>, tail: Tail) -> Result<(), StoreError> {
        let Shown { tree, signed, now, .. } = shown;
        self.store.log_rewound(&tree.name)?;
        let place = tail.marks.first_lie(shown, &tail.range).await;
        let statement = format!(
            "the entries that {tree} serves do not hash to the root that it signed for {} entries{}",
            signed.size(),
            first_of_them(place.as_deref())
        );
        let served = format!("they hash to {}", hex::encode(tail.range.root()));
        let evidence = shown.evidence(LogViolation::Entries, statement.clone());
        self.reporter.report(tree, &evidence.signed(&[signed]).served(served), now)?;
        self.store.log_failed(&tree.name, &statement, now)
    }
}

fn damaged(tree: &str) -> TreeFailure {
    FollowError::DamagedTail(tree.to_owned()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logwatch::lab::Lab;

    fn tailer(lab: &Lab) -> Tailer {
        let (parts, telling) = (&lab.parts, lab.parts.telling());
        Tailer {
            store: Arc::clone(&parts.store),
            clock: Arc::clone(&parts.clock),
            progress: Arc::clone(&parts.progress),
            list: parts.listing().list,
            matching: parts.matching(),
            match_reporters: MatchReporters {
                store: Arc::clone(&parts.store),
                settings: Arc::clone(&parts.settings),
                subscriptions: Arc::clone(&parts.subscriptions),
            },
            reporter: telling.reporter,
            announcer: telling.announcer,
        }
    }

    #[tokio::test]
    async fn a_tail_begins_at_the_end_and_believes_only_what_hashes_to_the_signed_root() {
        let lab = Lab::new();
        let tailer = tailer(&lab);
        for (size, read) in [(3, 0), (5, 2), (5, 0)] {
            lab.log.grow(size, "one");
            assert_eq!(tailer.tail(lab.look().await.shown()).await.unwrap(), Some(read), "at {size}");
            assert_eq!(lab.row().tail.unwrap().verified, size as u64);
        }
        lab.log.grow(9, "one");
        *lab.log.lies.lock().unwrap() = true;
        assert_eq!(tailer.tail(lab.look().await.shown()).await.unwrap(), None);
        let row = lab.row();
        assert_eq!(row.tail.map(|tail| (tail.downloaded, tail.verified)), Some((5, 5)), "it is forgotten");
        let why = row.last_error.unwrap();
        assert!(why.ends_with("signed for 9 entries, the first of them among 5 to 8"), "{why}");
        *lab.log.lies.lock().unwrap() = false;
        assert_eq!(tailer.tail(lab.look().await.shown()).await.unwrap(), Some(4));
    }
}

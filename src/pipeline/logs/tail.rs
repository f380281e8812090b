//! Tailing: every entry is downloaded, hashed and sifted, in order; nothing is skipped, and nothing is believed before it
//! hashes to what the log signed.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt;

use super::{
    FollowedLog, Matcher, OnceInAWhile, audit,
    marks::{Marks, first_of_them},
    matching::malformed,
    trouble::Trouble,
};
use crate::{
    pipeline::{Pipeline, PipelineError, Step},
    store::{Advance, LogKind, LogProgress, LogRow, NewLogEntry, NewQuarantined, Store, TailRow},
    tlog::{
        CompactRange, Misdeed, ReadError, SignedCheckpoint, Tree,
        evidence::Evidence,
        sift::{LeafForm, Page, Sifted, sift},
    },
};

/// From so many entries on they are stored in one transaction.
const BATCH: u64 = 4096;

/// From so many bytes on they are stored, however few entries they are.
const BATCH_BYTES: u64 = 32 << 20;

/// Most bytes of unreadable entries that one transaction keeps; of the others it keeps that they are there.
const KEPT_BYTES: usize = 1 << 20;

/// Logs that are met within this time are met together: none of them is the successor of another.
const TOGETHER: TimeDelta = TimeDelta::minutes(5);

/// How often it is told how far a long reading has come.
const TELL_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Where a tail stands, in memory.
struct Tail {
    range: CompactRange,
    /// Roots on the way, to find out where a log began to lie.
    marks: Marks,
    /// How far this reading has come, and when that is told next.
    progress: LogProgress,
    telling: OnceInAWhile,
}

/// Pages that wait for their transaction.
#[derive(Default)]
struct Batch {
    entries: u64,
    bytes: u64,
    sifted: Vec<Sifted>,
}

/// What a batch came to.
#[derive(Default)]
struct Read {
    entries: Vec<NewLogEntry>,
    quarantined: Vec<NewQuarantined>,
    kinds: BTreeMap<(String, String), u64>,
    bytes: u64,
}

impl Pipeline {
    /// Reads what a checkpoint adds, and moves the verified position to its size. The first time it begins at the end.
    /// `None`: what was served does not hash to the signed root, which is recorded.
    pub(super) async fn tail(
        &self,
        followed: &FollowedLog,
        tree: &Tree,
        signed: &SignedCheckpoint,
    ) -> Result<Option<u64>, Trouble> {
        let stands = |store: &Store| Ok::<_, PipelineError>(store.log(&tree.name)?.and_then(|row| row.tail));
        let row = match stands(&self.store)? {
            Some(row) => row,
            None => match self.start_tail(followed, tree, signed).await? {
                Some(begun) => return Ok(Some(begun)),
                None => stands(&self.store)?.ok_or_else(|| damaged(&tree.name))?,
            },
        };
        if signed.size() < row.downloaded {
            return Ok(Some(0));
        }
        let verified = row.verified;
        let mut tail = Tail::resume(&row, signed.size(), self.clock.now()).ok_or_else(|| damaged(&tree.name))?;
        self.download(followed, tree, signed, &mut tail).await?;
        if tail.range.root() == *signed.root() {
            let now = self.clock.now();
            let herald = self.herald(tree)?;
            let announced = self.store.log_verified(&tree.name, &audit::row(signed, true, now), &herald, now)?;
            self.told(announced.iter().flatten());
            return Ok(Some(signed.size() - verified));
        }
        self.refuse(followed, tree, signed, tail).await?;
        Ok(None)
    }

    /// Begins at the end: the leaves so far are taken from the log's own proof, which must lead to its signed root. A shard
    /// that follows one that is tailed already is read from its first entry, or what was logged in it so far would be lost.
    async fn start_tail(
        &self,
        followed: &FollowedLog,
        tree: &Tree,
        signed: &SignedCheckpoint,
    ) -> Result<Option<u64>, Trouble> {
        if self.is_successor(followed, tree)? {
            tracing::info!(log = %tree, "a new shard, tailing it from its first entry");
            self.store.begin_tail(&tree.name, 0, 0, &[])?;
            return Ok(None);
        }
        let range = match signed.size() {
            0 => CompactRange::default(),
            size => followed.log.prefix(tree, size, signed).await?.range,
        };
        if range.root() != *signed.root() {
            return Err(ReadError::Unproven { what: "the end of the tree".to_owned(), size: signed.size() }.into());
        }
        tracing::info!(
            log = %tree, at = signed.size(),
            "reading from here on; what was logged before is read by `provwatch logs start --log '{tree}' --from-index 0`"
        );
        self.store.begin_tail(&tree.name, signed.size(), signed.size(), range.nodes())?;
        Ok(Some(0))
    }

    /// Whether a tree began when logs of its kind were followed already, so that all of it is to be read. The trust root may
    /// say when it began; otherwise it counts when it was first met: logs that are met together are none the successor of
    /// another. Names say nothing.
    fn is_successor(&self, followed: &FollowedLog, tree: &Tree) -> Result<bool, PipelineError> {
        let rows = self.store.logs()?;
        let Some(this) = rows.iter().find(|row| row.name == tree.name) else { return Ok(false) };
        let of_trust_root = |log: &FollowedLog| log.instance.guess.is_some();
        let is_older = |row: &&LogRow| {
            if followed.kind == LogKind::RekorV1 {
                return followed.has_tree(&row.name) && row.offset < tree.offset;
            }
            // A log that the operator names begins when they say so.
            row.kind.holds_certificates() == this.kind.holds_certificates()
                && of_trust_root(followed)
                && self.followed_log(&row.name).is_some_and(|log| of_trust_root(&log))
        };
        let older = rows.iter().filter(|row| row.name != this.name && row.tail.is_some()).filter(is_older);
        let Some(followed_since) = older.map(|row| row.first_seen).min() else { return Ok(false) };
        if followed.kind == LogKind::RekorV1 {
            // The trees that one answer names are met at one time.
            return Ok(this.first_seen > followed_since);
        }
        let began_later = followed.since.is_some_and(|since| since >= followed_since);
        Ok(began_later || this.first_seen - followed_since > TOGETHER)
    }

    async fn download(
        &self,
        followed: &FollowedLog,
        tree: &Tree,
        signed: &SignedCheckpoint,
        tail: &mut Tail,
    ) -> Result<(), Trouble> {
        let matcher = self.matcher()?;
        let mut pages = followed.log.pages(tree, tail.range.size(), signed.size(), signed);
        let mut batch = Batch::default();
        loop {
            let page = match pages.try_next().await {
                Ok(Some(page)) => page,
                Ok(None) => break,
                // What came before the failure is kept.
                Err(error) => {
                    self.store_batch((followed, tree), tail, &matcher, &mut batch)?;
                    return Err(error.into());
                }
            };
            batch.take(&page, followed.log.form(), &matcher, tail)?;
            if batch.entries >= BATCH || batch.bytes >= BATCH_BYTES {
                self.store_batch((followed, tree), tail, &matcher, &mut batch)?;
            }
        }
        self.store_batch((followed, tree), tail, &matcher, &mut batch)
    }

    /// Stores a batch and the position after it.
    fn store_batch(
        &self,
        (followed, tree): (&FollowedLog, &Tree),
        tail: &mut Tail,
        matcher: &Matcher,
        batch: &mut Batch,
    ) -> Result<(), Trouble> {
        let sifted = std::mem::take(batch).sifted;
        if sifted.is_empty() {
            return Ok(());
        }
        let read = Read::of(&sifted, matcher);
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
        if self.store.log_downloaded(&tree.name, &advance, now)? {
            self.progress.report(&Step::Downloaded { log: followed.name(), progress: &tail.progress });
            if tail.progress.left() > 0 && tail.telling.is_due(now) {
                self.progress.report(&Step::CatchingUp { log: followed.name(), progress: &tail.progress });
            }
            return Ok(());
        }
        // Another process follows the same log; it must not be made to believe two tails.
        Err(PipelineError::TwoTails(tree.name.clone()).into())
    }

    /// What was downloaded does not hash to the signed root: it is forgotten, and the log accused.
    async fn refuse(
        &self,
        followed: &FollowedLog,
        tree: &Tree,
        signed: &SignedCheckpoint,
        tail: Tail,
    ) -> Result<(), Trouble> {
        let now = self.clock.now();
        self.store.log_rewound(&tree.name)?;
        let place = tail.marks.first_lie(followed, tree, signed, &tail.range).await;
        let statement = format!(
            "the entries that {tree} serves do not hash to the root that it signed for {} entries{}",
            signed.size(),
            first_of_them(place.as_deref())
        );
        let served = format!("they hash to {}", hex::encode(tail.range.root()));
        let evidence = Evidence::new(Misdeed::Entries, followed.log.signer(), statement.clone(), now);
        self.accuse(tree, &evidence.signed(&[signed]).served(served), now)?;
        Ok(self.store.log_failed(&tree.name, &statement, now)?)
    }
}

impl Tail {
    fn resume(row: &TailRow, to: u64, now: DateTime<Utc>) -> Option<Self> {
        let range = CompactRange::from_parts(row.downloaded, row.downloaded_range.clone())?;
        let proven = CompactRange::from_parts(row.verified, row.verified_range.clone())?;
        let progress = LogProgress::beginning(range.size(), to, now);
        let telling = OnceInAWhile::beginning(now, TELL_EVERY);
        Some(Self { marks: Marks::after(&proven, &range), range, progress, telling })
    }
}

impl Batch {
    fn take(&mut self, page: &Page, form: LeafForm, matcher: &Matcher, tail: &mut Tail) -> Result<(), ReadError> {
        page.follows(&tail.range)?;
        self.sifted.push(sift(page, form, matcher.watch.filter(), &mut tail.range));
        self.entries += page.entries.len() as u64;
        self.bytes += page.bytes();
        tail.marks.note(&tail.range);
        Ok(())
    }
}

impl Read {
    fn of(sifted: &[Sifted], matcher: &Matcher) -> Self {
        let mut read = Self::default();
        for part in sifted {
            read.take(part, matcher);
        }
        bound(&mut read.quarantined);
        read
    }

    fn take(&mut self, part: &Sifted, matcher: &Matcher) {
        self.bytes += part.bytes;
        self.quarantined.extend(part.malformed.iter().map(malformed));
        for candidate in &part.candidates {
            match matcher.matched(candidate) {
                Ok(entry) => self.entries.extend(entry),
                Err(unreadable) => self.quarantined.push(unreadable),
            }
        }
        for (kind, version, count) in part.kinds.iter() {
            *self.kinds.entry((kind.to_owned(), version.to_owned())).or_default() += count;
        }
    }
}

/// Keeps the bytes of unreadable entries within bounds: a log may serve nothing else.
fn bound(quarantined: &mut [NewQuarantined]) {
    let mut left = KEPT_BYTES;
    for entry in quarantined {
        entry.body.truncate(left);
        left -= entry.body.len();
    }
}

fn damaged(tree: &str) -> Trouble {
    PipelineError::DamagedTail(tree.to_owned()).into()
}

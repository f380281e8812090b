//! Tailing: every entry is downloaded, hashed and sifted, in order; nothing is skipped, and nothing is believed before it
//! hashes to what the log signed.

use chrono::TimeDelta;
use futures::TryStreamExt;

use super::{FollowedLog, Matcher, audit, matching::malformed, poll::Trouble};
use crate::{
    pipeline::{Pipeline, PipelineError, Step},
    store::{Advance, LogKind, LogRow, NewQuarantined, Store, TailRow},
    tlog::{
        CompactRange, Misdeed, ReadError, SignedCheckpoint, Tree,
        evidence::Evidence,
        merkle::Hash,
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

/// Where a tail stands, in memory.
struct Tail {
    range: CompactRange,
    /// Roots on the way, to find out where a log began to lie.
    marks: Vec<(u64, Hash)>,
}

/// Pages that wait for their transaction.
#[derive(Default)]
struct Batch {
    entries: u64,
    bytes: u64,
    sifted: Vec<Sifted>,
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
        let mut tail = Tail::resume(&row).ok_or_else(|| damaged(&tree.name))?;
        self.download(followed, tree, signed, &mut tail).await?;
        if tail.range.root() == *signed.root() {
            let now = self.clock.now();
            let herald = self.herald(tree)?;
            self.store.log_verified(&tree.name, &audit::row(signed, true, now), &herald, now)?;
            herald.report();
            return Ok(Some(signed.size() - verified));
        }
        self.refuse(followed, tree, signed, &tail).await?;
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
        let began_later =
            followed.kind != LogKind::RekorV1 && followed.since.is_some_and(|since| since >= followed_since);
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
        let mut before = tail.range.size();
        let mut batch = Batch::default();
        loop {
            let page = match pages.try_next().await {
                Ok(Some(page)) => page,
                Ok(None) => break,
                // What came before the failure is kept.
                Err(error) => {
                    self.store_batch((followed, tree), before, tail, &matcher, &mut batch)?;
                    return Err(error.into());
                }
            };
            batch.take(&page, followed.log.form(), &matcher, tail)?;
            if batch.entries >= BATCH || batch.bytes >= BATCH_BYTES {
                self.store_batch((followed, tree), before, tail, &matcher, &mut batch)?;
                before = tail.range.size();
            }
        }
        self.store_batch((followed, tree), before, tail, &matcher, &mut batch)
    }

    /// Stores a batch and the position after it.
    fn store_batch(
        &self,
        (followed, tree): (&FollowedLog, &Tree),
        before: u64,
        tail: &Tail,
        matcher: &Matcher,
        batch: &mut Batch,
    ) -> Result<(), Trouble> {
        let sifted = std::mem::take(batch).sifted;
        if sifted.is_empty() {
            return Ok(());
        }
        let (mut entries, mut quarantined) = (Vec::new(), Vec::new());
        let mut kinds = std::collections::BTreeMap::new();
        for part in &sifted {
            quarantined.extend(part.malformed.iter().map(malformed));
            for candidate in &part.candidates {
                match matcher.matched(candidate) {
                    Ok(entry) => entries.extend(entry),
                    Err(unreadable) => quarantined.push(unreadable),
                }
            }
            for (kind, version, count) in part.kinds.iter() {
                *kinds.entry((kind.to_owned(), version.to_owned())).or_default() += count;
            }
        }
        bound(&mut quarantined);
        let advance = Advance {
            before,
            after: tail.range.size(),
            range: tail.range.nodes(),
            entries: &entries,
            quarantined: &quarantined,
            kinds: &kinds,
            bytes: sifted.iter().map(|part| part.bytes).sum(),
        };
        if self.store.log_downloaded(&tree.name, &advance, self.clock.now())? {
            self.progress.report(&Step::Downloaded { log: followed.name(), size: advance.after });
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
        tail: &Tail,
    ) -> Result<(), Trouble> {
        let now = self.clock.now();
        self.store.log_rewound(&tree.name)?;
        let place = match self.first_lie(followed, tree, signed, tail).await {
            Some((from, to)) => format!(", the first of them among {from} to {}", to - 1),
            None => String::new(),
        };
        let statement = format!(
            "the entries that {tree} serves do not hash to the root that it signed for {} entries{place}",
            signed.size()
        );
        let served = format!("they hash to {}", hex::encode(tail.range.root()));
        let evidence = Evidence::new(Misdeed::Entries, followed.log.signer(), statement.clone(), now);
        self.accuse(tree, &evidence.signed(&[signed]).served(served), now)?;
        Ok(self.store.log_failed(&tree.name, &statement, now)?)
    }

    /// Between which sizes the entries stop being those that were signed, by asking the log for its own proofs.
    async fn first_lie(
        &self,
        followed: &FollowedLog,
        tree: &Tree,
        signed: &SignedCheckpoint,
        tail: &Tail,
    ) -> Option<(u64, u64)> {
        let (mut good, mut bad) = (0, tail.marks.len().checked_sub(1)?);
        while bad - good > 1 {
            let middle = usize::midpoint(good, bad);
            let (size, root) = tail.marks[middle];
            let prefix = followed.log.prefix(tree, size, signed).await.ok()?;
            if prefix.range.root() == root { good = middle } else { bad = middle }
        }
        Some((tail.marks.get(good)?.0, tail.marks.get(bad)?.0))
    }
}

impl Tail {
    fn resume(row: &TailRow) -> Option<Self> {
        let range = CompactRange::from_parts(row.downloaded, row.downloaded_range.clone())?;
        Some(Self { marks: vec![(range.size(), range.root())], range })
    }
}

impl Batch {
    fn take(&mut self, page: &Page, form: LeafForm, matcher: &Matcher, tail: &mut Tail) -> Result<(), Trouble> {
        if page.first != tail.range.size() {
            let why = format!("it begins at {} where {} is next", page.first, tail.range.size());
            return Err(ReadError::Malformed { what: "a page of entries".to_owned(), why }.into());
        }
        self.sifted.push(sift(page, form, matcher.watch.filter(), &mut tail.range));
        self.entries += page.entries.len() as u64;
        self.bytes += page.bytes();
        tail.marks.push((tail.range.size(), tail.range.root()));
        Ok(())
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

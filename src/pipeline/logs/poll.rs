//! One look at a log: what it says of each of its trees, whether that holds, and what is new.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};

use super::{FollowedLog, trouble::Trouble};
use crate::{
    pipeline::{Pipeline, PipelineError, Step},
    store::{LogRow, LogStanding, NewLog, StoreError},
    text::with_causes,
    tlog::{CheckpointError, Fault, Head, Misdeed, ReadError, SignedCheckpoint, Tree, evidence::Evidence},
};

/// What came of a poll.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Poll {
    /// Entries that were downloaded and verified.
    pub verified: u64,
    /// Trees that gave trouble, of whatever kind.
    pub troubled: usize,
    /// Mirrors that could not be read or compared, or that contradict the others.
    pub mirrors: usize,
}

/// Logs that are looked at at the same time.
const CONCURRENT: usize = 8;

impl Pipeline {
    /// Looks at every log once, and at those that turn out to be others than they were taken for.
    ///
    /// # Errors
    /// The store failed.
    pub async fn poll_logs(&self) -> Result<Vec<(String, Poll)>, PipelineError> {
        let mut polls = self.poll_all(self.followed_logs()).await?;
        let mut others = self.followed_logs();
        polls.retain(|(name, _)| others.iter().any(|log| log.name() == name));
        others.retain(|log| polls.iter().all(|(name, _)| log.name() != name));
        polls.extend(self.poll_all(others).await?);
        Ok(polls)
    }

    async fn poll_all(&self, logs: Vec<Arc<FollowedLog>>) -> Result<Vec<(String, Poll)>, PipelineError> {
        let polls = stream::iter(logs).map(|followed| async move {
            let poll = self.poll_log(&followed).await?;
            Ok((followed.name().to_owned(), poll))
        });
        polls.buffered(CONCURRENT).try_collect().await
    }

    /// Looks at a log once. Trouble with the log or on the way to it is recorded, and one tree's trouble does not keep the
    /// others from being looked at. Without a trust root the log waits: whoever signed would be taken for a forger.
    ///
    /// # Errors
    /// The store failed.
    pub async fn poll_log(&self, followed: &FollowedLog) -> Result<Poll, PipelineError> {
        if !self.trust.is_ready() {
            return Ok(Poll::default());
        }
        if !followed.mirrors.is_empty() {
            return self.poll_mirrors(followed).await;
        }
        self.store.forget_mirrors(followed.name())?;
        let (other, heads) = self.ask(followed).await;
        let Some(other) = other else { return self.take_heads(followed, heads).await };
        if other.name() == followed.name() {
            return self.take_heads(&other, heads).await;
        }
        // From now on it is followed under its own name; what stood for it until then goes.
        self.store.forget_log(followed.name())?;
        Ok(Poll::default())
    }

    pub(super) async fn take_heads(
        &self,
        followed: &FollowedLog,
        heads: Result<Vec<Head>, ReadError>,
    ) -> Result<Poll, PipelineError> {
        let mut poll = Poll::default();
        let met = self.clock.now();
        match heads {
            Ok(heads) => {
                let (mut heads, unknown) = self.sort_out(followed, heads)?;
                self.miss_trees(followed, &heads)?;
                self.retire_trees(followed, &mut heads)?;
                for head in heads {
                    self.progress.report(&Step::Polling { log: followed.name() });
                    match self.poll_tree(followed, &head, met).await {
                        Ok(Some(verified)) => poll.verified += verified,
                        // What is stored of this tree is set aside; the next poll begins it anew.
                        Err(PipelineError::Store(StoreError::DamagedRow { .. })) => {
                            self.mender.mend()?;
                            poll.troubled += 1;
                        }
                        outcome => poll.troubled += usize::from(outcome?.is_none()),
                    }
                }
                poll.troubled += self.note_unknown(followed, &unknown)?;
            }
            Err(error) => {
                poll.troubled += 1;
                self.log_unread(followed, &error)?;
            }
        }
        Ok(poll)
    }

    /// The entries that were verified; `None` if there was trouble. Trees that one answer names are met at one time.
    async fn poll_tree(
        &self,
        followed: &FollowedLog,
        head: &Head,
        met: DateTime<Utc>,
    ) -> Result<Option<u64>, PipelineError> {
        let now = self.clock.now();
        let tree = &head.tree;
        self.open_tree(followed, tree, met)?;
        let signed = match &head.checkpoint {
            Ok(signed) => signed,
            Err(error @ CheckpointError::StaticCt(_)) => {
                // The configuration, or the trust root, is wrong about the log, and not the log.
                self.store.log_failed(&tree.name, &error.to_string(), now)?;
                return Ok(None);
            }
            Err(error) => {
                let statement = format!("{tree} serves what is not its checkpoint: {}", with_causes(error));
                let evidence = Evidence::new(Misdeed::Checkpoint, followed.log.signer(), statement, now);
                self.accuse(tree, &evidence.served(&head.document), now)?;
                self.store.log_failed(&tree.name, &with_causes(error), now)?;
                return Ok(None);
            }
        };
        match self.look_at(followed, tree, signed, now).await {
            Ok(Some(verified)) => {
                self.store.log_succeeded(&tree.name, self.clock.now())?;
                self.acquit(tree, self.clock.now())?;
                Ok(Some(verified))
            }
            Ok(None) => Ok(None),
            Err(Trouble::Pipeline(error)) => Err(error),
            Err(Trouble::Read(error)) => {
                self.tree_unread(followed, tree, signed, &error)?;
                Ok(None)
            }
        }
    }

    /// Audits a checkpoint, and reads what it covers. `None`: the log is accused of something, which is recorded.
    async fn look_at(
        &self,
        followed: &FollowedLog,
        tree: &Tree,
        signed: &SignedCheckpoint,
        now: DateTime<Utc>,
    ) -> Result<Option<u64>, Trouble> {
        if !self.audit(followed, tree, signed, now).await? {
            return Ok(None);
        }
        if !followed.tailed {
            return Ok(Some(0));
        }
        let verified = self.tail(followed, tree, signed).await?;
        if verified.is_some() && !tree.active && self.is_drained(&tree.name, signed.size())? {
            self.store.log_standing(&tree.name, LogStanding::Drained).map_err(PipelineError::from)?;
        }
        Ok(verified)
    }

    /// Trees that the log showed before and does not show any more; and what stood for it while nothing was known of it.
    fn miss_trees(&self, followed: &FollowedLog, heads: &[Head]) -> Result<(), PipelineError> {
        let now = self.clock.now();
        for row in self.rows_of(followed)? {
            if heads.iter().any(|head| head.tree.name == row.name) {
                continue;
            }
            if row.checkpoint.is_none() && row.tail.is_none() {
                if row.name != followed.name() {
                    self.store.forget_log(&row.name)?;
                }
            } else if row.standing != LogStanding::Drained {
                let tree = Tree { name: row.name.clone(), id: None, offset: row.offset, active: false };
                let statement =
                    format!("{} no longer lists {tree}, of which it signed {} entries", followed.name(), size(&row));
                let mut evidence = Evidence::new(Misdeed::Omission, followed.log.signer(), statement.clone(), now);
                let signed = row.checkpoint.and_then(|kept| followed.log.signer().verify(kept.note.as_bytes()).ok());
                evidence = evidence.signed(&signed.iter().collect::<Vec<_>>());
                self.accuse(&tree, &evidence, now)?;
                self.store.log_failed(&tree.name, &statement, now)?;
            }
        }
        Ok(())
    }

    /// What is known of the trees of a log.
    pub(super) fn rows_of(&self, followed: &FollowedLog) -> Result<Vec<LogRow>, PipelineError> {
        let mut rows = self.store.logs()?;
        rows.retain(|row| followed.has_tree(&row.name));
        Ok(rows)
    }

    pub(super) fn open_tree(
        &self,
        followed: &FollowedLog,
        tree: &Tree,
        now: DateTime<Utc>,
    ) -> Result<(), PipelineError> {
        let known = self.store.log(&tree.name)?;
        let drained = known.is_some_and(|row| row.standing == LogStanding::Drained);
        let standing = match (tree.active, drained) {
            (true, _) => LogStanding::Active,
            (false, true) => LogStanding::Drained,
            (false, false) => LogStanding::Retired,
        };
        let new = NewLog {
            name: &tree.name,
            kind: followed.kind,
            url: followed.url.as_str(),
            key_id: &followed.log.signer().key().key_id(),
            offset: tree.offset,
            standing,
        };
        self.store.open_log(&new, now)?;
        Ok(())
    }

    fn is_drained(&self, name: &str, size: u64) -> Result<bool, PipelineError> {
        Ok(self.store.log(name)?.and_then(|row| row.tail).is_some_and(|tail| tail.verified == size))
    }

    /// The log could not be asked at all: that is said of every tree that is known of it.
    fn log_unread(&self, followed: &FollowedLog, error: &ReadError) -> Result<(), PipelineError> {
        let now = self.clock.now();
        let mut known = self.rows_of(followed)?;
        if known.is_empty() {
            // Nothing is known of it yet; that it cannot be read must be seen all the same.
            let tree = Tree { name: followed.name().to_owned(), id: None, offset: 0, active: true };
            self.open_tree(followed, &tree, now)?;
            known.extend(self.store.log(&tree.name)?);
        }
        for row in known {
            self.store.log_failed(&row.name, &with_causes(error), now)?;
        }
        Ok(())
    }

    /// A tree could not be read. Infrastructure is trouble with the operation, anything else the log's own doing.
    pub(super) fn tree_unread(
        &self,
        followed: &FollowedLog,
        tree: &Tree,
        signed: &SignedCheckpoint,
        error: &ReadError,
    ) -> Result<(), PipelineError> {
        let now = self.clock.now();
        self.store.log_failed(&tree.name, &with_causes(error), now)?;
        if error.fault() == Fault::Elsewhere {
            return Ok(());
        }
        let misdeed = match error {
            ReadError::Withheld { .. } | ReadError::Omitted { .. } => Misdeed::Omission,
            ReadError::Checkpoint(_) => Misdeed::Checkpoint,
            ReadError::Malformed { .. } => Misdeed::Malformed,
            _ => Misdeed::Entries,
        };
        let statement = format!("{tree}: {}", with_causes(error));
        let evidence = Evidence::new(misdeed, followed.log.signer(), statement, now).signed(&[signed]);
        self.accuse(tree, &evidence, now)
    }
}

fn size(row: &LogRow) -> u64 {
    row.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size)
}

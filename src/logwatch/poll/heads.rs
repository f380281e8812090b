//! Fetches the checkpoints of a log's trees, and verifies their signatures.

use super::trees::Trees;
use crate::{
    clock::Clock,
    logwatch::{
        audit::Auditor,
        error::FollowError,
        log_list::FollowedLog,
        report::ViolationReporter,
        rows::{is_read_to, open_tree, rows_of},
        shown::Shown,
        tail::Tailer,
        tree_failure::TreeFailure,
    },
    progress::{Progress, Step},
    store::{LogRow, LogState, Store, StoreError},
    text::with_causes,
    tlog::{CheckpointError, Head, LogViolation, ReadError, Tree, evidence::LogEvidence},
    upkeep::Mender,
};
use std::sync::Arc;

use chrono::{DateTime, Utc};

/// The result of a poll.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Poll {
    /// Entries that were downloaded and verified.
    pub verified: u64,
    /// Trees with errors of any kind.
    pub troubled: usize,
    /// Mirrors that could not be read or compared, or that contradict the others.
    pub mirrors: usize,
}

/// Follows a log from its answer about its trees.
#[derive(Debug)]
pub struct Follower {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub progress: Arc<dyn Progress>,
    pub mender: Arc<Mender>,
    pub trees: Arc<Trees>,
    pub auditor: Arc<Auditor>,
    pub tailer: Arc<Tailer>,
    pub reporter: Arc<ViolationReporter>,
}

impl Follower {
    /// Takes the answer of a log about its trees. An error of one tree does not keep the others from being checked.
    ///
    /// # Errors
    /// The store failed.
    pub async fn take_heads(
        &self,
        followed: &FollowedLog,
        heads: Result<Vec<Head>, ReadError>,
    ) -> Result<Poll, FollowError> {
        let mut poll = Poll::default();
        let met = self.clock.now();
        match heads {
            Ok(heads) => {
                let (mut heads, unknown) = self.trees.sort_out(followed, heads)?;
                self.miss_trees(followed, &heads)?;
                self.trees.retire(followed, &mut heads)?;
                for head in heads {
                    self.progress.report(&Step::Polling { log: followed.name() });
                    match self.poll_tree(followed, &head, met).await {
                        Ok(Some(verified)) => poll.verified += verified,
                        // The stored rows of this tree are set aside; the next poll begins it again.
                        Err(FollowError::Store(StoreError::DamagedRow { .. })) => {
                            self.mender.mend()?;
                            poll.troubled += 1;
                        }
                        outcome => poll.troubled += usize::from(outcome?.is_none()),
                    }
                }
                poll.troubled += self.trees.note_unknown(followed, &unknown)?;
            }
            Err(error) => {
                poll.troubled += 1;
                self.log_unread(followed, &error)?;
            }
        }
        Ok(poll)
    }

    /// The entries that were verified; `None` if there was an error. Trees of one answer have the same first time.
    async fn poll_tree(
        &self,
        followed: &FollowedLog,
        head: &Head,
        met: DateTime<Utc>,
    ) -> Result<Option<u64>, FollowError> {
        let now = self.clock.now();
        let tree = &head.tree;
        open_tree(&self.store, followed, tree, met)?;
        let signed = match &head.checkpoint {
            Ok(signed) => signed,
            Err(error @ CheckpointError::StaticCt(_)) => {
                // The configuration, or the trust root, is wrong about the log; the log is not at fault.
                self.store.log_failed(&tree.name, &error.to_string(), now)?;
                return Ok(None);
            }
            Err(error) => {
                let statement = format!("{tree} serves a checkpoint that is not its own: {}", with_causes(error));
                let evidence = LogEvidence::new(LogViolation::Checkpoint, followed.log.signer(), statement, now);
                self.reporter.report(tree, &evidence.served(&head.document), now)?;
                self.store.log_failed(&tree.name, &with_causes(error), now)?;
                return Ok(None);
            }
        };
        let shown = Shown { followed, tree, signed, now };
        match self.look_at(shown).await {
            Ok(Some(verified)) => {
                self.store.log_succeeded(&tree.name, self.clock.now())?;
                self.reporter.clear(tree, self.clock.now())?;
                Ok(Some(verified))
            }
            Ok(None) => Ok(None),
            Err(TreeFailure::Ours(error)) => Err(error),
            Err(TreeFailure::Read(error)) => {
                self.reporter.tree_unread(shown, &error)?;
                Ok(None)
            }
        }
    }

    /// Audits a checkpoint, and reads the entries that it covers. `None`: a violation of the log is recorded.
    async fn look_at(&self, shown: Shown<'_>) -> Result<Option<u64>, TreeFailure> {
        if !self.auditor.audit(shown).await? {
            return Ok(None);
        }
        if !shown.followed.tailed {
            return Ok(Some(0));
        }
        let Shown { tree, signed, .. } = shown;
        let verified = self.tailer.tail(shown).await?;
        if verified.is_some() && !tree.active && is_read_to(&self.store, &tree.name, signed.size())? {
            self.store.log_standing(&tree.name, LogState::Drained)?;
        }
        Ok(verified)
    }

    /// Reports trees that the log showed before and does not show any more, and removes the placeholder of a log that
    /// was unknown.
    fn miss_trees(&self, followed: &FollowedLog, heads: &[Head]) -> Result<(), StoreError> {
        let now = self.clock.now();
        for row in rows_of(&self.store, followed)? {
            if heads.iter().any(|head| head.tree.name == row.name) {
                continue;
            }
            if row.checkpoint.is_none() && row.tail.is_none() {
                if row.name != followed.name() {
                    self.store.forget_log(&row.name)?;
                }
            } else if row.standing != LogState::Drained {
                let tree = Tree { name: row.name.clone(), id: None, offset: row.offset, active: false };
                let statement =
                    format!("{} no longer lists {tree}, of which it signed {} entries", followed.name(), size(&row));
                let mut evidence =
                    LogEvidence::new(LogViolation::Omission, followed.log.signer(), statement.clone(), now);
                let signed = row.checkpoint.and_then(|kept| followed.log.signer().verify(kept.note.as_bytes()).ok());
                evidence = evidence.signed(&signed.iter().collect::<Vec<_>>());
                self.reporter.report(&tree, &evidence, now)?;
                self.store.log_failed(&tree.name, &statement, now)?;
            }
        }
        Ok(())
    }

    /// The log could not be read at all: the error is recorded for every known tree.
    fn log_unread(&self, followed: &FollowedLog, error: &ReadError) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut known = rows_of(&self.store, followed)?;
        if known.is_empty() {
            // No tree is known yet; the read failure must be visible all the same.
            let tree = Tree { name: followed.name().to_owned(), id: None, offset: 0, active: true };
            open_tree(&self.store, followed, &tree, now)?;
            known.extend(self.store.log(&tree.name)?);
        }
        for row in known {
            self.store.log_failed(&row.name, &with_causes(error), now)?;
        }
        Ok(())
    }
}

fn size(row: &LogRow) -> u64 {
    row.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size)
}

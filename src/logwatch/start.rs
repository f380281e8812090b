//! Moves the tail of a log to another entry.

use super::{
    audit::Auditor,
    error::FollowError,
    log_list::FollowedLog,
    poll::Trees,
    rows::open_tree,
    scan::{ScanError, to_scan},
    shown::Shown,
    tree_failure::TreeFailure,
};
use crate::{
    clock::Clock,
    store::{Store, StoreError},
    tlog::{ReadError, Tree},
};
use std::sync::Arc;

/// The reason why a tail cannot move to another index.
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
    /// Its current checkpoint is not of one history with the earlier ones.
    #[error("{0} does not agree with what it signed before; see `provwatch logs status`")]
    Accused(Tree),
    /// A failure of provwatch itself.
    #[error(transparent)]
    Ours(#[from] FollowError),
}

impl From<ReadError> for StartError {
    fn from(error: ReadError) -> Self {
        Self::Scan(error.into())
    }
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self::Ours(error.into())
    }
}

/// Moves the tail of a log.
#[derive(Debug)]
pub struct Starter {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub trees: Arc<Trees>,
    pub auditor: Arc<Auditor>,
}

impl Starter {
    /// Reads a tree from an index on, whatever was read before. The leaves before it are taken from the log's own
    /// proof.
    ///
    /// # Errors
    /// As [`crate::logwatch::scan::scan`], and a failure of the store.
    pub async fn start_at(
        &self,
        followed: &FollowedLog,
        tree: &str,
        index: u64,
        allow_gap: bool,
    ) -> Result<Tree, StartError> {
        if !followed.tailed {
            return Err(StartError::NotTailed(followed.name().to_owned()));
        }
        let mut heads = followed.log.heads().await?;
        self.trees.retire(followed, &mut heads)?;
        let met: Vec<Tree> =
            heads.iter().filter(|head| head.checkpoint.is_ok()).map(|head| head.tree.clone()).collect();
        let (tree, checkpoint) = to_scan(followed, tree, heads)?;
        if index > checkpoint.size() {
            let size = checkpoint.size();
            return Err(ReadError::Beyond { index, size }.into());
        }
        let now = self.clock.now();
        // The other trees are stored with it: none of them counts as a later one.
        let open = |tree: &Tree| open_tree(&self.store, followed, tree, now);
        met.iter().try_for_each(open)?;
        let stands = self.store.log(&tree.name)?.and_then(|row| row.tail);
        if let Some(tail) = stands.filter(|tail| index > tail.verified && !allow_gap) {
            return Err(StartError::Gap { from: tail.verified, to: index });
        }
        let shown = Shown { followed, tree: &tree, signed: &checkpoint, now };
        match self.auditor.audit(shown).await {
            Ok(true) => {}
            Ok(false) => return Err(StartError::Accused(tree)),
            Err(TreeFailure::Read(error)) => return Err(error.into()),
            Err(TreeFailure::Ours(error)) => return Err(error.into()),
        }
        let range = shown.beginning(index).await?;
        self.store.begin_tail(&tree.name, index, checkpoint.size(), range.nodes())?;
        Ok(tree)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logwatch::lab::Lab;

    fn starter(lab: &Lab) -> Starter {
        let (listing, telling) = (lab.parts.listing(), lab.parts.telling());
        lab.parts.polling(&listing, &telling, &lab.parts.matching()).1
    }

    #[tokio::test]
    async fn a_tail_begins_where_it_is_told_to_and_leaves_nothing_out_unasked() {
        let lab = Lab::new();
        lab.log.grow(5, "one");
        let (starter, followed) = (starter(&lab), lab.followed());
        let start = async |index, allow_gap| starter.start_at(&followed, "log.example", index, allow_gap).await;
        assert_eq!(start(2, false).await.unwrap().name, "log.example");
        assert_eq!(lab.row().tail.map(|tail| (tail.downloaded, tail.verified)), Some((2, 2)));
        assert!(matches!(start(4, false).await, Err(StartError::Gap { from: 2, to: 4 })));
        start(4, true).await.unwrap();
        assert_eq!(lab.row().tail.unwrap().verified, 4);
        assert!(matches!(start(6, true).await, Err(StartError::Scan(ScanError::Read(ReadError::Beyond { .. })))));
    }

    #[tokio::test]
    async fn a_log_of_which_only_checkpoints_are_checked_is_not_asked() {
        let lab = Lab::new().with(|settings, _| {
            let instances =
                settings.instances.into_iter().map(|one| crate::logwatch::Instance { tail: Some(false), ..one });
            crate::logwatch::LogSettings { instances: instances.collect(), ..settings }
        });
        let error = starter(&lab).start_at(&lab.followed(), "log.example", 0, false).await.unwrap_err();
        assert!(matches!(error, StartError::NotTailed(_)), "{error}");
        assert!(lab.log.asked().is_empty());
    }
}

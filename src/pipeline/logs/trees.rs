//! Which trees a log has, on the strength of what it signed. The list of the trees of a Rekor v1 is not signed: whoever
//! stands on the way can add some, leave some out, and call any of them active.

use super::FollowedLog;
use crate::{
    pipeline::{Pipeline, PipelineError},
    store::{LogKind, LogStanding},
    text::{counted, with_causes},
    tlog::{Head, Misdeed, Tree, evidence::Evidence},
};

/// Unknown trees that a statement names.
const NAMED: usize = 3;

impl Pipeline {
    /// The trees to look at, and those that are not known: never seen before, and without a valid checkpoint. A log that
    /// has a single tree is known by its name.
    pub(super) fn sort_out(
        &self,
        followed: &FollowedLog,
        heads: Vec<Head>,
    ) -> Result<(Vec<Head>, Vec<Head>), PipelineError> {
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for head in heads {
            let is_known = head.checkpoint.is_ok()
                || followed.kind != LogKind::RekorV1
                || self.store.log(&head.tree.name)?.is_some();
            if is_known { known.push(head) } else { unknown.push(head) }
        }
        Ok((known, unknown))
    }

    /// Decides which trees still grow. A tree is retired by the trust root, or by a successor whose checkpoint the log
    /// signed and that was not retired itself before: what the list says beside that counts for nothing.
    pub(super) fn retire_trees(&self, followed: &FollowedLog, heads: &mut [Head]) -> Result<(), PipelineError> {
        let ends = followed.is_retired(self.clock.now());
        let mut has_successor = false;
        for head in heads.iter().filter(|head| head.tree.active && head.checkpoint.is_ok()) {
            let known = self.store.log(&head.tree.name)?;
            has_successor |= known.is_none_or(|row| row.standing == LogStanding::Active);
        }
        for head in heads {
            head.tree.active = !ends && (head.tree.active || !has_successor);
        }
        Ok(())
    }

    /// Accuses a log that goes on naming trees whose checkpoints do not verify: what is written to such a tree is seen by
    /// nobody. It is one accusation however many trees there are, since anybody on the way can make them up. How many
    /// troubles that is: none or one.
    pub(super) fn note_unknown(&self, followed: &FollowedLog, unknown: &[Head]) -> Result<usize, PipelineError> {
        if followed.kind != LogKind::RekorV1 {
            return Ok(0);
        }
        let now = self.clock.now();
        let log = Tree { name: followed.name().to_owned(), id: None, offset: 0, active: true };
        let Some(first) = unknown.first() else {
            self.acquit(&log, now)?;
            self.store.forget_log(&log.name)?;
            return Ok(0);
        };
        let named: Vec<String> = unknown.iter().take(NAMED).map(described).collect();
        let statement = format!(
            "{log} names {} whose checkpoint does not verify, so nothing that is written there can be checked: {}",
            counted(unknown.len() as u64, "tree"),
            named.join("; "),
        );
        self.open_tree(followed, &log, now)?;
        self.store.log_failed(&log.name, &statement, now)?;
        let evidence = Evidence::new(Misdeed::Checkpoint, followed.log.signer(), statement, now);
        self.accuse(&log, &evidence.served(&first.document), now)?;
        Ok(1)
    }
}

fn described(head: &Head) -> String {
    match &head.checkpoint {
        Ok(_) => head.tree.to_string(),
        Err(error) => format!("{} ({})", head.tree, with_causes(error)),
    }
}

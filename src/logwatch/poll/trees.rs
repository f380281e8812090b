//! Lists the trees of a log on the evidence of its signatures. The list of the trees of a Rekor v1 is not signed: an
//! attacker on the network can add some, leave some out, and call any of them active.

use std::sync::Arc;

use crate::{
    clock::Clock,
    logwatch::{log_list::FollowedLog, report::ViolationReporter, rows::open_tree},
    store::{LogKind, LogState, Store, StoreError},
    text::{counted, with_causes},
    tlog::{Head, LogViolation, Tree, evidence::LogEvidence},
};

/// Unknown trees that a statement names.
const NAMED: usize = 3;

/// Knows the trees of each log.
#[derive(Debug)]
pub struct Trees {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub reporter: Arc<ViolationReporter>,
}

impl Trees {
    /// The trees to poll, and the unknown ones: never seen before, and without a valid checkpoint. A log that has a
    /// single tree is known by its name.
    pub fn sort_out(&self, followed: &FollowedLog, heads: Vec<Head>) -> Result<(Vec<Head>, Vec<Head>), StoreError> {
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
    /// signed and that was not retired itself before: other statements of the list do not count.
    pub fn retire(&self, followed: &FollowedLog, heads: &mut [Head]) -> Result<(), StoreError> {
        let ends = followed.is_retired(self.clock.now());
        let mut has_successor = false;
        for head in heads.iter().filter(|head| head.tree.active && head.checkpoint.is_ok()) {
            let known = self.store.log(&head.tree.name)?;
            has_successor |= known.is_none_or(|row| row.standing == LogState::Active);
        }
        for head in heads {
            head.tree.active = !ends && (head.tree.active || !has_successor);
        }
        Ok(())
    }

    /// Reports a log that keeps naming trees whose checkpoints do not verify: no monitor sees the entries of such a
    /// tree. It is one violation however many trees there are, since an attacker on the network can make them up.
    /// Returns the number of errors: none or one.
    pub fn note_unknown(&self, followed: &FollowedLog, unknown: &[Head]) -> Result<usize, StoreError> {
        if followed.kind != LogKind::RekorV1 {
            return Ok(0);
        }
        let now = self.clock.now();
        let log = Tree { name: followed.name().to_owned(), id: None, offset: 0, active: true };
        let Some(first) = unknown.first() else {
            self.reporter.clear(&log, now)?;
            self.store.forget_log(&log.name)?;
            return Ok(0);
        };
        let named: Vec<String> = unknown.iter().take(NAMED).map(described).collect();
        let statement = format!(
            "{log} names {} whose checkpoint does not verify, so nothing that is written there can be checked: {}",
            counted(unknown.len() as u64, "tree"),
            named.join("; "),
        );
        open_tree(&self.store, followed, &log, now)?;
        self.store.log_failed(&log.name, &statement, now)?;
        let evidence = LogEvidence::new(LogViolation::Checkpoint, followed.log.signer(), statement, now);
        self.reporter.report(&log, &evidence.served(&first.document), now)?;
        Ok(1)
    }
}

fn described(head: &Head) -> String {
    match &head.checkpoint {
        Ok(_) => head.tree.to_string(),
        Err(error) => format!("{} ({})", head.tree, with_causes(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        logwatch::{lab::Lab, log_list::Instance, settings::LogSettings},
        tlog::CheckpointError,
    };

    fn trees(lab: &Lab) -> Trees {
        let (store, clock) = (Arc::clone(&lab.parts.store), Arc::clone(&lab.parts.clock));
        Trees { store, clock, reporter: lab.reporter() }
    }

    fn of_kind(kind: LogKind) -> Lab {
        Lab::new().with(|settings, _| {
            let instances = settings.instances.into_iter().map(|one| Instance { kind, ..one });
            LogSettings { instances: instances.collect(), ..settings }
        })
    }

    fn head(name: &str, active: bool, is_signed: bool, lab: &Lab, document: &crate::tlog::SignedCheckpoint) -> Head {
        let checkpoint =
            if is_signed { Ok(document.clone()) } else { Err(CheckpointError::Signature("log.example".to_owned())) };
        let tree = Tree { name: format!("{} - {name}", lab.followed().name()), id: None, offset: 0, active };
        Head { tree, checkpoint, document: String::new() }
    }

    #[tokio::test]
    async fn a_tree_is_retired_by_a_successor_that_the_log_signed_and_by_no_list() {
        let tiles = Lab::new();
        tiles.log.grow(3, "one");
        let signed = tiles.look().await.signed;
        let lab = of_kind(LogKind::RekorV1);
        for (is_signed, expected) in [(true, [false, true]), (false, [true, true])] {
            let mut heads = [head("1", false, true, &lab, &signed), head("2", true, is_signed, &lab, &signed)];
            trees(&lab).retire(&lab.followed(), &mut heads).unwrap();
            assert_eq!(heads.map(|head| head.tree.active), expected, "its successor is signed: {is_signed}");
        }
    }

    #[tokio::test]
    async fn trees_that_anybody_can_make_up_are_one_trouble() {
        let tiles = Lab::new();
        tiles.log.grow(3, "one");
        let signed = tiles.look().await.signed;
        let lab = of_kind(LogKind::RekorV1);
        let heads = vec![head("1", true, true, &lab, &signed), head("2", true, false, &lab, &signed)];
        let (known, unknown) = trees(&lab).sort_out(&lab.followed(), heads).unwrap();
        assert_eq!((known.len(), unknown.len()), (1, 1));
        assert_eq!(trees(&lab).note_unknown(&lab.followed(), &unknown).unwrap(), 1);
        let why = lab.row().last_error.unwrap();
        assert!(why.contains("names 1 tree whose checkpoint does not verify"), "{why}");
        assert_eq!(trees(&lab).note_unknown(&lab.followed(), &[]).unwrap(), 0);
    }
}

//! Audits a log: checks that its new checkpoint continues the history that it signed before.
//!
//! The largest consistent checkpoint that is kept represents all earlier ones, since each was compared with the one
//! before it. A smaller checkpoint is compared too: a stale copy is harmless, a second history is not.

use std::sync::Arc;

use super::{report::ViolationReporter, shown::Shown, tree_failure::TreeFailure};
use crate::{
    store::{CheckpointRow, Store, StoreError},
    text::with_causes,
    tlog::{Consistency, LogViolation, SignedCheckpoint, checkpoint::Checkpoint, derived, evidence::LogEvidence},
};

/// Most unproven checkpoints whose consistency proof one poll requests again.
const ASKED_AGAIN: usize = 4;

/// Most contradicting checkpoints with which another one is compared, the latest first.
const HISTORIES: usize = 8;

/// Compares each checkpoint of a log with the earlier ones.
#[derive(Debug)]
pub struct Auditor {
    pub store: Arc<Store>,
    pub reporter: Arc<ViolationReporter>,
}

impl Auditor {
    /// Compares a checkpoint with the kept ones, and keeps it. `false`: a violation of the log is recorded.
    pub async fn audit(&self, shown: Shown<'_>) -> Result<bool, TreeFailure> {
        let tree = &shown.tree.name;
        let row = self.store.log(tree)?;
        let Some(kept) = row.and_then(|row| row.checkpoint) else {
            self.store.keep_checkpoint(tree, &shown.row(true))?;
            return Ok(true);
        };
        // Kept before the proof is requested: a log that withholds the proof must not get rid of what it signed.
        self.store.keep_checkpoint(tree, &shown.row(false))?;
        let before = self.kept(shown, &kept)?;
        if !self.compare_with(shown, &before).await? {
            return Ok(false);
        }
        self.settle(shown).await
    }

    /// A checkpoint as it was kept. Where the log's key was replaced since, it was verified with the key before; the
    /// history must continue all the same. The key change is reported.
    fn kept(&self, shown: Shown<'_>, kept: &CheckpointRow) -> Result<SignedCheckpoint, StoreError> {
        let tree = shown.tree;
        if let Ok(signed) = shown.followed.log.signer().verify(kept.note.as_bytes()) {
            return Ok(signed);
        }
        let statement = format!("the key of {tree} did not sign its earlier checkpoints");
        let evidence = shown.evidence(LogViolation::KeyChanged, statement);
        self.reporter.report(tree, &evidence.served(&kept.note), shown.now)?;
        let checkpoint = Checkpoint { origin: tree.name.clone(), size: kept.size, root: kept.root };
        Ok(SignedCheckpoint::kept(checkpoint, kept.note.clone()))
    }

    /// Whether a checkpoint and a kept one are of one history; if not, the violation is recorded.
    async fn compare_with(&self, shown: Shown<'_>, before: &SignedCheckpoint) -> Result<bool, TreeFailure> {
        let (tree, now) = (shown.tree, shown.now);
        let trees = by_size(before, shown.signed);
        let went_back = shown.signed.size() < before.size();
        let (consistency, is_lost) = match self.consistency_of(shown, trees, went_back).await {
            Ok(consistency) => (consistency, false),
            // A server that was restored from a backup has lost the proof.
            Err(TreeFailure::Read(error)) if went_back && error.is_missing() => {
                (Consistency::Unproven(with_causes(&error)), true)
            }
            Err(TreeFailure::Read(error)) => {
                // The missing entries belong to the larger tree: its checkpoint is the evidence.
                self.reporter.tree_unread(shown.with(trees.1), &error)?;
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        if let Some(why) = self.accuse_fork(shown, trees, &consistency).await? {
            self.store.log_failed(&tree.name, &why, now)?;
            return Ok(false);
        }
        if let Consistency::Proven(proof) = &consistency {
            self.store.keep_proven_checkpoint(&tree.name, &shown.row(true), proof.clone(), derived)?;
        }
        let violation = match (&consistency, went_back) {
            (Consistency::Proven(_), false) => return Ok(true),
            (Consistency::Proven(_), true) => LogViolation::Rollback,
            _ if is_lost => LogViolation::Rollback,
            _ => LogViolation::Unproven,
        };
        let evidence = contradiction(shown, violation, trees, &consistency);
        self.reporter.report(tree, &evidence, now)?;
        self.store.log_failed(&tree.name, &evidence.statement, now)?;
        Ok(false)
    }

    /// Whether the smaller of two trees is the beginning of the larger. If a log went back to a checkpoint that was
    /// proven before, no request is needed.
    async fn consistency_of(
        &self,
        shown: Shown<'_>,
        (smaller, larger): (&SignedCheckpoint, &SignedCheckpoint),
        went_back: bool,
    ) -> Result<Consistency, TreeFailure> {
        if went_back && self.store.is_proven_checkpoint(&shown.tree.name, smaller.size(), *smaller.root())? {
            return Ok(Consistency::Proven(None));
        }
        Ok(shown.followed.log.consistency(shown.tree, smaller, larger).await?)
    }

    /// Reports a second history of a log, if there is one, and returns the statement about it. The same second history,
    /// grown perhaps, is reported once; another one is reported again, even if the first was acknowledged.
    pub async fn accuse_fork(
        &self,
        shown: Shown<'_>,
        trees: (&SignedCheckpoint, &SignedCheckpoint),
        consistency: &Consistency,
    ) -> Result<Option<String>, StoreError> {
        let Some(violation) = consistency.contradiction() else { return Ok(None) };
        let Shown { followed, tree, signed, now } = shown;
        let is_other = !self.is_known_history(shown).await?;
        self.store.checkpoint_contradicts(&tree.name, signed.size(), *signed.root())?;
        let mut evidence = contradiction(shown, violation, trees, consistency);
        evidence.statement += "; the different history was seen at ";
        evidence.statement += followed.url.as_str();
        self.reporter.report_of(tree, &evidence, is_other, now)?;
        Ok(Some(evidence.statement))
    }

    /// Whether a contradicting checkpoint is of one history with another contradicting checkpoint.
    async fn is_known_history(&self, Shown { followed, tree, signed, .. }: Shown<'_>) -> Result<bool, StoreError> {
        for known in self.store.contradicting_checkpoints(&tree.name, HISTORIES)? {
            let Ok(known) = followed.log.signer().verify(known.note.as_bytes()) else { continue };
            let (smaller, larger) = by_size(&known, signed);
            if matches!(followed.log.consistency(tree, smaller, larger).await, Ok(Consistency::Proven(_))) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Requests again the proofs that were not available when a checkpoint was seen, now against the proven checkpoint.
    async fn settle(&self, shown: Shown<'_>) -> Result<bool, TreeFailure> {
        let Shown { followed, tree, signed: proven, now } = shown;
        for unsettled in self.store.unsettled_checkpoints(&tree.name, proven.size(), ASKED_AGAIN)? {
            let Ok(signed) = followed.log.signer().verify(unsettled.note.as_bytes()) else { continue };
            let trees = by_size(&signed, proven);
            let consistency = followed.log.consistency(tree, trees.0, trees.1).await?;
            if let Some(why) = self.accuse_fork(shown.with(&signed), trees, &consistency).await? {
                self.store.log_failed(&tree.name, &why, now)?;
                return Ok(false);
            }
            if let Consistency::Proven(proof) = consistency {
                let row = CheckpointRow { consistent: true, ..unsettled };
                self.store.keep_proven_checkpoint(&tree.name, &row, proof, derived)?;
            }
        }
        Ok(true)
    }
}

/// The smaller and the larger of two checkpoints.
pub fn by_size<'a>(
    one: &'a SignedCheckpoint,
    other: &'a SignedCheckpoint,
) -> (&'a SignedCheckpoint, &'a SignedCheckpoint) {
    if one.size() <= other.size() { (one, other) } else { (other, one) }
}

fn contradiction(
    shown: Shown<'_>,
    violation: LogViolation,
    (smaller, larger): (&SignedCheckpoint, &SignedCheckpoint),
    consistency: &Consistency,
) -> LogEvidence {
    let origin = &larger.checkpoint().origin;
    let (few, many) = (smaller.size(), larger.size());
    let statement = match (violation, consistency) {
        (LogViolation::SameSize, _) => format!("{origin} signed two different trees of {few} entries"),
        (LogViolation::Rollback, Consistency::Unproven(why)) => format!(
            "{origin} signed {many} entries, and later serves a checkpoint of {few}; it does not prove that those are the \
             same ones: {why}"
        ),
        (LogViolation::Rollback, _) => {
            format!(
                "{origin} signed {many} entries, and later serves a checkpoint of {few} entries of the same history"
            )
        }
        (_, Consistency::Unproven(why)) => {
            format!("{origin} gave no proof that its {few} entries are the beginning of its {many}: {why}")
        }
        _ => format!("{origin} signed {few} entries that are not the beginning of the {many} that it also signed"),
    };
    let prefix = match consistency {
        Consistency::Contradiction(prefix) => prefix.as_deref(),
        _ => None,
    };
    // A server of Rekor v1 proves only its current checkpoint: then that is the larger tree.
    let larger = prefix.map_or(larger, |prefix| &prefix.at);
    shown.evidence(violation, statement).signed(&[smaller, larger]).proven(prefix)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        logwatch::lab::{LOG, Lab},
        model::Severity,
    };

    fn auditor(lab: &Lab) -> Auditor {
        Auditor { store: Arc::clone(&lab.parts.store), reporter: lab.reporter() }
    }

    #[tokio::test]
    async fn what_grows_is_kept_and_another_history_is_held_against_the_log() {
        let lab = Lab::new();
        let auditor = auditor(&lab);
        for size in [3, 5] {
            lab.log.grow(size, "one");
            assert!(auditor.audit(lab.look().await.shown()).await.unwrap());
            assert_eq!(lab.row().checkpoint.unwrap().size, size as u64);
        }
        for (size, text, expected) in [
            (5, "two", Some("log.example signed two trees of one size")),
            (7, "two", None),
            (6, "three", Some("log.example signed two histories")),
        ] {
            lab.log.forget();
            lab.log.grow(size, text);
            assert!(!auditor.audit(lab.look().await.shown()).await.unwrap());
            assert_eq!(lab.told.take(), expected.into_iter().collect::<Vec<_>>(), "{size} {text}");
            for alert in lab.parts.store.open_troubles(Severity::Info, 9).unwrap() {
                lab.parts.store.acknowledge(&alert.fingerprint, "somebody", "known", lab.now()).unwrap();
            }
        }
        assert_eq!(lab.row().checkpoint.unwrap().size, 5, "what contradicts is not what is compared with");
    }

    #[tokio::test]
    async fn a_smaller_tree_of_the_same_history_is_a_step_back_and_nothing_worse() {
        let lab = Lab::new();
        let auditor = auditor(&lab);
        for size in [3, 5] {
            lab.log.grow(size, "one");
            assert!(auditor.audit(lab.look().await.shown()).await.unwrap());
        }
        lab.log.forget();
        lab.log.grow(3, "one");
        assert!(!auditor.audit(lab.look().await.shown()).await.unwrap());
        assert!(lab.row().last_error.unwrap().contains("of the same history"));
        assert!(lab.told.take().is_empty(), "it may be an old copy");
    }

    /// The proofs of the kept checkpoints, which hold, by the sizes between which each leads.
    fn chain(lab: &Lab) -> Vec<(u64, u64)> {
        let store = &lab.parts.store;
        let rows = store.checkpoints(LOG, 99).unwrap();
        let root = |size: u64| rows.iter().find(|row| row.size == size).unwrap().root;
        let proofs = store.checkpoint_proofs(LOG, 0, 99).unwrap();
        assert!(proofs.iter().all(|proof| proof.proves(&root(proof.first), &root(proof.second))), "{proofs:?}");
        proofs.iter().map(|proof| (proof.first, proof.second)).collect()
    }

    #[tokio::test]
    async fn the_proofs_of_the_kept_checkpoints_are_a_chain_whatever_is_left_out_or_put_in() {
        let lab = Lab::new();
        let auditor = auditor(&lab);
        let shows = async |size: usize| {
            lab.log.forget();
            lab.log.grow(size, "one");
            lab.look().await
        };
        let grows = async |size: usize| assert!(auditor.audit(shows(size).await.shown()).await.unwrap());
        for size in [3, 5, 6, 8, 11, 12] {
            grows(size).await;
        }
        assert_eq!(chain(&lab), [(3, 12)], "of an hour the first and the latest are kept");
        lab.clock.advance(Duration::from_hours(1));
        for size in [13, 20, 21] {
            grows(size).await;
        }
        assert_eq!(chain(&lab), [(3, 13), (13, 21)]);
        // An attestation names two that the log never showed here, one of them not yet covered.
        for size in [15, 40] {
            let named = shows(size).await;
            lab.parts.store.keep_named_checkpoint(LOG, &named.shown().row(false)).unwrap();
        }
        grows(22).await;
        assert_eq!(chain(&lab), [(3, 13), (13, 15), (15, 22)]);
        grows(30).await;
        assert_eq!(chain(&lab), [(3, 13), (13, 15), (15, 30)], "what is named stays");
        grows(41).await;
        assert_eq!(chain(&lab), [(3, 13), (13, 15), (15, 40), (40, 41)]);
        assert!(lab.told.take().is_empty());
    }
}

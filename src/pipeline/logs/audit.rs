//! Auditing: is what a log signs now of one history with everything that it signed before?
//!
//! The largest consistent checkpoint that is kept stands for all earlier ones, since each was compared with the one before
//! it. A smaller checkpoint is compared too: a stale copy is harmless, a second history is not.

use chrono::{DateTime, Utc};

use super::{FollowedLog, trouble::Trouble};
use crate::{
    pipeline::{Pipeline, PipelineError},
    store::CheckpointRow,
    text::with_causes,
    tlog::{Consistency, Misdeed, SignedCheckpoint, Tree, checkpoint::Checkpoint, evidence::Evidence},
};

/// Checkpoints that were not proven when they were seen, of which the proof is asked for again in one poll.
const ASKED_AGAIN: usize = 4;

/// Contradicting checkpoints with which another one is compared, the latest first.
const HISTORIES: usize = 8;

impl Pipeline {
    /// Compares a checkpoint with what is kept, and keeps it. `false`: the log is accused, which is recorded.
    pub(super) async fn audit(
        &self,
        followed: &FollowedLog,
        tree: &Tree,
        signed: &SignedCheckpoint,
        now: DateTime<Utc>,
    ) -> Result<bool, Trouble> {
        let row = self.store.log(&tree.name)?;
        let Some(kept) = row.and_then(|row| row.checkpoint) else {
            self.store.keep_checkpoint(&tree.name, &self::row(signed, true, now))?;
            return Ok(true);
        };
        // Kept before the proof is asked for: a log that does not give it must not get rid of what it signed.
        self.store.keep_checkpoint(&tree.name, &self::row(signed, false, now))?;
        let before = self.kept(followed, tree, &kept, now)?;
        if !self.compare_with(followed, tree, &before, signed, now).await? {
            return Ok(false);
        }
        self.settle(followed, tree, signed, now).await
    }

    /// A checkpoint as it was kept. Where the log's key was replaced since, it was verified with the one before, and the
    /// history must go on all the same; that the key changed is said.
    fn kept(
        &self,
        followed: &FollowedLog,
        tree: &Tree,
        kept: &CheckpointRow,
        now: DateTime<Utc>,
    ) -> Result<SignedCheckpoint, Trouble> {
        let signer = followed.log.signer();
        if let Ok(signed) = signer.verify(kept.note.as_bytes()) {
            return Ok(signed);
        }
        let statement = format!("the key of {tree} is not the one that signed what was kept of it until now");
        let evidence = Evidence::new(Misdeed::KeyChanged, signer, statement, now);
        self.accuse(tree, &evidence.served(&kept.note), now)?;
        let checkpoint = Checkpoint { origin: tree.name.clone(), size: kept.size, root: kept.root };
        Ok(SignedCheckpoint::kept(checkpoint, kept.note.clone()))
    }

    /// Whether a checkpoint is of one history with one that was kept; if not, the log is accused.
    async fn compare_with(
        &self,
        followed: &FollowedLog,
        tree: &Tree,
        before: &SignedCheckpoint,
        signed: &SignedCheckpoint,
        now: DateTime<Utc>,
    ) -> Result<bool, Trouble> {
        let trees = by_size(before, signed);
        let went_back = signed.size() < before.size();
        let (consistency, is_lost) = match self.consistency_of(followed, tree, trees, went_back).await {
            Ok(consistency) => (consistency, false),
            // A server that was restored from a backup has lost what would prove it.
            Err(Trouble::Read(error)) if went_back && error.is_missing() => {
                (Consistency::Unproven(with_causes(&error)), true)
            }
            Err(Trouble::Read(error)) => {
                // What is missing is missing of the larger tree: its checkpoint is the evidence.
                self.tree_unread(followed, tree, trees.1, &error)?;
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        if let Some(why) = self.accuse_fork(followed, tree, signed, trees, &consistency, now).await? {
            self.store.log_failed(&tree.name, &why, now)?;
            return Ok(false);
        }
        if consistency == Consistency::Proven {
            self.store.keep_checkpoint(&tree.name, &self::row(signed, true, now))?;
        }
        let misdeed = match (&consistency, went_back) {
            (Consistency::Proven, false) => return Ok(true),
            (Consistency::Proven, true) => Misdeed::Rollback,
            _ if is_lost => Misdeed::Rollback,
            _ => Misdeed::Unproven,
        };
        let evidence = contradiction(followed, misdeed, trees, &consistency, now);
        self.accuse(tree, &evidence, now)?;
        self.store.log_failed(&tree.name, &evidence.statement, now)?;
        Ok(false)
    }

    /// Whether the smaller of two trees is the beginning of the larger. Of a log that went back, what was proven before is
    /// known without asking.
    async fn consistency_of(
        &self,
        followed: &FollowedLog,
        tree: &Tree,
        (smaller, larger): (&SignedCheckpoint, &SignedCheckpoint),
        went_back: bool,
    ) -> Result<Consistency, Trouble> {
        if went_back && self.store.is_proven_checkpoint(&tree.name, smaller.size(), *smaller.root())? {
            return Ok(Consistency::Proven);
        }
        Ok(followed.log.consistency(tree, smaller, larger).await?)
    }

    /// Accuses a log of a second history, if there is one, and says of what. One that is only seen again, grown perhaps, is
    /// told once; another one is told again, whoever acknowledged the first.
    pub(super) async fn accuse_fork(
        &self,
        followed: &FollowedLog,
        tree: &Tree,
        signed: &SignedCheckpoint,
        trees: (&SignedCheckpoint, &SignedCheckpoint),
        consistency: &Consistency,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, PipelineError> {
        let Some(misdeed) = consistency.contradiction() else { return Ok(None) };
        let is_other = !self.is_known_history(followed, tree, signed).await?;
        self.store.checkpoint_contradicts(&tree.name, signed.size(), *signed.root())?;
        let mut evidence = contradiction(followed, misdeed, trees, consistency, now);
        evidence.statement += "; what differs from before was seen at ";
        evidence.statement += followed.url.as_str();
        self.accuse_of(tree, &evidence, is_other, now)?;
        Ok(Some(evidence.statement))
    }

    /// Whether a checkpoint that contradicts what is kept is of one history with another one that does.
    async fn is_known_history(
        &self,
        followed: &FollowedLog,
        tree: &Tree,
        signed: &SignedCheckpoint,
    ) -> Result<bool, PipelineError> {
        for known in self.store.contradicting_checkpoints(&tree.name, HISTORIES)? {
            let Ok(known) = followed.log.signer().verify(known.note.as_bytes()) else { continue };
            let (smaller, larger) = by_size(&known, signed);
            if matches!(followed.log.consistency(tree, smaller, larger).await, Ok(Consistency::Proven)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Asks again for the proofs that could not be had when a checkpoint was seen, now against the one that was proven.
    async fn settle(
        &self,
        followed: &FollowedLog,
        tree: &Tree,
        proven: &SignedCheckpoint,
        now: DateTime<Utc>,
    ) -> Result<bool, Trouble> {
        for unsettled in self.store.unsettled_checkpoints(&tree.name, ASKED_AGAIN)? {
            let Ok(signed) = followed.log.signer().verify(unsettled.note.as_bytes()) else { continue };
            let trees = by_size(&signed, proven);
            let consistency = followed.log.consistency(tree, trees.0, trees.1).await?;
            if let Some(why) = self.accuse_fork(followed, tree, &signed, trees, &consistency, now).await? {
                self.store.log_failed(&tree.name, &why, now)?;
                return Ok(false);
            }
            if consistency == Consistency::Proven {
                self.store.keep_checkpoint(&tree.name, &CheckpointRow { consistent: true, ..unsettled })?;
            }
        }
        Ok(true)
    }
}

/// The smaller of two checkpoints and the larger.
pub(super) fn by_size<'a>(
    one: &'a SignedCheckpoint,
    other: &'a SignedCheckpoint,
) -> (&'a SignedCheckpoint, &'a SignedCheckpoint) {
    if one.size() <= other.size() { (one, other) } else { (other, one) }
}

/// A checkpoint as it is kept.
pub(super) fn row(signed: &SignedCheckpoint, consistent: bool, now: DateTime<Utc>) -> CheckpointRow {
    CheckpointRow {
        size: signed.size(),
        root: *signed.root(),
        note: signed.note().to_owned(),
        seen_at: now,
        last_seen_at: now,
        consistent,
    }
}

fn contradiction(
    followed: &FollowedLog,
    misdeed: Misdeed,
    (smaller, larger): (&SignedCheckpoint, &SignedCheckpoint),
    consistency: &Consistency,
    now: DateTime<Utc>,
) -> Evidence {
    let origin = &larger.checkpoint().origin;
    let (few, many) = (smaller.size(), larger.size());
    let statement = match (misdeed, consistency) {
        (Misdeed::SameSize, _) => format!("{origin} signed two different trees of {few} entries"),
        (Misdeed::Rollback, Consistency::Unproven(why)) => format!(
            "{origin} signed {many} entries, and later serves a checkpoint of {few}; it does not prove that those are the \
             same ones: {why}"
        ),
        (Misdeed::Rollback, _) => {
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
    // A server of Rekor v1 proves only what it signs at that moment: then that is the larger tree.
    let larger = prefix.map_or(larger, |prefix| &prefix.at);
    Evidence::new(misdeed, followed.log.signer(), statement, now).signed(&[smaller, larger]).proven(prefix)
}

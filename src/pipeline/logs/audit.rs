//! Auditing: is what a log signs now of one history with everything that it signed before?
//!
//! The largest consistent checkpoint that is kept stands for all earlier ones, since each was compared with the one before
//! it. A smaller checkpoint is compared too: a stale copy is harmless, a second history is not.

use chrono::{DateTime, Utc};

use super::{FollowedLog, poll::Trouble};
use crate::{
    pipeline::{Pipeline, PipelineError},
    store::CheckpointRow,
    tlog::{Consistency, Misdeed, ReadError, SignedCheckpoint, Tree, evidence::Evidence},
};

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
            self.keep_checkpoint(tree, signed, true, now)?;
            return Ok(true);
        };
        // It was verified when it was kept; a key that changed since then does not make it the log's.
        let before = followed.log.signer().verify(kept.note.as_bytes()).map_err(ReadError::from)?;
        let (smaller, larger) = if before.size() <= signed.size() { (&before, signed) } else { (signed, &before) };
        let consistency = followed.log.consistency(tree, smaller, larger).await?;
        let accusation = match &consistency {
            Consistency::Proven if signed.size() >= before.size() => None,
            Consistency::Proven => Some(Misdeed::Rollback),
            Consistency::Contradiction(None) => Some(Misdeed::SameSize),
            Consistency::Contradiction(Some(_)) => Some(Misdeed::Fork),
            Consistency::Unproven(_) => Some(Misdeed::Unproven),
        };
        let is_consistent = matches!(consistency, Consistency::Proven);
        self.keep_checkpoint(tree, signed, is_consistent, now)?;
        let Some(misdeed) = accusation else { return Ok(true) };
        let evidence = contradiction(followed, misdeed, (smaller, larger), &consistency, now);
        self.accuse(tree, &evidence, now)?;
        self.store.log_failed(&tree.name, &evidence.statement, now)?;
        Ok(false)
    }

    fn keep_checkpoint(
        &self,
        tree: &Tree,
        signed: &SignedCheckpoint,
        consistent: bool,
        now: DateTime<Utc>,
    ) -> Result<(), PipelineError> {
        Ok(self.store.keep_checkpoint(&tree.name, &row(signed, consistent, now))?)
    }
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

//! Polls the mirrors of one log at several URLs. All of them show the same history, some later than others; so each
//! checkpoint is compared with all that is known, whichever mirror showed it first. A mirror that shows another history
//! proves that the log signed two. One that is behind does not violate anything, and requests that a mirror does not
//! answer go to the next.

use super::{
    answer::{Look, MirrorAnswer, ask},
    heads::{Follower, Poll},
};
use crate::{
    clock::Clock,
    logwatch::{
        audit::{Auditor, by_size},
        error::FollowError,
        log_list::FollowedLog,
        report::ViolationReporter,
        rows::rows_of,
        shown::Shown,
        tail::Tailer,
        tree_failure::TreeFailure,
    },
    store::{MirrorSeen, Store, StoreError},
    text::with_causes,
    tlog::{Consistency, LogViolation, ReadError, SignedCheckpoint, derived},
};
use std::{cmp::Reverse, sync::Arc};

/// Polls the mirrors of logs.
#[derive(Debug)]
pub struct Mirrors {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub follower: Arc<Follower>,
    pub auditor: Arc<Auditor>,
    pub tailer: Arc<Tailer>,
    pub reporter: Arc<ViolationReporter>,
}

impl Mirrors {
    /// Polls a log that has mirrors. The mirror that signed most is followed; if it fails, the next.
    pub async fn poll(&self, followed: &FollowedLog) -> Result<Poll, FollowError> {
        let mut answers = ask(followed).await;
        answers.sort_by_key(|answer| Reverse(answer.size()));
        let largest = answers.first().and_then(MirrorAnswer::size);
        let is_whole = answers.iter().all(|answer| answer.size().is_some());
        let mut look = Look {
            answering: answers.iter().filter(|answer| answer.size().is_some()).map(|answer| answer.mirror).collect(),
            all_have_at_most: if is_whole || self.went_back(followed, answers.first())? { largest } else { None },
            poll: None,
        };
        let most = largest.unwrap_or(0).max(self.known_size(followed)?);
        let mut seen = Vec::new();
        for answer in answers {
            let (url, size) = (answer.mirror.url.to_string(), answer.size());
            let signed = answer.signed().map(|(tree, signed)| (tree.name.clone(), signed.size(), *signed.root()));
            let signed: Vec<_> = signed.collect();
            let error = self.look_at_mirror(answer, &mut look).await?;
            let is_other_history = self.is_other_history(&signed)?;
            seen.push(MirrorSeen {
                url,
                size,
                is_behind: !is_other_history && size.is_some_and(|size| size < most),
                is_other_history,
                error,
            });
        }
        self.store.note_mirrors(followed.name(), &seen, self.clock.now())?;
        let mirrors = seen.iter().filter(|mirror| mirror.error.is_some()).count();
        Ok(Poll { mirrors, ..look.poll.unwrap_or_default() })
    }

    /// Whether one of these trees was found to contradict the kept checkpoints, by this poll or by an earlier one.
    fn is_other_history(&self, signed: &[(String, u64, [u8; 32])]) -> Result<bool, StoreError> {
        let mut signed = signed.iter();
        signed.try_fold(false, |is, (tree, size, root)| {
            self.store.is_contradicting_checkpoint(tree, *size, *root).map(|it| is || it)
        })
    }

    /// Whether this mirror had signed more when it last answered, or a rollback of the log is already reported. A
    /// mirror that never had more is behind, whatever the others show.
    fn went_back(&self, followed: &FollowedLog, largest: Option<&MirrorAnswer<'_>>) -> Result<bool, StoreError> {
        let Some((answer, size)) = largest.and_then(|answer| Some((answer, answer.size()?))) else { return Ok(false) };
        let had_more = self.store.log_mirrors()?.into_iter().any(|row| {
            row.log == followed.name()
                && row.url == answer.mirror.url.as_str()
                && row.size.is_some_and(|had| had > size)
        });
        let kind = LogViolation::Rollback.accusation();
        let mut rows = rows_of(&self.store, followed)?.into_iter();
        Ok(had_more || rows.try_fold(false, |is, row| self.store.log_violates(&row.name, kind).map(|it| is || it))?)
    }

    /// Follows a mirror or compares it; returns its error.
    async fn look_at_mirror(
        &self,
        answer: MirrorAnswer<'_>,
        look: &mut Look<'_>,
    ) -> Result<Option<String>, FollowError> {
        let (mirror, error) = (answer.mirror, answer.error());
        if !look.follows(answer.size(), self.known_size(mirror)?) {
            let found = self.compare_mirror(&answer, look).await?;
            return Ok(found.or(error));
        }
        let poll = self.follower.take_heads(mirror, answer.heads).await?;
        let is_troubled = poll.troubled > 0;
        look.poll = Some(poll);
        let rows = if is_troubled { rows_of(&self.store, mirror)? } else { Vec::new() };
        let said = rows.into_iter().filter(|row| row.failing_since.is_some()).find_map(|row| row.last_error);
        Ok(error.or(said).or_else(|| is_troubled.then(|| "it could not be read".to_owned())))
    }

    /// The number of entries that a log is known to have signed, in all of its trees.
    fn known_size(&self, followed: &FollowedLog) -> Result<u64, StoreError> {
        let rows = rows_of(&self.store, followed)?;
        Ok(rows.iter().filter_map(|row| Some(row.checkpoint.as_ref()?.size)).fold(0, u64::saturating_add))
    }

    /// Compares the checkpoints of a mirror with the kept ones, and reads from it what the followed mirror does not
    /// give.
    async fn compare_mirror(
        &self,
        answer: &MirrorAnswer<'_>,
        look: &mut Look<'_>,
    ) -> Result<Option<String>, FollowError> {
        let now = self.clock.now();
        for (tree, signed) in answer.signed() {
            let shown = Shown { followed: answer.mirror, tree, signed, now };
            if let Some(why) = self.hold_against(shown, look).await? {
                return Ok(Some(why));
            }
            let Some(poll) = look.poll.as_mut().filter(|poll| poll.troubled > 0 && answer.mirror.tailed) else {
                continue;
            };
            match self.tailer.tail(shown).await {
                Ok(Some(read)) if read > 0 => {
                    *poll = Poll { verified: poll.verified + read, troubled: 0, ..*poll };
                    self.store.log_succeeded(&tree.name, now)?;
                    self.reporter.clear(tree, now)?;
                }
                Ok(_) => {}
                Err(TreeFailure::Read(error)) => return Ok(Some(with_causes(&error))),
                Err(TreeFailure::Ours(error)) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The reason why a mirror's checkpoint is not of one history with the kept ones, or why that is not proven;
    /// `None`: it is.
    async fn hold_against(&self, shown: Shown<'_>, look: &Look<'_>) -> Result<Option<String>, StoreError> {
        let Shown { followed: mirror, tree, signed, .. } = shown;
        if self.store.is_proven_checkpoint(&tree.name, signed.size(), *signed.root())? {
            return Ok(None);
        }
        let Some(kept) = self.store.log(&tree.name)?.and_then(|row| row.checkpoint) else {
            return Ok(Some("nothing to compare it with yet".to_owned()));
        };
        let Ok(kept) = mirror.log.signer().verify(kept.note.as_bytes()) else {
            return Ok(Some("the known history of the log was signed with another key".to_owned()));
        };
        self.store.keep_checkpoint(&tree.name, &shown.row(false))?;
        let trees = by_size(&kept, signed);
        match consistency(shown, &look.answering, trees).await {
            Ok(Consistency::Proven(proof)) => {
                self.store.keep_proven_checkpoint(&tree.name, &shown.row(true), proof, derived)?;
                Ok(None)
            }
            Ok(Consistency::Unproven(why)) => Ok(Some(why)),
            Ok(consistency) => self.auditor.accuse_fork(shown, trees, &consistency).await,
            Err(error) => Ok(Some(with_causes(&error))),
        }
    }
}

/// Whether two checkpoints are of one history, by the proof of any mirror: first of the one that signed one of them.
async fn consistency(
    Shown { followed: mirror, tree, .. }: Shown<'_>,
    answering: &[&FollowedLog],
    (smaller, larger): (&SignedCheckpoint, &SignedCheckpoint),
) -> Result<Consistency, ReadError> {
    let mut outcome = mirror.log.consistency(tree, smaller, larger).await;
    for other in answering.iter().filter(|other| other.url != mirror.url) {
        if matches!(outcome, Ok(Consistency::Proven(_) | Consistency::Contradiction(_))) {
            break;
        }
        outcome = other.log.consistency(tree, smaller, larger).await;
    }
    outcome
}

//! One log at several URLs. All of them show the same history, some later than others; so what each signed is held against
//! what is known, whoever showed it first. A mirror that shows another history proves that the log signed two. One that is
//! behind is not accused of going back, and what one of them does not answer is read from the next.

use std::{cmp::Reverse, iter};

use chrono::{DateTime, Utc};
use futures::future::join_all;

use super::{FollowedLog, audit, poll::Poll, trouble::Trouble};
use crate::{
    pipeline::{Pipeline, PipelineError},
    store::MirrorSeen,
    text::with_causes,
    tlog::{Consistency, Head, Misdeed, ReadError, SignedCheckpoint, Tree},
};

/// What one mirror says.
struct Answer<'a> {
    mirror: &'a FollowedLog,
    heads: Result<Vec<Head>, ReadError>,
}

impl Answer<'_> {
    fn signed(&self) -> impl Iterator<Item = (&Tree, &SignedCheckpoint)> {
        let heads = self.heads.iter().flatten();
        heads.filter_map(|head| Some((&head.tree, head.checkpoint.as_ref().ok()?)))
    }

    /// How many entries it signed, in all of its trees; `None`: it says nothing that is signed.
    fn size(&self) -> Option<u64> {
        self.signed().map(|(_, signed)| signed.size()).reduce(u64::saturating_add)
    }

    /// What is wrong with the answer as such.
    fn error(&self) -> Option<String> {
        match &self.heads {
            Ok(heads) => heads.iter().find_map(|head| head.checkpoint.as_ref().err()).map(|error| with_causes(error)),
            Err(error) => Some(with_causes(error)),
        }
    }
}

/// How far a look at the mirrors has come.
struct Look<'a> {
    /// Those that answered.
    answering: Vec<&'a FollowedLog>,
    /// The most that any of them signed, if that is all that the log shows: every mirror says something that is signed, or
    /// of those that do the largest had signed more itself.
    all_have_at_most: Option<u64>,
    /// What the one that is followed gave; `None`: none was yet.
    poll: Option<Poll>,
}

impl Look<'_> {
    /// Whether a mirror is to be followed: none is yet that gives no trouble. One that has less than is known is behind; that
    /// the log went back is so only if all of its mirrors that answer did.
    fn follows(&self, size: Option<u64>, known: u64) -> bool {
        let is_open = self.poll.as_ref().is_none_or(|poll| poll.troubled > 0);
        is_open && size.is_none_or(|size| size >= known || self.all_have_at_most == Some(size))
    }
}

impl Pipeline {
    /// Looks at a log that has mirrors. The one that signed most is followed; where it gives trouble, the next.
    pub(super) async fn poll_mirrors(&self, followed: &FollowedLog) -> Result<Poll, PipelineError> {
        let mut answers = ask(followed).await;
        answers.sort_by_key(|answer| Reverse(answer.size()));
        let largest = answers.first().and_then(Answer::size);
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

    /// Whether one of these trees was found to contradict what is known, by this look or by one before it.
    fn is_other_history(&self, signed: &[(String, u64, [u8; 32])]) -> Result<bool, PipelineError> {
        let mut signed = signed.iter();
        Ok(signed.try_fold(false, |is, (tree, size, root)| {
            self.store.is_contradicting_checkpoint(tree, *size, *root).map(|it| is || it)
        })?)
    }

    /// Whether this mirror had signed more when it last answered, or the log is accused of going back as it is. One that never
    /// had more is behind, whatever the others would say.
    fn went_back(&self, followed: &FollowedLog, largest: Option<&Answer<'_>>) -> Result<bool, PipelineError> {
        let Some((answer, size)) = largest.and_then(|answer| Some((answer, answer.size()?))) else { return Ok(false) };
        let had_more = self.store.log_mirrors()?.into_iter().any(|row| {
            row.log == followed.name()
                && row.url == answer.mirror.url.as_str()
                && row.size.is_some_and(|had| had > size)
        });
        let kind = Misdeed::Rollback.accusation();
        let mut rows = self.rows_of(followed)?.into_iter();
        Ok(had_more || rows.try_fold(false, |is, row| self.store.log_violates(&row.name, kind).map(|it| is || it))?)
    }

    /// Follows a mirror or compares it; what is wrong with it.
    async fn look_at_mirror(&self, answer: Answer<'_>, look: &mut Look<'_>) -> Result<Option<String>, PipelineError> {
        let (mirror, error) = (answer.mirror, answer.error());
        if !look.follows(answer.size(), self.known_size(mirror)?) {
            let found = self.compare_mirror(&answer, look).await?;
            return Ok(found.or(error));
        }
        let poll = self.take_heads(mirror, answer.heads).await?;
        let is_troubled = poll.troubled > 0;
        look.poll = Some(poll);
        let rows = if is_troubled { self.rows_of(mirror)? } else { Vec::new() };
        let said = rows.into_iter().filter(|row| row.failing_since.is_some()).find_map(|row| row.last_error);
        Ok(error.or(said).or_else(|| is_troubled.then(|| "it could not be read".to_owned())))
    }

    /// How many entries a log is known to have signed, in all of its trees.
    fn known_size(&self, followed: &FollowedLog) -> Result<u64, PipelineError> {
        let rows = self.rows_of(followed)?;
        Ok(rows.iter().filter_map(|row| Some(row.checkpoint.as_ref()?.size)).fold(0, u64::saturating_add))
    }

    /// Holds what a mirror signed against what is known, and reads from it what the one that is followed does not give.
    async fn compare_mirror(&self, answer: &Answer<'_>, look: &mut Look<'_>) -> Result<Option<String>, PipelineError> {
        let now = self.clock.now();
        for (tree, signed) in answer.signed() {
            if let Some(why) = self.hold_against(answer.mirror, look, (tree, signed), now).await? {
                return Ok(Some(why));
            }
            let Some(poll) = look.poll.as_mut().filter(|poll| poll.troubled > 0 && answer.mirror.tailed) else {
                continue;
            };
            match self.tail(answer.mirror, tree, signed).await {
                Ok(Some(read)) if read > 0 => {
                    *poll = Poll { verified: poll.verified + read, troubled: 0, ..*poll };
                    self.store.log_succeeded(&tree.name, now)?;
                    self.acquit(tree, now)?;
                }
                Ok(_) => {}
                Err(Trouble::Read(error)) => return Ok(Some(with_causes(&error))),
                Err(Trouble::Pipeline(error)) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Whether a mirror's checkpoint is of one history with what is known; if not, or if nobody proves it, why.
    async fn hold_against(
        &self,
        mirror: &FollowedLog,
        look: &Look<'_>,
        (tree, signed): (&Tree, &SignedCheckpoint),
        now: DateTime<Utc>,
    ) -> Result<Option<String>, PipelineError> {
        if self.store.is_proven_checkpoint(&tree.name, signed.size(), *signed.root())? {
            return Ok(None);
        }
        let Some(kept) = self.store.log(&tree.name)?.and_then(|row| row.checkpoint) else {
            return Ok(Some("there is nothing yet to compare it with".to_owned()));
        };
        let Ok(kept) = mirror.log.signer().verify(kept.note.as_bytes()) else {
            return Ok(Some("what is known of the log was signed with another key".to_owned()));
        };
        self.store.keep_checkpoint(&tree.name, &audit::row(signed, false, now))?;
        let trees = audit::by_size(&kept, signed);
        match consistency(mirror, &look.answering, tree, trees).await {
            Ok(Consistency::Proven) => {
                self.store.keep_checkpoint(&tree.name, &audit::row(signed, true, now))?;
                Ok(None)
            }
            Ok(Consistency::Unproven(why)) => Ok(Some(why)),
            Ok(consistency) => self.accuse_fork(mirror, tree, signed, trees, &consistency, now).await,
            Err(error) => Ok(Some(with_causes(&error))),
        }
    }
}

/// Asks all mirrors at once.
async fn ask(followed: &FollowedLog) -> Vec<Answer<'_>> {
    let mirrors = iter::once(followed).chain(followed.mirrors.iter().map(AsRef::as_ref));
    join_all(mirrors.map(|mirror| async move { Answer { mirror, heads: mirror.log.heads().await } })).await
}

/// Whether two checkpoints are of one history, as whichever mirror proves it: first the one that signed one of them.
async fn consistency(
    mirror: &FollowedLog,
    answering: &[&FollowedLog],
    tree: &Tree,
    (smaller, larger): (&SignedCheckpoint, &SignedCheckpoint),
) -> Result<Consistency, ReadError> {
    let mut outcome = mirror.log.consistency(tree, smaller, larger).await;
    for other in answering.iter().filter(|other| other.url != mirror.url) {
        if matches!(outcome, Ok(Consistency::Proven | Consistency::Contradiction(_))) {
            break;
        }
        outcome = other.log.consistency(tree, smaller, larger).await;
    }
    outcome
}

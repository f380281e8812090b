//! The answers of a log's mirrors, and the choice of the one to follow.

use std::iter;

use futures::future::join_all;

use super::heads::Poll;
use crate::{
    logwatch::log_list::FollowedLog,
    text::with_causes,
    tlog::{Head, ReadError, SignedCheckpoint, Tree},
};

/// The answer of one mirror.
pub struct MirrorAnswer<'a> {
    pub mirror: &'a FollowedLog,
    pub heads: Result<Vec<Head>, ReadError>,
}

impl MirrorAnswer<'_> {
    /// The trees with a verified checkpoint.
    pub fn signed(&self) -> impl Iterator<Item = (&Tree, &SignedCheckpoint)> {
        let heads = self.heads.iter().flatten();
        heads.filter_map(|head| Some((&head.tree, head.checkpoint.as_ref().ok()?)))
    }

    /// How many entries it signed, in all of its trees; `None`: it shows no verified checkpoint.
    pub fn size(&self) -> Option<u64> {
        self.signed().map(|(_, signed)| signed.size()).reduce(u64::saturating_add)
    }

    /// The error of the answer as a whole.
    pub fn error(&self) -> Option<String> {
        match &self.heads {
            Ok(heads) => heads.iter().find_map(|head| head.checkpoint.as_ref().err()).map(|error| with_causes(error)),
            Err(error) => Some(with_causes(error)),
        }
    }
}

/// The progress of a poll of the mirrors.
pub struct Look<'a> {
    /// Those that answered.
    pub answering: Vec<&'a FollowedLog>,
    /// The most that any of them signed, if that is all that the log shows: every mirror shows a verified checkpoint,
    /// or the largest of those that do had signed more itself.
    pub all_have_at_most: Option<u64>,
    /// The result of the mirror that is followed; `None`: none is followed yet.
    pub poll: Option<Poll>,
}

impl Look<'_> {
    /// Whether a mirror is to be followed: no mirror without errors is followed yet. A mirror with fewer entries than
    /// known is behind; the log itself went back only if all of its mirrors that answer did.
    pub fn follows(&self, size: Option<u64>, known: u64) -> bool {
        let is_open = self.poll.as_ref().is_none_or(|poll| poll.troubled > 0);
        is_open && size.is_none_or(|size| size >= known || self.all_have_at_most == Some(size))
    }
}

/// Polls all mirrors at once.
pub async fn ask(followed: &FollowedLog) -> Vec<MirrorAnswer<'_>> {
    let mirrors = iter::once(followed).chain(followed.mirrors.iter().map(AsRef::as_ref));
    join_all(mirrors.map(|mirror| async move { MirrorAnswer { mirror, heads: mirror.log.heads().await } })).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logwatch::lab::Lab;

    #[test]
    fn of_mirrors_the_one_that_is_behind_is_followed_only_where_all_are() {
        let look = |all_have_at_most, poll| Look { answering: Vec::new(), all_have_at_most, poll };
        let troubled = Poll { troubled: 1, ..Poll::default() };
        for (look, size, known, expected) in [
            (look(None, None), Some(5), 5, true),
            (look(None, None), Some(4), 5, false),
            (look(Some(4), None), Some(4), 5, true),
            (look(None, None), None, 5, true),
            (look(None, Some(Poll::default())), Some(5), 5, false),
            (look(None, Some(troubled)), Some(5), 5, true),
        ] {
            assert_eq!(look.follows(size, known), expected, "{size:?} of {known}");
        }
    }

    #[tokio::test]
    async fn a_mirror_says_what_it_signed_or_why_not() {
        let lab = Lab::new();
        lab.log.grow(3, "one");
        let followed = lab.followed();
        let answers = ask(&followed).await;
        assert_eq!(answers.iter().map(|answer| (answer.size(), answer.error())).collect::<Vec<_>>(), [(Some(3), None)]);
        let silent = MirrorAnswer { mirror: &followed, heads: Err(ReadError::Beyond { index: 0, size: 0 }) };
        assert!(silent.size().is_none() && silent.error().is_some());
    }
}

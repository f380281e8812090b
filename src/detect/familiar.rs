//! Distinguishes familiar publishers, repositories and workflows of a release from unfamiliar ones.

use chrono::TimeDelta;

use super::{Change, Novelty};
use crate::model::{
    AuthMethod, LineBaseline, Observation, named_repository,
    traits::{
        Emails, ForgeReleases, Maintainers, NamedRepositories, Publishers, Repositories, RepositoryIds, Workflows,
    },
    words::TagPresence,
};

/// For how many days an account must have been a maintainer to be known as one.
const MAINTAINER_DAYS: i64 = 14;

impl Change<'_> {
    /// Whether an account was among the maintainers of an earlier release, at least two weeks before.
    pub fn is_known_maintainer(&self, name: &str) -> bool {
        let known = |line: &LineBaseline| line.tally(Maintainers).get(name).map(|seen| seen.first);
        let first = self.package.lines.values().filter_map(known).min();
        first.is_some_and(|first| self.release.published_at - first >= TimeDelta::days(MAINTAINER_DAYS))
    }

    /// Whether an account published or maintained an earlier release, on any line.
    pub fn is_account_known(&self, name: &str) -> bool {
        let known = |line: &LineBaseline| self.knows(line, Publishers, name) || self.knows(line, Maintainers, name);
        self.package.lines.values().any(known)
    }

    /// Whether the publisher raises no doubt: the account and its address are known to the line, or the registry names
    /// none.
    pub fn is_publisher_familiar(&self) -> bool {
        let Some(publisher) = &self.release.publisher else { return true };
        let email = publisher.email.as_deref();
        self.unfamiliar_account(&publisher.name).is_none()
            && email.is_none_or(|email| self.novelty(Emails, email).is_none())
    }

    /// Whether no verified identity has a repository that is new to the line, or, if no repository ever built the line,
    /// one that no manifest named. Anyone can tag in a repository of their own.
    pub fn is_repository_familiar(&self) -> bool {
        self.traits.iter().all(|traits| match (traits.repository_id, traits.repository.as_deref()) {
            (_, Some(name)) if self.profile().is_some_and(|profile| profile.tally(Repositories).is_empty()) => {
                named_repository(name).is_none_or(|name| self.novelty(NamedRepositories, &name).is_none())
            }
            (Some(id), _) => self.novelty(RepositoryIds, id).is_none(),
            (None, Some(name)) => self.novelty(Repositories, name).is_none(),
            (None, None) => true,
        })
    }

    /// Whether every identity of a release has a workflow and a repository that the line knows, and there is one.
    pub fn is_workflow_familiar(&self) -> bool {
        !self.traits.is_empty()
            && self.traits.iter().all(|traits| {
                let known = |new: Option<Novelty>| new.is_none();
                traits.workflow.as_deref().is_some_and(|workflow| known(self.novelty(Workflows, workflow)))
                    && traits.repository_id.is_none_or(|id| known(self.novelty(RepositoryIds, id)))
            })
    }

    /// Whether tag and forge release excuse a release that a token published. A tag of an old commit, or of one that nobody
    /// merged, is easily made: only a tag of a newer commit of the default branch does, or a failed run of the workflow
    /// just before. If the registry does not name a token, any tag does; so it does if the forge gave nothing but the tag,
    /// because the doubt is then about every release alike.
    pub fn is_excused(&self) -> bool {
        self.is_in_the_open() && is_excused_by_tag(self.release)
    }

    /// Whether the release is known to have been made in the open: its tag exists in a repository of the package's, and
    /// the forge's release is not known to be missing. An attacker with only a registry token cannot do that.
    pub fn is_in_the_open(&self) -> bool {
        let is_released = self.forge_release() != Some(false)
            || self.always(ForgeReleases, TagPresence::Absent, TagPresence::Present);
        self.tag() == Some(true) && is_released && self.is_repository_familiar() && is_tag_of_build(self.release)
    }
}

/// Whether the tag that a release has speaks for it, see [`Change::is_excused`].
pub fn is_excused_by_tag(release: &Observation) -> bool {
    let facts = &release.facts;
    let on_default_branch = facts.commit.as_ref().and_then(|commit| commit.on_default_branch);
    let is_newer = facts.tag.as_ref().and_then(|tag| tag.is_newer);
    let is_merged = on_default_branch == Some(true) && is_newer != Some(false);
    let has_failed = facts.run.as_ref().is_some_and(|run| run.conclusion.as_deref() == Some("failure"));
    let by_token = release.auth.method == AuthMethod::Token && facts.repository.is_some();
    !by_token || is_merged || has_failed
}

/// Whether the tag names the commit that was built, as far as both are known: a tag of another commit excuses nothing.
fn is_tag_of_build(release: &Observation) -> bool {
    let Some(tagged) = release.facts.tag.as_ref().and_then(|tag| tag.commit.as_deref()) else { return true };
    let mut built = release.verified().filter_map(|it| it.identity.claims.source_repository_digest.as_deref());
    built.all(|commit| commit.eq_ignore_ascii_case(tagged))
}

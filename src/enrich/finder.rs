//! Collects the facts of one release from a forge, with the reasons for those that stay unknown.

use chrono::{DateTime, TimeDelta, Utc};

use super::{ForgeAnswer, ForgeRepository, doubt::Doubt, place::commit};
use crate::model::{CommitFacts, Fact, Facts, Observation, RepositoryFacts, TagFacts};

/// For how long after a release its branches are expected to be as they were.
const BRANCHES_LAST: TimeDelta = TimeDelta::days(1);

/// A request for the facts about a release.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The release.
    pub release: &'a Observation,
    /// Its repository: the one that built it, or the one that built the releases before.
    pub place: &'a ForgeRepository,
    /// Names (`owner/name`) under which the package's repository was known before.
    pub former: &'a [String],
    /// Since when manifests of the package name the repository, where no certificate does.
    pub named_since: Option<DateTime<Utc>>,
    /// The commit of the version before, by its certificate or its tag; of the same line, if the release has a certificate.
    pub commit_before: Option<&'a str>,
    /// How much is asked.
    pub depth: Depth,
}

/// How much is asked of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Whether it has a tag, which needs no API.
    Tag,
    /// Everything.
    All,
}

impl Question<'_> {
    /// Whether the release's own certificate names the repository, with its id.
    pub(super) fn is_certified(&self) -> bool {
        self.place.id.is_some() && ForgeRepository::of(self.release).as_ref() == Some(self.place)
    }
}

/// The facts from a forge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The facts; those that it did not give are in [`Facts::unknown`] with the reason.
    pub facts: Facts,
    /// Whether a later request may give more: the forge could not be reached, or the run is not over.
    pub more_later: bool,
}

/// Facts while they are collected.
pub(super) struct Finder<'a> {
    pub(super) facts: Facts,
    failed: bool,
    /// Whether the name of the repository, which nothing else identifies, belongs to another repository now.
    is_stranger: bool,
    pub(super) question: Question<'a>,
}

impl<'a> Finder<'a> {
    /// Nothing is found yet.
    pub(super) fn new(question: Question<'a>) -> Self {
        Self { facts: Facts::default(), failed: false, is_stranger: false, question }
    }

    pub(super) fn unknown(&mut self, what: Fact, why: impl Into<String>) {
        self.facts.unknown_because(what, why);
    }

    /// Records a fact that could not be determined this time.
    pub(super) fn failed(&mut self, what: Fact, why: impl Into<String>) {
        self.failed = true;
        self.unknown(what, why);
    }

    pub(super) fn close(self) -> Found {
        let is_running = self.facts.run.as_ref().is_some_and(|run| run.conclusion.is_none());
        Found { more_later: self.failed || is_running, facts: self.facts }
    }

    /// The value, or its absence with the reason. A thing that the forge does not have is not an unknown fact.
    pub(super) fn take<T>(&mut self, what: Fact, known: ForgeAnswer<T>) -> Option<T> {
        match known {
            ForgeAnswer::Found(value) => return Some(value),
            ForgeAnswer::Missing => self.unknown(what, "the forge does not have it"),
            ForgeAnswer::Unknown(why) => self.failed(what, why),
        }
        None
    }

    /// A repository that is known by its id but not found was deleted, or is not public any more.
    pub(super) fn gone<T>(&mut self, place: &ForgeRepository, known: &ForgeAnswer<T>) {
        if place.id.is_some() && matches!(known, ForgeAnswer::Missing) {
            self.repository().visibility = Some("gone".to_owned());
        }
    }

    /// What Git's protocol shows. The head of the default branch is on it, and comes after every commit that was its head
    /// before.
    pub(super) fn take_references(&mut self, tag: TagFacts, head: Option<&str>) {
        self.facts.tag = Some(tag);
        if let (Some(commit), Some(head)) = (self.commit_id(), head)
            && commit.eq_ignore_ascii_case(head)
        {
            self.commit().on_default_branch = Some(true);
        }
    }

    /// If the name is another repository's, what the API tells by this name is about that one. By an id it tells about the
    /// repository that is meant.
    pub(super) fn name_is_strange(&mut self, doubt: &Doubt) {
        self.is_stranger = matches!(doubt, Doubt::Stranger(_)) && self.question.place.id.is_none();
    }

    /// Says why the tag is not known, unless the API knew it or said why not.
    pub(super) fn doubt_tag(&mut self, doubt: Doubt) {
        let is_said = self.facts.unknown.as_ref().is_some_and(|unknown| unknown.contains_key(&Fact::Tag));
        match doubt {
            _ if is_said || self.facts.tag.is_some() => {}
            Doubt::Unknown(why) => self.failed(Fact::Tag, why),
            Doubt::Stranger(why) => self.unknown(Fact::Tag, why),
        }
    }

    /// Whether nothing but its age and owner can be said of the repository that has the name.
    pub(super) fn is_stranger(&self) -> bool {
        self.is_stranger
    }

    /// The commit that was built; of a release without a certificate, the one that its tag names.
    pub(super) fn commit_id(&self) -> Option<String> {
        let tagged = || self.facts.tag.as_ref().and_then(|tag| tag.commit.clone());
        commit(self.question.release).map(str::to_owned).or_else(tagged)
    }

    pub(super) fn repository(&mut self) -> &mut RepositoryFacts {
        self.facts.repository.get_or_insert_default()
    }

    pub(super) fn commit(&mut self) -> &mut CommitFacts {
        self.facts.commit.get_or_insert_default()
    }

    /// Whether a branch has the commit. Branches move on and are deleted: that none has it now says nothing of a release that
    /// is older than a day.
    pub(super) fn on_any_branch(&mut self, has_it: bool, now: DateTime<Utc>) {
        if has_it || now - self.question.release.published_at < BRANCHES_LAST {
            self.commit().on_any_branch = Some(has_it);
        } else {
            self.unknown(Fact::OnAnyBranch, "no branch has it now, a day or more after the release");
        }
    }

    /// Whether something exists, if that could be determined.
    pub(super) fn exists<T>(&mut self, what: Fact, answer: &ForgeAnswer<T>) -> Option<bool> {
        match answer {
            ForgeAnswer::Found(_) => Some(true),
            ForgeAnswer::Missing => Some(false),
            ForgeAnswer::Unknown(why) => {
                self.failed(what, why.clone());
                None
            }
        }
    }
}

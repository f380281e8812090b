//! Facts: what the forges know around a release. Whether its repository is young or a fork, its version tagged, its commit
//! merged and signed, its run successful.
//!
//! Nothing here fails: what could not be found out is unknown, with the reason, and never "no". Only the forges of the
//! configuration are asked, whatever a document names.

mod ask;
mod branches;
mod forge;
mod former;
mod github;
mod gitlab;
mod place;
mod standing;
mod tags;

use std::{fmt, sync::Arc};

pub use ask::{Answer, Remembered};
pub use forge::{Failing, Forge, ForgeKind};
pub use place::Place;
pub use standing::Standing;

use crate::{
    clock::Clock,
    http::Client,
    model::{CommitFacts, Facts, Observation, RepositoryFacts},
};

/// Where answers are kept from one question to the next. Losing them costs requests, and nothing else.
pub trait Cache: Send + Sync + fmt::Debug {
    /// What was answered before.
    fn remembered(&self, key: &str) -> Option<Remembered>;

    /// Keeps an answer.
    fn remember(&self, key: &str, answer: &Remembered);
}

/// The forges that may be asked.
#[derive(Debug)]
pub struct Forges {
    known: Vec<Forge>,
    http: Client,
    clock: Arc<dyn Clock>,
    cache: Arc<dyn Cache>,
}

/// What is asked of a release.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The release.
    pub release: &'a Observation,
    /// Its repository: the one that built it, or the one that built the releases before.
    pub place: &'a Place,
    /// Names (`owner/name`) under which the package's repository was known before.
    pub former: &'a [String],
}

/// What a forge told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The facts; what it did not tell stands in [`Facts::unknown`] with the reason.
    pub facts: Facts,
    /// Whether it may tell more later: it could not be asked, or the run is not over.
    pub more_later: bool,
}

impl Forges {
    /// Forges, asked through this client, whose answers are kept there.
    pub fn new(known: Vec<Forge>, http: Client, clock: Arc<dyn Clock>, cache: Arc<dyn Cache>) -> Self {
        Self { known, http, clock, cache }
    }

    /// Whether a place is at a forge that is asked.
    pub fn knows(&self, place: &Place) -> bool {
        self.forge(place).is_some()
    }

    /// Whether a place is at a forge that is asked with a token, and so about every release.
    pub fn is_asked_with_token(&self, place: &Place) -> bool {
        self.forge(place).is_some_and(Forge::has_token)
    }

    /// Every forge by its host, and whether it fails.
    pub fn failing(&self) -> impl Iterator<Item = (&str, Option<Failing>)> {
        self.known.iter().map(|forge| (forge.host.as_str(), forge.failing()))
    }

    fn forge(&self, place: &Place) -> Option<&Forge> {
        self.known.iter().find(|forge| forge.host == place.host)
    }

    /// Everything that the forge tells of a release.
    pub async fn facts(&self, question: Question<'_>) -> Found {
        let mut found = Finder { facts: Facts::default(), failed: false, question };
        let Some(forge) = self.forge(question.place) else {
            found.unknown("repository", format!("{} is not a forge that is asked ([forges])", question.place.host));
            return found.close();
        };
        let asker = ask::Asker { forge, http: &self.http, clock: &*self.clock, cache: &*self.cache };
        match forge.kind {
            ForgeKind::Github => github::find(&asker, &mut found).await,
            ForgeKind::Gitlab => gitlab::find(&asker, &mut found).await,
        }
        found.close()
    }
}

/// Facts while they are found.
struct Finder<'a> {
    facts: Facts,
    failed: bool,
    question: Question<'a>,
}

impl Finder<'_> {
    fn unknown(&mut self, what: &str, why: impl Into<String>) {
        self.facts.unknown_because(what, why);
    }

    /// What could not be found out this time.
    fn failed(&mut self, what: &str, why: impl Into<String>) {
        self.failed = true;
        self.unknown(what, why);
    }

    fn close(self) -> Found {
        let is_running = self.facts.run.as_ref().is_some_and(|run| run.conclusion.is_none());
        Found { more_later: self.failed || is_running, facts: self.facts }
    }

    /// The value, or its absence with the reason. What the forge does not have is nothing that could be known.
    fn take<T>(&mut self, what: &str, known: Answer<T>) -> Option<T> {
        match known {
            Answer::Found(value) => return Some(value),
            Answer::Missing => self.unknown(what, "the forge does not have it"),
            Answer::Unknown(why) => self.failed(what, why),
        }
        None
    }

    /// A repository that is known by its id and not to be found was deleted, or is not public any more.
    fn gone<T>(&mut self, place: &Place, known: &Answer<T>) {
        if place.id.is_some() && matches!(known, Answer::Missing) {
            self.repository().visibility = Some("gone".to_owned());
        }
    }

    fn repository(&mut self) -> &mut RepositoryFacts {
        self.facts.repository.get_or_insert_default()
    }

    fn commit(&mut self) -> &mut CommitFacts {
        self.facts.commit.get_or_insert_default()
    }

    /// Whether something exists, if that could be found out.
    fn exists<T>(&mut self, what: &str, answer: &Answer<T>) -> Option<bool> {
        match answer {
            Answer::Found(_) => Some(true),
            Answer::Missing => Some(false),
            Answer::Unknown(why) => {
                self.failed(what, why.clone());
                None
            }
        }
    }
}

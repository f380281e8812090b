//! The configured forges, and the choice of the one that a release belongs to.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    Failing, Forge, ForgeKind, ForgeRepository,
    ask::{self, Cache},
    doubt::Doubt,
    finder::{Depth, Finder, Found, Question},
    github, gitlab,
    references::{self, Tags},
    tags,
};
use crate::{
    clock::Clock,
    git::GitRemote,
    http::Client,
    model::{Fact, Observation, TagFacts},
};

/// The forges that provwatch may query.
#[derive(Debug)]
pub struct Forges {
    pub(super) known: Vec<Forge>,
    pub(super) http: Client,
    tags: Tags,
    clock: Arc<dyn Clock>,
    cache: Arc<dyn Cache>,
}

impl Forges {
    /// Forges that are queried through this client, with this cache.
    pub fn new(known: Vec<Forge>, http: Client, clock: Arc<dyn Clock>, cache: Arc<dyn Cache>) -> Self {
        let tags = Tags::new(GitRemote::new(&http));
        Self { known, http, tags, clock, cache }
    }

    /// Whether a repository is at a configured forge.
    pub fn knows(&self, place: &ForgeRepository) -> bool {
        self.forge(place).is_some()
    }

    /// Whether a repository is at a forge with a token, so that every release is looked up.
    pub(crate) fn is_asked_with_token(&self, place: &ForgeRepository) -> bool {
        self.forge(place).is_some_and(Forge::has_token)
    }

    /// Every forge by its host, and whether it fails.
    pub fn failing(&self) -> impl Iterator<Item = (&str, Option<Failing>)> {
        self.known.iter().map(|forge| (forge.host.as_str(), forge.failing()))
    }

    pub(super) fn forge(&self, place: &ForgeRepository) -> Option<&Forge> {
        self.known.iter().find(|forge| forge.host == place.host)
    }

    /// All facts of the forge about a release.
    pub async fn facts(&self, question: Question<'_>) -> Found {
        let mut found = Finder::new(question);
        let Some(forge) = self.forge(question.place) else {
            found.unknown(Fact::Repository, format!("{} is not a forge that is asked ([forges])", question.place.host));
            return found.close();
        };
        let asker = self.asker(forge);
        let doubt = match self.tags.find(&asker, &question).await {
            Ok((tag, head)) => {
                found.take_references(tag, head.as_deref());
                None
            }
            Err(doubt) => {
                found.name_is_strange(&doubt);
                Some(doubt)
            }
        };
        match (question.depth, forge.kind) {
            (Depth::Tag, _) => {}
            (Depth::All, ForgeKind::Github) => github::find(&asker, &mut found).await,
            (Depth::All, ForgeKind::Gitlab) => gitlab::find(&asker, &mut found).await,
        }
        if let Some(doubt) = doubt {
            found.doubt_tag(doubt);
        }
        found.close()
    }

    /// The tags that earlier releases had, in the order of the releases, by a full listing of the repository.
    /// `is_certified`: a certificate of now names the repository with its id.
    ///
    /// # Errors
    /// Why they are not known.
    pub(crate) async fn past_tags(
        &self,
        place: &ForgeRepository,
        is_certified: bool,
        named_since: Option<DateTime<Utc>>,
        releases: &[Observation],
    ) -> Result<Vec<TagFacts>, String> {
        let forge = self.forge(place).ok_or_else(|| format!("{} is not a forge that is asked", place.host))?;
        let listed = self.tags.all(&self.asker(forge), place, is_certified, named_since).await;
        let listed = listed.map_err(Doubt::reason)?;
        Ok(releases.iter().map(|release| references::tag(&listed, tags::candidates(release))).collect())
    }

    pub(super) fn asker<'a>(&'a self, forge: &'a Forge) -> ask::Asker<'a> {
        ask::Asker { forge, http: &self.http, clock: &*self.clock, cache: &*self.cache }
    }
}

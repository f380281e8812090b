//! Looks up tags by Git's protocol, which needs neither a token nor an API, for every new release.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use chrono::{DateTime, Utc};

use super::{ForgeRepository, ask::Asker, doubt::Doubt, finder::Question, name::confirm_name, tags};
use crate::{
    git::{GitError, GitRemote, ListingSchedule, References, RepositoryUrl, is_recent},
    http::Allowance,
    model::TagFacts,
    text::with_causes,
};

/// Listings that are kept: packages of one repository ask for the same one, one after the other.
const KEPT: usize = 4;

/// How long one question may take. A host that asks for a longer pause gets the question later: a release waits for no
/// other host.
const ALLOWANCE: Allowance =
    Allowance { patience: Duration::from_secs(3), exchange: Duration::from_secs(8), together: Duration::from_secs(8) };

/// Lists the references of repositories: single tags at any time, everything seldom.
#[derive(Debug)]
pub(super) struct Tags {
    remote: GitRemote,
    schedule: ListingSchedule,
    /// The last listings, the latest last.
    kept: Mutex<Vec<(RepositoryUrl, Arc<References>)>>,
    /// One for each repository that is being listed: others wait for its listing.
    listing: Mutex<HashMap<RepositoryUrl, Weak<tokio::sync::Mutex<()>>>>,
}

impl Tags {
    pub fn new(remote: GitRemote) -> Self {
        Self { remote, schedule: ListingSchedule::default(), kept: Mutex::default(), listing: Mutex::default() }
    }

    /// Whether the version has a tag, which commit it names, and which one is the head of the default branch.
    ///
    /// # Errors
    /// Why that is not known.
    pub async fn find(&self, asker: &Asker<'_>, question: &Question<'_>) -> Result<(TagFacts, Option<String>), Doubt> {
        confirm_name(asker, question.place, question.is_certified(), question.named_since).await?;
        let candidates = tags::candidates(question.release);
        let repository = repository(question.place)?;
        let listed = self.remote.within(ALLOWANCE).tags_with_prefix(&repository, &candidates).await;
        let references = listed.map_err(|error| unanswered(&error))?;
        let head = references.head.as_ref().map(|head| head.id.to_string());
        Ok((tag(&references, candidates), head))
    }

    /// Every reference of a repository, by a listing of the last hour. `is_certified`: a certificate of now names it.
    pub async fn all(
        &self,
        asker: &Asker<'_>,
        place: &ForgeRepository,
        is_certified: bool,
        named_since: Option<DateTime<Utc>>,
    ) -> Result<Arc<References>, Doubt> {
        confirm_name(asker, place, is_certified, named_since).await?;
        let repository = repository(place)?;
        let turn = self.turn(&repository);
        let _turn = turn.lock().await;
        let now = asker.clock.now();
        if let Some(known) = self.known(&repository, now) {
            return Ok(known);
        }
        self.schedule.take(&repository, None, now).map_err(|not_due| Doubt::Unknown(not_due.to_string()))?;
        let listed = self.remote.within(ALLOWANCE).list(&repository).await.map_err(|error| unanswered(&error))?;
        Ok(self.keep(repository, listed))
    }

    fn turn(&self, repository: &RepositoryUrl) -> Arc<tokio::sync::Mutex<()>> {
        let mut listing = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        listing.retain(|_, turn| turn.strong_count() > 0);
        let known = listing.get(repository).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let turn = Arc::default();
            listing.insert(repository.clone(), Arc::downgrade(&turn));
            turn
        })
    }

    fn known(&self, repository: &RepositoryUrl, now: DateTime<Utc>) -> Option<Arc<References>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.iter().find(|(known, _)| known == repository).map(|(_, listed)| Arc::clone(listed));
        // What an older listing lacks may have come since.
        known.filter(|listed| is_recent(listed.at, now))
    }

    fn keep(&self, repository: RepositoryUrl, listed: References) -> Arc<References> {
        let listed = Arc::new(listed);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| *known != repository);
        kept.push((repository, Arc::clone(&listed)));
        let old = kept.len().saturating_sub(KEPT);
        kept.drain(..old);
        listed
    }
}

/// The tag of a version among the references of its repository.
pub(super) fn tag(references: &References, candidates: Vec<String>) -> TagFacts {
    let known = candidates.iter().find_map(|name| Some((name.clone(), references.tags.get(name)?)));
    let (name, commit) = known.map_or((None, None), |(name, id)| (Some(name), Some(id.to_string())));
    TagFacts {
        exists: Some(name.is_some()),
        name: name.or_else(|| candidates.into_iter().next()),
        commit,
        asked_at: Some(references.at),
        is_newer: None,
    }
}

fn repository(place: &ForgeRepository) -> Result<RepositoryUrl, Doubt> {
    RepositoryUrl::new(&place.host, &place.path).map_err(|error| Doubt::Unknown(error.to_string()))
}

fn unanswered(error: &GitError) -> Doubt {
    Doubt::Unknown(with_causes(error))
}

//! Looks up tags by Git's protocol, which needs neither a token nor an API, for every new release.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    ForgeKind, ForgeRepository,
    ask::{Age, Asker, ForgeAnswer},
    finder::Question,
    tags,
};
use crate::{
    git::{GitRemote, ListingSchedule, References, RepositoryUrl},
    model::TagFacts,
    text::with_causes,
};

/// Listings that are kept: packages of one repository ask for the same one, one after the other.
const KEPT: usize = 4;

/// What the API says of a repository's name.
#[derive(Serialize, Deserialize)]
struct Named {
    id: u64,
    created_at: DateTime<Utc>,
}

/// Lists the references of repositories: single tags at any time, everything seldom.
#[derive(Debug)]
pub(super) struct Tags {
    remote: GitRemote,
    schedule: ListingSchedule,
    /// The last listings, the latest last.
    kept: Mutex<Vec<(RepositoryUrl, Arc<References>)>>,
}

impl Tags {
    pub fn new(remote: GitRemote) -> Self {
        Self { remote, schedule: ListingSchedule::default(), kept: Mutex::default() }
    }

    /// Whether the version has a tag, which commit it names, and which one is the head of the default branch.
    ///
    /// # Errors
    /// Why that is not known.
    pub async fn find(&self, asker: &Asker<'_>, question: &Question<'_>) -> Result<(TagFacts, Option<String>), String> {
        confirm_name(asker, question.place, question.is_certified(), question.named_since).await?;
        let candidates = tags::candidates(question.release);
        let repository = repository(question.place)?;
        let listed = self.remote.tags_with_prefix(&repository, &candidates).await;
        let references = listed.map_err(|error| with_causes(&error))?;
        let head = references.head.as_ref().map(|head| head.id.to_string());
        Ok((tag(&references, candidates), head))
    }

    /// Every reference of a repository, by a listing of the last hour.
    pub async fn all(
        &self,
        asker: &Asker<'_>,
        place: &ForgeRepository,
        named_since: Option<DateTime<Utc>>,
    ) -> Result<Arc<References>, String> {
        confirm_name(asker, place, false, named_since).await?;
        let repository = repository(place)?;
        if let Some(known) = self.known(&repository) {
            return Ok(known);
        }
        self.schedule.take(&repository, None, asker.clock.now()).map_err(|not_due| not_due.to_string())?;
        let listed = self.remote.list(&repository).await.map_err(|error| with_causes(&error))?;
        Ok(self.keep(repository, listed))
    }

    fn known(&self, repository: &RepositoryUrl) -> Option<Arc<References>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(known, _)| known == repository).map(|(_, listed)| Arc::clone(listed))
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

fn repository(place: &ForgeRepository) -> Result<RepositoryUrl, String> {
    RepositoryUrl::new(&place.host, &place.path).map_err(|error| error.to_string())
}

/// Whether a name still belongs to the repository that is meant: anybody can register a name that became free, and push the
/// tags that a victim expects. The release's own certificate says so, or the API: by the numeric id, or, where none is
/// known, as the repository exists since before a manifest first named it.
///
/// # Errors
/// Why that is not known, or not so.
async fn confirm_name(
    asker: &Asker<'_>,
    place: &ForgeRepository,
    is_certified: bool,
    named_since: Option<DateTime<Utc>>,
) -> Result<(), String> {
    if is_certified {
        return Ok(());
    }
    let path = match asker.forge.kind {
        ForgeKind::Github => format!("repos/{}", place.path),
        ForgeKind::Gitlab => format!("projects/{}", place.path.replace('/', "%2F")),
    };
    let named: Named = match asker.ask(&path, Age::SLOW).await {
        ForgeAnswer::Found(named) => named,
        ForgeAnswer::Missing => return Err(format!("{} has no repository {}", place.host, place.path)),
        ForgeAnswer::Unknown(why) => return Err(format!("the name {} was not confirmed: {why}", place.path)),
    };
    match (&place.id, named_since) {
        (Some(id), _) if *id == named.id.to_string() => Ok(()),
        (Some(_), _) => Err(format!("the name {} belongs to another repository now (id {})", place.path, named.id)),
        (None, Some(since)) if named.created_at <= since => Ok(()),
        (None, _) => Err(format!("the repository {} is younger than its name in the package", place.path)),
    }
}

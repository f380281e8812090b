//! Asking the forges, and the registries about new dependencies: before any detector runs.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};

use super::{Pipeline, PipelineError, assess::assess_by, company};
use crate::{
    baseline::words::dependencies,
    detect::Terms,
    enrich::{Cache, Forges, Found, Place, Question, Remembered},
    model::{Baseline, Facts, Observation, Package},
    registry::{PackageState, Registry},
    store::Store,
};

/// Most new dependencies of a release whose age is asked for.
const MAX_DEPENDENCIES: usize = 20;

/// Answers of forges, kept in the store.
#[derive(Debug)]
pub(super) struct StoredAnswers(pub Arc<Store>);

impl Cache for StoredAnswers {
    fn remembered(&self, key: &str) -> Option<Remembered> {
        let found = self.0.forge_answer(key);
        let text = found.inspect_err(|error| tracing::warn!("an answer of a forge cannot be read: {error}")).ok()??;
        serde_json::from_str(&text).ok()
    }

    fn remember(&self, key: &str, answer: &Remembered) {
        let Ok(text) = serde_json::to_string(answer) else { return };
        if let Err(error) = self.0.keep_forge_answer(key, &text, answer.at) {
            tracing::warn!("an answer of a forge is not kept: {error}");
        }
    }
}

impl Pipeline {
    /// The forges that may be asked, unless that is switched off.
    pub fn forges(&self) -> Option<&Forges> {
        self.forges.as_ref()
    }

    /// Finds out what is known around a release. Where the forge answers little, it is asked only about what differs from
    /// the baseline: most releases do not. Whether it may tell more later.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn enrich(
        &self,
        registry: &dyn Registry,
        release: &mut Observation,
        baseline: &Baseline,
    ) -> Result<bool, PipelineError> {
        let differs = self.differs(release, baseline)?;
        let mut more_later = false;
        let place = Place::of(release).or_else(|| usual_place(baseline));
        if let (Some(forges), Some(place)) = (&self.forges, place)
            && (differs || forges.is_generous(&place))
            && forges.knows(&place)
        {
            let former = former_names(baseline, &place);
            let Found { mut facts, more_later: more } =
                forges.facts(Question { release, place: &place, former: &former }).await;
            more_later = more;
            self.keep_first_look(release, &mut facts)?;
            // What the registry told stays.
            let Facts { publisher_account, publishing, .. } = std::mem::take(&mut release.facts);
            release.facts = Facts { publisher_account, publishing, ..facts };
        }
        if differs {
            self.date_dependencies(registry, release, baseline).await;
        }
        Ok(more_later)
    }

    /// Whether there is a tag is a matter of when one looks: many projects tag after they published. Releases are compared
    /// by their first look.
    fn keep_first_look(&self, release: &Observation, facts: &mut Facts) -> Result<(), PipelineError> {
        let first = self.store.release(&release.purl)?.and_then(|row| row.observation);
        if let Some(Facts { tag: Some(tag), release, .. }) = first.map(|first| first.facts) {
            facts.tag = Some(tag);
            facts.release = release.or(facts.release.take());
        }
        Ok(())
    }

    /// Whether anything at all is to be said of a release, or a policy demands what only the forge knows.
    fn differs(&self, release: &Observation, baseline: &Baseline) -> Result<bool, PipelineError> {
        let policy = self.watchlist().policy(release.purl.package());
        let terms = Terms {
            company: &company(&self.store, release)?,
            tuning: &self.settings.tuning,
            policy: policy.as_ref(),
            expected: &[],
        };
        let assessed = assess_by(baseline, release, &terms);
        let demands_age = policy.as_ref().is_some_and(|policy| policy.min_repository_age_days.is_some());
        let is_new = !baseline.lines.is_empty() && new_dependencies(release, baseline).next().is_some();
        Ok(is_new || demands_age || !assessed.signals.is_empty())
    }

    /// When each new dependency was first published, as far as the registry tells.
    async fn date_dependencies(&self, registry: &dyn Registry, release: &mut Observation, baseline: &Baseline) {
        let ecosystem = release.purl.package().ecosystem();
        let mut new: Vec<Package> =
            new_dependencies(release, baseline).filter_map(|name| Package::new(ecosystem, name).ok()).collect();
        if new.len() > MAX_DEPENDENCIES {
            let why = format!("{} are new; the age of {MAX_DEPENDENCIES} is asked for", new.len());
            release.facts.unknown.get_or_insert_default().insert("dependencies".to_owned(), why);
            new.truncate(MAX_DEPENDENCIES);
        }
        let asked = stream::iter(new).map(|package| async move {
            let first = self.first_published(registry, &package).await;
            (package.name().to_owned(), first)
        });
        let found: Vec<_> = asked.buffered(self.settings.concurrency).collect().await;
        let dated: std::collections::BTreeMap<_, _> =
            found.into_iter().filter_map(|(name, first)| Some((name, first?))).collect();
        if !dated.is_empty() {
            release.facts.dependencies_first_published = Some(dated);
        }
    }

    async fn first_published(&self, registry: &dyn Registry, package: &Package) -> Option<DateTime<Utc>> {
        let question =
            crate::registry::Question { known: &std::collections::BTreeSet::new(), validators: None, revision: None };
        match registry.package(&self.http, package, question).await {
            Ok(PackageState::Current(document)) => {
                let withdrawn = document.withdrawn.iter().map(|(_, at)| *at);
                document.releases.iter().map(|release| release.published_at).chain(withdrawn).min()
            }
            Ok(_) => None,
            Err(error) => {
                tracing::debug!(%package, "the age of a new dependency is not known: {error}");
                None
            }
        }
    }
}

/// Dependencies that no release before had, where those of releases before are known.
fn new_dependencies<'a>(release: &'a Observation, baseline: &'a Baseline) -> impl Iterator<Item = &'a str> {
    let known = |name: &str| baseline.lines.values().any(|line| line.dependencies.contains_key(name));
    let any_known = baseline.lines.values().any(|line| !line.dependencies.is_empty());
    dependencies(release).map(|(name, _)| name).filter(move |name| any_known && !known(name))
}

/// Where the package's releases were built last.
fn usual_place(baseline: &Baseline) -> Option<Place> {
    let repositories = baseline.lines.values().flat_map(|line| {
        line.repositories.iter().map(move |(url, seen)| (seen.last, url, line.id_of_repository.get(url)))
    });
    match repositories.max_by_key(|(last, ..)| *last) {
        Some((_, url, id)) => Some(Place { id: id.cloned(), ..Place::of_url(url)? }),
        None => named_place(baseline),
    }
}

/// Where nothing was ever certified: the repository that the manifests of releases before named. Never that of the release
/// that is judged, who may name any that is in order.
fn named_place(baseline: &Baseline) -> Option<Place> {
    let named = baseline.lines.values().flat_map(|line| &line.named_repositories);
    let (name, _) = named.max_by_key(|(_, seen)| (seen.count, seen.last))?;
    Place::of_url(&format!("https://{name}"))
}

/// Under which names the package's repositories were known at that forge, other than the one of now.
fn former_names(baseline: &Baseline, now: &Place) -> Vec<String> {
    let places = baseline.lines.values().flat_map(|line| line.repositories.keys()).filter_map(|url| Place::of_url(url));
    let mut names: Vec<String> = places
        .filter(|place| place.host == now.host && !place.path.eq_ignore_ascii_case(&now.path))
        .map(|place| place.path)
        .collect();
    names.sort();
    names.dedup();
    names
}

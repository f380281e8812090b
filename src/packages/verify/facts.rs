//! Asks forges, and registries about new dependencies, for the facts that detectors need.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};

use crate::{
    baseline::words::dependencies,
    detect::AssessmentInputs,
    enrich::{ForgeRepository, Forges, Found, Question},
    model::{
        Baseline, Demand, Fact, Facts, Observation, OrNone, Package,
        traits::{Dependencies, NamedRepositories, Repositories},
    },
    packages::{assess::assess, examination::Examination, registries::Registries},
    registry::{self, Known, PackageState, Registry, RegistryError},
    store::{Store, StoreError},
    text::with_causes,
};

/// Said of what was not answered while there was time.
const TOO_LATE: &str = "it was not answered in time";

/// Most new dependencies of a release whose age is asked for.
const MAX_DEPENDENCIES: usize = 20;

/// Who asks about what is around a release.
#[derive(Debug)]
pub struct Enricher {
    pub store: Arc<Store>,
    pub registries: Arc<Registries>,
    /// The forges that may be asked, unless that is switched off.
    pub forges: Option<Arc<Forges>>,
    /// How many dependencies are asked about at once.
    pub concurrency: usize,
}

impl Enricher {
    /// Finds out what is known around a release. Where the forge answers little, it is asked only about what differs from
    /// the baseline: most releases do not. Whether it may tell more later.
    ///
    /// # Errors
    /// The store failed.
    pub async fn enrich(
        &self,
        subject: &Examination<'_>,
        release: &mut Observation,
        baseline: &Baseline,
        inputs: &AssessmentInputs<'_>,
    ) -> Result<bool, StoreError> {
        let differs = differs(release, baseline, inputs);
        let mut more_later = false;
        let place = ForgeRepository::of(release).or_else(|| usual_place(baseline));
        if let (Some(forges), Some(place)) = (&self.forges, place)
            && (differs || forges.is_asked_with_token(&place))
            && forges.knows(&place)
        {
            let former = former_names(baseline, &place);
            let asking = forges.facts(Question { release, place: &place, former: &former });
            let Found { mut facts, more_later: more } = subject.turn.facts(asking).await.unwrap_or_else(too_late);
            more_later = more;
            if let Some(before) = self.store.release(&release.purl)?.and_then(|row| row.observation) {
                facts = after(before.facts, facts);
            }
            // What the registry told stays.
            let Facts { publisher_account, publishing, replaced, former_digests, .. } =
                std::mem::take(&mut release.facts);
            release.facts = Facts { publisher_account, publishing, replaced, former_digests, ..facts };
        }
        if differs {
            more_later |= self.date_dependencies(subject, release, baseline).await;
        }
        Ok(more_later)
    }

    /// When each new dependency was first published, as far as the registry tells. Whether it may tell more later.
    async fn date_dependencies(
        &self,
        subject: &Examination<'_>,
        release: &mut Observation,
        baseline: &Baseline,
    ) -> bool {
        let registry = release.purl.package().registry();
        let package = |name: &str| Some(Package::new(registry.ecosystem(), name).ok()?.of(&registry));
        let mut new: Vec<Package> = new_dependencies(release, baseline).filter_map(package).collect();
        if new.len() > MAX_DEPENDENCIES {
            let why = format!("{} are new; the age of {MAX_DEPENDENCIES} is asked for", new.len());
            release.facts.unknown_because(Fact::Dependencies, why);
            new.truncate(MAX_DEPENDENCIES);
        }
        let asked = stream::iter(new).map(|package| async move {
            let first = self.first_published(subject, &package).await;
            (package.name().to_owned(), first)
        });
        let asking = asked.buffered(self.concurrency).collect::<Vec<_>>();
        let Some(found) = subject.turn.facts(asking).await else {
            release.facts.unknown_because(Fact::Dependencies, TOO_LATE);
            return true;
        };
        let mut failed = false;
        for (name, first) in found {
            let why = match first {
                Ok(Some(first)) => {
                    release.facts.dependencies_first_published.get_or_insert_default().insert(name, first);
                    continue;
                }
                Ok(None) => "the registry does not have it".to_owned(),
                Err(error) => {
                    failed = true;
                    with_causes(&error)
                }
            };
            release.facts.unknown_because(Fact::Dependency(name), why);
        }
        failed
    }

    /// What another registry than the public one does not have may come from there.
    async fn first_published(
        &self,
        subject: &Examination<'_>,
        package: &Package,
    ) -> Result<Option<DateTime<Utc>>, RegistryError> {
        let first = first_published(subject, subject.registry, package).await?;
        match self.registries.public_of(&package.registry()) {
            Some(public) if first.is_none() && !package.is_public() => {
                first_published(subject, public, &package.public_namesake()).await
            }
            _ => Ok(first),
        }
    }
}

async fn first_published(
    subject: &Examination<'_>,
    registry: &dyn Registry,
    package: &Package,
) -> Result<Option<DateTime<Utc>>, RegistryError> {
    let question = registry::Question { known: &Known::default(), validators: None, revision: None };
    Ok(match registry.package(&subject.turn.around, package, question).await? {
        PackageState::Current(document) => {
            let withdrawn = document.withdrawn.iter().map(|(_, at)| *at);
            document.releases.iter().map(|release| release.published_at).chain(withdrawn).min()
        }
        _ => None,
    })
}

/// What a forge told that did not answer in time: it is asked again, and what it answered is remembered.
fn too_late() -> Found {
    let mut facts = Facts::default();
    for what in [Fact::Repository, Fact::Commit, Fact::Tag, Fact::Run] {
        facts.unknown_because(what, TOO_LATE);
    }
    Found { facts, more_later: true }
}

/// What another look knows. What the one before knew is not lost: whoever makes the forge fail, or deletes what speaks
/// against them, gains nothing. Whether there is a tag is a matter of when one looks, as many projects tag after they
/// published: releases are compared by their first look.
fn after(before: Facts, now: Facts) -> Facts {
    let (tag, release) = (before.tag.clone(), before.release.clone());
    let all = now.or_before(before);
    match tag {
        Some(_) => Facts { tag, release: release.or(all.release), ..all },
        None => all,
    }
}

/// Whether anything at all is to be said of a release, announced or not, or a policy demands what only the forge knows.
fn differs(release: &Observation, baseline: &Baseline, inputs: &AssessmentInputs<'_>) -> bool {
    let assessed = assess(baseline, release, &AssessmentInputs { expected: &[], ..*inputs });
    let demands_age = inputs.policy.is_some_and(|effective| effective.policy.has(Demand::MinRepositoryAge));
    let is_new = !baseline.lines.is_empty() && new_dependencies(release, baseline).next().is_some();
    is_new || demands_age || !assessed.signals.is_empty()
}

/// Dependencies that no release before had, where those of releases before are known.
fn new_dependencies<'a>(release: &'a Observation, baseline: &'a Baseline) -> impl Iterator<Item = &'a str> {
    let known = |name: &str| baseline.lines.values().any(|line| line.tally(Dependencies).contains(OrNone::Name(name)));
    let any_known = baseline.lines.values().any(|line| !line.tally(Dependencies).is_empty());
    dependencies(release).map(|(name, _)| name).filter(move |name| any_known && !known(name))
}

/// Where the package's releases were built last.
fn usual_place(baseline: &Baseline) -> Option<ForgeRepository> {
    let repositories = baseline.lines.values().flat_map(|line| {
        line.tally(Repositories).iter().map(move |(url, seen)| (seen.last, url, line.id_of_repository.get(&**url)))
    });
    match repositories.max_by_key(|(last, ..)| *last) {
        Some((_, url, id)) => Some(ForgeRepository { id: id.cloned(), ..ForgeRepository::of_url(url)? }),
        None => named_place(baseline),
    }
}

/// Where nothing was ever certified: the repository that the manifests of releases before named. Never that of the release
/// that is judged, who may name any that is in order.
fn named_place(baseline: &Baseline) -> Option<ForgeRepository> {
    let named = baseline.lines.values().flat_map(|line| line.tally(NamedRepositories).iter());
    let (name, _) = named.max_by_key(|(_, seen)| (seen.count, seen.last))?;
    ForgeRepository::of_url(&format!("https://{name}"))
}

/// Under which names the package's repositories were known at that forge, other than the one of now.
fn former_names(baseline: &Baseline, now: &ForgeRepository) -> Vec<String> {
    let urls = baseline.lines.values().flat_map(|line| line.tally(Repositories).values());
    let places = urls.filter_map(|url| ForgeRepository::of_url(url));
    let mut names: Vec<String> = places
        .filter(|place| place.host == now.host && !place.path.eq_ignore_ascii_case(&now.path))
        .map(|place| place.path)
        .collect();
    names.sort();
    names.dedup();
    names
}

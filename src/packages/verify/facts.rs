//! Asks forges, and registries about new dependencies, for the facts that detectors need.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    dependencies::{Dating, TOO_LATE, new_dependencies},
    email_domains::EmailDomains,
    own_runs::OwnRunFinder,
    usual_place::usual_place,
};
use crate::{
    detect::AssessmentInputs,
    enrich::{Depth, ForgeRepository, Forges, Found, Question},
    model::{
        Baseline, Demand, Fact, Facts, Observation, Person, TagFacts,
        traits::{NamedRepositories, Repositories},
    },
    packages::{assess::assess, examination::Examination, registries::Registries},
    store::{Store, StoreError},
};

/// Of how many releases the latest with a commit is looked for.
const RECENT: usize = 20;

/// What a look found beside the facts of the release.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Enriched {
    /// Whether the forge or the registry may have more facts later.
    pub more_later: bool,
    /// A tag that an earlier look did not find. Releases are compared by the earlier look.
    pub late_tag: Option<TagFacts>,
}

/// Collects the facts around a release.
#[derive(Debug)]
pub struct Enricher {
    pub store: Arc<Store>,
    pub registries: Arc<Registries>,
    /// The forges that may be queried, unless that is switched off.
    pub forges: Option<Arc<Forges>>,
    pub email_domains: EmailDomains,
    pub own_runs: OwnRunFinder,
    /// How many dependencies are queried at once.
    pub concurrency: usize,
}

impl Enricher {
    /// Collects the facts around a release. A forge is asked about the tag of every release. About more, one with a low
    /// limit is asked only if the release differs from the baseline, as few do. `maintainers` are those with an address.
    ///
    /// # Errors
    /// The store failed.
    pub async fn enrich(
        &self,
        subject: &Examination<'_>,
        release: &mut Observation,
        maintainers: &[Person],
        baseline: &Baseline,
        inputs: &AssessmentInputs<'_>,
    ) -> Result<Enriched, StoreError> {
        let differs = differs(release, baseline, inputs);
        let mut enriched = Enriched::default();
        let place = ForgeRepository::of(release).or_else(|| usual_place(baseline));
        if let (Some(forges), Some(place)) = (&self.forges, place)
            && forges.knows(&place)
        {
            let former = former_names(baseline, &place);
            let before = self.commit_before(release)?;
            let is_own = inputs.release_context.own.is_some();
            let is_deep = differs || is_own || forges.is_asked_with_token(&place);
            let asking = forges.facts(Question {
                release,
                place: &place,
                former: &former,
                named_since: named_since(baseline, &place),
                commit_before: before.as_deref(),
                depth: if is_deep { Depth::All } else { Depth::Tag },
            });
            let Found { mut facts, more_later: more } = subject.turn.facts(asking).await.unwrap_or_else(too_late);
            enriched.more_later = more;
            if let Some(before) = self.store.release(&release.purl)?.and_then(|row| row.observation) {
                enriched.late_tag = came(before.facts.tag.as_ref(), facts.tag.as_ref()).cloned();
                facts = after(release.published_at, before.facts, facts);
            }
            // What the registry and the reports told stays.
            let Facts { publisher_account, publishing, replaced, former_digests, withdrawn, reports, .. } =
                std::mem::take(&mut release.facts);
            release.facts =
                Facts { publisher_account, publishing, replaced, former_digests, withdrawn, reports, ..facts };
        }
        enriched.more_later |= Box::pin(self.own_runs.find(subject, release, baseline, inputs)).await;
        if differs {
            let dating = Dating { registries: &self.registries, concurrency: self.concurrency };
            enriched.more_later |= dating.date(subject, release, baseline).await;
        }
        self.email_domains.find(subject, release, maintainers).await;
        Ok(enriched)
    }

    /// The commit of the latest earlier version in the baseline that has one, by its certificate or its tag: of the same
    /// line where the release has a certificate, which names its own commit.
    fn commit_before(&self, release: &Observation) -> Result<Option<String>, StoreError> {
        let is_certified = release.verified().next().is_some();
        let rows = self.store.releases(release.purl.package(), RECENT)?;
        let earlier = rows.into_iter().filter(|row| row.in_baseline).filter_map(|row| row.observation);
        let mut earlier = earlier
            .filter(|one| one.published_at < release.published_at && one.purl != release.purl)
            .filter(|one| !is_certified || one.line() == release.line());
        Ok(earlier.find_map(|one| {
            let tagged = one.facts.tag.as_ref().and_then(|tag| tag.commit.clone());
            let built = one.verified().find_map(|it| it.identity.claims.source_repository_digest.clone());
            built.or(tagged).filter(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit()))
        }))
    }
}

/// The facts of a forge that did not answer in time: it is queried again, and its earlier answers are cached.
fn too_late() -> Found {
    let mut facts = Facts::default();
    for what in [Fact::Repository, Fact::Commit, Fact::Tag, Fact::Run] {
        facts.unknown_because(what, TOO_LATE);
    }
    Found { facts, more_later: true }
}

/// A tag that does not exist at one look, and exists at another.
pub fn came<'a>(before: Option<&TagFacts>, after: Option<&'a TagFacts>) -> Option<&'a TagFacts> {
    let was_missing = before.is_some_and(|tag| tag.exists == Some(false));
    after.filter(|tag| was_missing && tag.exists == Some(true))
}

/// What another look knows. What the one before knew is not lost: whoever makes the forge fail, or deletes what speaks
/// against them, gains nothing. Whether there is a tag is a matter of when one looks, as some projects tag after they
/// published: releases are compared by the first look that is late enough for that.
fn after(published_at: DateTime<Utc>, before: Facts, now: Facts) -> Facts {
    let settled = |tag: &TagFacts| tag.exists == Some(true) || !tag.is_early(published_at);
    let tag = before.tag.clone().filter(settled);
    let release = before.release.clone().filter(|_| tag.is_some());
    let on_any_branch = before.commit.as_ref().and_then(|commit| commit.on_any_branch);
    let mut all = now.or_before(before);
    // A branch is often deleted once it was merged.
    if let (Some(true), Some(commit)) = (on_any_branch, &mut all.commit) {
        commit.on_any_branch = on_any_branch;
    }
    match tag {
        Some(_) => Facts { tag, release: release.or(all.release), ..all },
        None => all,
    }
}

/// Since when certificates or manifests of the package name a repository.
pub fn named_since(baseline: &Baseline, place: &ForgeRepository) -> Option<DateTime<Utc>> {
    let name = format!("{}/{}", place.host, place.path).to_lowercase();
    let lines = || baseline.lines.values();
    let named = lines().filter_map(|line| line.tally(NamedRepositories).get(name.as_str()));
    let is_it = |url: &str| ForgeRepository::of_url(url).is_some_and(|other| other.is_called_like(place));
    let built = lines().flat_map(|line| line.tally(Repositories).iter()).filter(|(url, _)| is_it(url));
    named.chain(built.map(|(_, seen)| seen)).map(|seen| seen.first).min()
}

/// Whether a release has any signal, announced or not, or a policy needs a fact that only the forge has.
fn differs(release: &Observation, baseline: &Baseline, inputs: &AssessmentInputs<'_>) -> bool {
    let assessed = assess(baseline, release, &AssessmentInputs { expected: &[], ..*inputs });
    let demands_age = inputs.policy.is_some_and(|effective| effective.policy.has(Demand::MinRepositoryAge));
    let is_new = !baseline.lines.is_empty() && new_dependencies(release, baseline).next().is_some();
    is_new || demands_age || !assessed.signals.is_empty()
}

/// The former names of the package's repositories at that forge, other than the current one.
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

//! Checks a release on request as the daemon would, watched or not. Nothing is recorded, and the baseline learns
//! nothing.

use super::{
    assess::{Assessment, assess, of_itself, release_context::release_context},
    earlier::Earlier,
    error::LookError,
    examination::{Examination, history_ends},
    examine::{replaced::note_replaced, undated::date},
    judge::{accusation::raised, claimed_time::bound_times, reasons::unchecked, withdrawn::withdrawn_beside},
    registries::Registries,
    settings::Settings,
    turn::Turn,
    verify::{Verification, facts::Enricher},
};
use crate::{
    clock::Clock,
    detect::{AssessmentInputs, ReleaseContext},
    http::Client,
    model::{Baseline, Observation, Person, ReleaseId, Signal},
    registry::{self, Known, PackageDocument, PackageState, Question, RegistryRelease},
    store::{Lane, Store, StoreError, Work},
    upkeep::WallClock,
    watchlist::InUse,
};
use std::{collections::BTreeMap, sync::Arc};

use tokio_util::sync::CancellationToken;

/// What the registry says of a release that was asked about.
#[derive(Clone, Debug, PartialEq)]
pub enum LookedAt {
    /// It does not have the package.
    NoPackage,
    /// It has the package, and not this version.
    NoVersion,
    /// The version was removed.
    Withdrawn,
    /// It has the version, and what it says of it cannot be read.
    Unreadable(String),
    /// The release.
    Release(Box<Appraisal>),
}

/// A release, verified, and beside what is known of its package.
#[derive(Clone, Debug, PartialEq)]
pub struct Appraisal {
    /// What is known of it.
    pub observation: Observation,
    /// What could not be checked, a sentence each.
    pub unchecked: Vec<String>,
    /// How it compares with the baseline.
    pub comparison: Comparison,
    /// What is wrong with it whatever is usual; empty where it was compared, which finds that too.
    pub of_itself: Vec<Signal>,
    /// Its page for people.
    pub page: String,
    /// Of how many earlier releases the baseline was learned for this answer alone; 0: it is the stored one.
    pub learned: usize,
}

/// How a release compares with the baseline of its package.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// Nothing was learned of the package.
    NoBaseline,
    /// The baseline learned from this very release, so it says nothing of it.
    Learned,
    /// The baseline learned from younger releases: it is not how things were.
    Older,
    /// What differs, and what that adds up to.
    Compared(Box<Assessment>),
}

/// What is looked at, at leisure: whoever asks waits for the answer.
fn asked(release: &ReleaseId, now: chrono::DateTime<chrono::Utc>) -> Work {
    Work {
        package: release.package().clone(),
        revision: None,
        reason: "verify".to_owned(),
        since: now,
        attempts: 0,
        last_error: None,
        generation: 0,
        lane: Lane::Rest,
        turns: 2,
        portions: None,
        behind: 0,
    }
}

/// Who looks at releases that somebody asks about.
#[derive(Debug)]
pub struct Appraiser {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub http: Client,
    pub registries: Arc<Registries>,
    pub settings: Arc<Settings>,
    pub watchlist: Arc<InUse>,
    pub wall_clock: Arc<WallClock>,
    pub verification: Arc<Verification>,
    pub enricher: Arc<Enricher>,
}

impl Appraiser {
    /// Fetches, verifies and judges a release.
    ///
    /// # Errors
    /// The registry cannot be asked, or the store cannot be read.
    pub async fn appraise(&self, release: &ReleaseId) -> Result<LookedAt, LookError> {
        self.look(release, Unknown::LeftAlone).await
    }

    /// The same. Of a package of which nothing was learned, it learns for this answer alone how it was released before.
    ///
    /// # Errors
    /// As [`Appraiser::appraise`].
    pub async fn learn_and_appraise(&self, release: &ReleaseId) -> Result<LookedAt, LookError> {
        self.look(release, Unknown::Learned).await
    }

    async fn look(&self, release: &ReleaseId, unknown: Unknown) -> Result<LookedAt, LookError> {
        let (now, package) = (self.clock.now(), release.package());
        let turn = Turn::new(&asked(release, now), &self.http, &self.clock, CancellationToken::new());
        let registry = self.registries.of(&package.registry())?;
        let row = self.store.package(package)?;
        let question = Question { known: &Known::default(), validators: None, revision: None };
        let http = turn.http.for_document();
        let mut document = match registry.package(&http, package, question).await? {
            PackageState::Current(document) => *document,
            PackageState::Gone | PackageState::NotModified => return Ok(LookedAt::NoPackage),
        };
        http.keep(document.weight());
        // As if nothing of it was stored: everything is asked for and verified anew.
        let (stored, is_announced) = (BTreeMap::new(), false);
        let history_ends = history_ends(row.as_ref(), now, &self.wall_clock, &self.settings);
        let subject = Examination { package, registry, row, stored, now, turn: &turn, is_announced, history_ends };
        date(&self.store, &subject, &mut document)?;
        match chosen(document, release) {
            Ok((found, others)) => {
                let others = if unknown == Unknown::Learned { others } else { Vec::new() };
                Ok(LookedAt::Release(Box::new(Box::pin(self.appraised(&subject, found, others)).await?)))
            }
            Err(otherwise) => Ok(otherwise),
        }
    }

    async fn appraised(
        &self,
        subject: &Examination<'_>,
        mut release: RegistryRelease,
        others: Vec<RegistryRelease>,
    ) -> Result<Appraisal, StoreError> {
        let row = self.store.release(&release.id)?;
        let in_baseline = row.as_ref().is_some_and(|row| row.in_baseline);
        let before = row.and_then(|row| row.observation);
        if let Some(seen) = &before {
            note_replaced(subject, seen, &mut release);
        }
        let before = before.map(|seen| (release.id.version().to_owned(), seen)).into_iter().collect();
        bound_times(subject, &before, std::slice::from_mut(&mut release));
        subject.turn.begin_history();
        let maintainers = std::mem::take(&mut release.addresses);
        // Nothing is awaited of what was asked for just now, so nothing was left out.
        let mut observation = self.verification.observe(subject, release).await?;
        let mut earlier = Earlier::nothing(subject.package);
        if !others.is_empty() && self.store.baseline(subject.package)?.baseline.lines.is_empty() {
            earlier = Earlier::than(&observation, others, &self.verification, subject).await?;
        }
        let comparison = self.beside_baseline(subject, &mut observation, &maintainers, in_baseline, &earlier).await?;
        let of_itself = match comparison {
            Comparison::Compared(_) => Vec::new(),
            Comparison::NoBaseline | Comparison::Learned | Comparison::Older => self.of_itself(&observation)?,
        };
        let page = subject.registry.page(&observation.purl).to_string();
        let unchecked = unchecked(&observation);
        Ok(Appraisal { unchecked, observation, comparison, of_itself, page, learned: earlier.learned })
    }

    /// What is wrong with a release that is not compared, but for what the operator has settled.
    fn of_itself(&self, observation: &Observation) -> Result<Vec<Signal>, StoreError> {
        let expected = self.store.expected_changes_of(observation.purl.package())?;
        let nobody = ReleaseContext::default();
        let inputs = AssessmentInputs { expected: &expected, ..AssessmentInputs::usual(&nobody) };
        let mut signals = self.settings.tuning.apply(of_itself(observation, &inputs));
        if let Some((alert, true)) = raised(&self.store, &observation.purl)? {
            signals.retain(|signal| !alert.signals.iter().any(|said| said.says_what(signal)));
        }
        Ok(signals)
    }

    async fn beside_baseline(
        &self,
        subject: &Examination<'_>,
        observation: &mut Observation,
        maintainers: &[Person],
        in_baseline: bool,
        earlier: &Earlier,
    ) -> Result<Comparison, StoreError> {
        let is_learned_now = earlier.learned > 0;
        let stored = || self.store.baseline(subject.package).map(|stored| stored.baseline);
        let mut baseline = if is_learned_now { earlier.baseline.clone() } else { stored()? };
        let people = observation.publisher.iter_mut().chain(&mut observation.auth.approved_by);
        self.store.addresses()?.receive(&mut baseline, people);
        if baseline.lines.is_empty() {
            return Ok(Comparison::NoBaseline);
        }
        if in_baseline {
            return Ok(Comparison::Learned);
        }
        if learned_later(&baseline, observation) {
            return Ok(Comparison::Older);
        }
        observation.facts.withdrawn = withdrawn_beside(&self.store, observation, observation.published_at)?;
        let policy = self.watchlist.now().policy(subject.package);
        let mut context = release_context(&self.store, observation)?;
        if is_learned_now {
            // The store knows what other packages did meanwhile, and nothing of this one.
            context = ReleaseContext { bursts: context.bursts, ..earlier.history.release_context(observation) };
        }
        let inputs = AssessmentInputs {
            release_context: &context,
            tuning: &self.settings.tuning,
            policy: policy.as_ref(),
            expected: &self.store.expected_changes_of(subject.package)?,
        };
        self.enricher.enrich(subject, observation, maintainers, &baseline, &inputs).await?;
        Ok(Comparison::Compared(Box::new(assess(&baseline, observation, &inputs))))
    }
}

/// What becomes of a package of which nothing was learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unknown {
    /// Only the release is looked at.
    LeftAlone,
    /// Earlier releases are learned for the comparison.
    Learned,
}

/// A release, and the others of its package.
type Chosen = (RegistryRelease, Vec<RegistryRelease>);

/// The release among what a document describes, or what the document says instead.
fn chosen(document: PackageDocument, wanted: &ReleaseId) -> Result<Chosen, LookedAt> {
    let ecosystem = wanted.package().ecosystem();
    let is_it = |version: &str| registry::is_asked(ecosystem, version, wanted.version());
    let PackageDocument { releases, unreadable, withdrawn, versions, behind, .. } = document;
    let all = releases.into_iter().chain(behind.into_iter().flat_map(|behind| behind.incomplete));
    let (mut same, others): (Vec<_>, Vec<_>) = all.partition(|release| is_it(release.id.version()));
    // The spelling that was asked for comes before others.
    same.sort_by_key(|release| release.id.version() != wanted.version());
    if let Some(release) = same.into_iter().next() {
        return Ok((release, others));
    }
    if let Some((_, why)) = unreadable.into_iter().find(|(version, _)| is_it(version)) {
        return Err(LookedAt::Unreadable(why));
    }
    if withdrawn.iter().any(|(version, _)| is_it(version)) {
        return Err(LookedAt::Withdrawn);
    }
    if versions.iter().any(|(version, _)| is_it(version)) {
        return Err(LookedAt::Unreadable("the registry lists it and describes nothing of it".to_owned()));
    }
    Err(LookedAt::NoVersion)
}

/// Whether the line of a release has learned from younger ones; of a line that has learned nothing, any other.
fn learned_later(baseline: &Baseline, release: &Observation) -> bool {
    let own = baseline.lines.get(&release.line()).filter(|profile| profile.releases > 0);
    let last_at = match own {
        Some(profile) => profile.last_at,
        None => baseline.lines.values().filter_map(|profile| profile.last_at).max(),
    };
    last_at.is_some_and(|last_at| last_at > release.published_at)
}

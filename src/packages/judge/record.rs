//! Records an observation: assessment, alert, baseline update and deliveries, in one transaction.

use std::sync::Arc;

use super::{
    audience::Campaigns,
    baseline_update::{BaselineUpdate, advance, let_held_join},
    claimed_time::unusual_time,
    company::Company,
    explained::{Later, explanations, look_again_at},
    own::{is_explained, look_at_run, own_runs},
    past::last_good,
    reasons::{once, unchecked},
    recheck::put_off,
    repetition::repeated_by,
    reported::{active_reports, told_at_once},
    tag_history::TagHistory,
    told::tell,
    withdrawn::withdrawn_beside,
};
use crate::{
    baseline,
    detect::{self, AssessmentInputs},
    model::{Alert, EvidenceDocument, Fingerprint, Links, Observation, ReleaseId, ReleaseStatus, traits::Issuers},
    packages::{
        assess::{self, Assessment, release_context::release_context},
        examination::{Examination, Examined, LATEST_RELEASES, Past},
        settings::Settings,
        turn::{self, HISTORY_UNREAD},
        verify::{
            Verification,
            facts::{Enriched, Enricher},
            left_out::left_out,
            unchecked::Doubts,
        },
    },
    progress::Progress,
    registry::RegistryRelease,
    store::{Outcome, Record, ReleaseRow, Store, StoreError, StoredBaseline, Subject, VersionState},
    watchlist::InUse,
};

/// The reason for a release that could not be compared with earlier ones.
const BLIND: &str =
    "the evidence of the package's earlier releases could not be checked, so there was nothing to compare with";

/// The reasons why a judgement is not final.
struct Open {
    past: Past,
    /// Whether the forge, or the registry, may have more facts later.
    more_later: bool,
    /// Whether a tag came after an earlier look: it is not asked for again.
    has_late_tag: bool,
}

/// Judges releases.
#[derive(Debug)]
pub struct Judge {
    pub store: Arc<Store>,
    pub progress: Arc<dyn Progress>,
    pub settings: Arc<Settings>,
    pub watchlist: Arc<InUse>,
    pub verification: Arc<Verification>,
    pub enricher: Arc<Enricher>,
    pub tag_history: TagHistory,
    pub company: Company,
    pub doubts: Arc<Doubts>,
    pub campaigns: Campaigns,
}

impl Judge {
    /// Verifies a release, judges it against the baseline and records the outcome.
    pub async fn judge(
        &self,
        subject: &Examination<'_>,
        release: RegistryRelease,
        past: Past,
        baseline: &mut StoredBaseline,
        examined: &mut Examined,
    ) -> Result<(), StoreError> {
        let (claimed_at, maintainers) = (release.claimed_at, release.addresses.clone());
        let Some((mut observation, documents)) = self.observe(subject, release, baseline).await? else { return Ok(()) };
        if matches!(past, Past::Read) {
            self.tag_history.learn(subject, &observation, baseline).await?;
        }
        let stored = subject.stored.get(observation.purl.version());
        let seen_at = stored.map_or(subject.now, |stored| stored.observed_at);
        observation.facts.withdrawn = withdrawn_beside(&self.store, &observation, seen_at)?;
        observation.facts.reports = active_reports(&self.store, &observation.purl)?;
        let policy = self.watchlist.now().policy(subject.package);
        let mut around = release_context(&self.store, &observation)?;
        around.own = own_runs(&self.store, &self.watchlist.now(), &self.settings, &observation, subject.now)?;
        let inputs = AssessmentInputs {
            release_context: &around,
            tuning: &self.settings.tuning,
            policy: policy.as_ref(),
            expected: &self.store.expected_changes_of(subject.package)?,
        };
        let Enriched { more_later, late_tag } =
            Box::pin(self.enricher.enrich(subject, &mut observation, &maintainers, &baseline.baseline, &inputs))
                .await?;
        let taken = observation.published_at;
        let is_explained_by_run = is_explained(&baseline.baseline, &observation, &inputs);
        let later = Later { tag: late_tag.as_ref(), is_explained_by_run };
        let developments = explanations(&self.store, &observation, later, subject.now)?;
        let mut record = self.judgement(
            subject,
            observation,
            Open { past, more_later, has_late_tag: late_tag.is_some() },
            baseline,
            &inputs,
        )?;
        record.developments = developments;
        record.documents = documents;
        if let (Some(claimed_at), Some(alert)) = (claimed_at, &mut record.alert) {
            alert.argument.push_str(&unusual_time(claimed_at, taken));
        }
        let pending = turn::is_pending(&record.unchecked);
        if !pending {
            self.doubts.note(subject, record.subject.release(), &record.unchecked)?;
        }
        if let Subject::Observed(observation) = &record.subject {
            self.company.judge_again(observation, &around, subject.now)?;
        }
        let recorded = self.store.record(&record)?;
        if recorded.announced {
            told_at_once(&self.store, &record)?;
        }
        advance(baseline, &record);
        examined.alerts += usize::from(recorded.new_alert);
        examined.pending += usize::from(pending);
        if pending && subject.goes_on(record.subject.release()) && !recorded.new_alert {
            // It was reported as far as it was known, and is reported again when the check is over.
            return Ok(());
        }
        examined.releases += 1;
        examined.unchecked += usize::from(!pending && !record.unchecked.is_empty());
        tell(self.progress.as_ref(), &record);
        Ok(())
    }

    /// The release with its evidence, and the documents of it. `None`: the evidence was there at the first request and is unavailable now; it is
    /// requested again later.
    async fn observe(
        &self,
        subject: &Examination<'_>,
        release: RegistryRelease,
        baseline: &mut StoredBaseline,
    ) -> Result<Option<(Observation, Vec<EvidenceDocument>)>, StoreError> {
        let (mut observation, documents) = self.verification.observe_with_documents(subject, release).await?;
        if !subject.is_only_due(&observation) || unchecked(&observation).is_empty() {
            return Ok(Some((observation, documents)));
        }
        if self.settings.next_look(subject.attempts(&observation.purl), subject.now).is_some() {
            put_off(&self.store, &self.settings, subject, std::iter::once(observation.purl.version()))?;
            return Ok(None);
        }
        // A second check must not lose evidence that the first one had.
        let mut first = self.store.release(&observation.purl)?.and_then(|row| row.observation);
        let both = first.iter_mut().chain([&mut observation]);
        self.store.addresses()?.recognize(&mut baseline.baseline, both);
        Ok(Some((first.unwrap_or(observation), documents)))
    }

    fn judgement(
        &self,
        subject: &Examination<'_>,
        observation: Observation,
        Open { past, more_later, has_late_tag }: Open,
        baseline: &StoredBaseline,
        inputs: &AssessmentInputs<'_>,
    ) -> Result<Record, StoreError> {
        let assessment = assess::assess(&baseline.baseline, &observation, inputs);
        let alert = self.alert_of(subject, &observation, &assessment)?;
        let unchecked = self.open_questions(subject, &observation, past, baseline)?;
        let pending = turn::is_pending(&unchecked);
        let stored = subject.stored.get(observation.purl.version());
        // For a release whose row was lost, or that could not be read before, the stored alert shows whether it raised
        // one.
        let may_be = |stored: &VersionState| matches!(stored.outcome, Outcome::Alerted | Outcome::Unreadable);
        let accused = stored.is_none_or(may_be) && self.is_accused(&observation.purl)?;
        let alerted = accused || stored.is_some_and(|stored| stored.outcome == Outcome::Alerted);
        let longest = self.settings.longest_recheck();
        let run_at = look_at_run(&baseline.baseline, &observation, inputs, longest, subject.now);
        let waits = more_later || !unchecked.is_empty();
        let next = self.settings.again_at(waits, subject.attempts(&observation.purl), subject.now);
        let tag_at =
            observation.facts.tag.as_ref().and_then(|tag| tag.ask_again_at(observation.published_at, subject.now));
        let next = [next, tag_at, run_at].into_iter().flatten().min();
        let recheck_at = if pending { Some(subject.now) } else { next };
        let goes_on = subject.goes_on(&observation.purl);
        // A release that later facts may change joins the baseline after the last check.
        let settled = unchecked.is_empty() && recheck_at.is_none();
        let published = observation.status == ReleaseStatus::Published;
        let in_baseline =
            assessment.in_baseline && settled && published && !accused && !subject.has_taught(&observation.purl);
        let mut baseline_update = BaselineUpdate::over(baseline);
        if in_baseline {
            baseline_update.learn(&observation, None);
        }
        let repeats = settled && published && detect::is_open_loss(&observation, &assessment.signals);
        if in_baseline || repeats {
            let_held_join(&self.store, subject, &observation, in_baseline, &mut baseline_update)?;
        }
        let doubted = alert.as_ref().filter(|_| !has_late_tag);
        let late_look = look_again_at(doubted, &observation, longest, subject.now);
        // An alert stays: another check may add to it, and only the operator or time lets the release join the
        // baseline.
        let mut record = Record::observed(observation, outcome(alerted || alert.is_some(), &unchecked), subject.now);
        record.recheck_at = recheck_at.or(late_look);
        record.goes_on = goes_on;
        record.unchecked = unchecked;
        if let Some(alert) = &alert {
            record.subscriptions = self.campaigns.audience(&record, alert)?;
        }
        record.alert = alert;
        record.baseline = baseline_update.change();
        Ok(record)
    }

    fn alert_of(
        &self,
        subject: &Examination<'_>,
        observation: &Observation,
        assessment: &Assessment,
    ) -> Result<Option<Alert>, StoreError> {
        let alert = assess::alert(observation, assessment, subject.now, links(subject, observation));
        let Some(alert) = alert else { return Ok(None) };
        let last_good = last_good(&self.store, &observation.purl, observation.published_at)?;
        let repeats = repeated_by(&self.store, observation, &alert)?;
        let alert = self.watchlist.now().stamped(Alert { last_good, repeats, ..alert });
        Ok(Some(self.store.with_uses(alert)?))
    }

    /// The reasons why a release is not fully checked, by itself and compared with what is known of its package.
    fn open_questions(
        &self,
        subject: &Examination<'_>,
        observation: &Observation,
        past: Past,
        baseline: &StoredBaseline,
    ) -> Result<Vec<String>, StoreError> {
        let mut unchecked = unchecked(observation);
        unchecked.extend(left_out(&self.store, subject, observation)?);
        match past {
            Past::Read => unchecked.extend(self.is_blind(subject, observation, baseline)?.then(|| BLIND.to_owned())),
            Past::Unread => unchecked.push(HISTORY_UNREAD.to_owned()),
        }
        Ok(once(unchecked))
    }

    /// Whether a release raised an alert that keeps it out of the baseline.
    fn is_accused(&self, release: &ReleaseId) -> Result<bool, StoreError> {
        Ok(self
            .store
            .alert(&Fingerprint::of_release(release))?
            .is_some_and(|alert| !baseline::in_baseline(Some(alert.severity))))
    }

    /// Whether the baseline has no evidence because the evidence of the package's history could not be checked: a
    /// release that matches such a baseline has not been checked either. Once that evidence is no longer requested, a
    /// release with its own evidence starts the baseline again.
    fn is_blind(
        &self,
        subject: &Examination<'_>,
        observation: &Observation,
        StoredBaseline { baseline, .. }: &StoredBaseline,
    ) -> Result<bool, StoreError> {
        if baseline.lines.values().any(|line| !line.tally(Issuers).is_empty()) {
            return Ok(false);
        }
        let history_ends = subject.history_ends;
        let bare = observation.identities().is_empty();
        // Irregular fields in old documents hide no evidence.
        let is_odd = |row: &ReleaseRow| row.observation.as_ref().is_some_and(|seen| !seen.unread.is_empty());
        let hides = |row: &ReleaseRow| {
            row.outcome == Outcome::Unchecked
                && row.published_at.is_some_and(|at| at < history_ends)
                && (bare || row.recheck_at.is_some())
                && !is_odd(row)
        };
        Ok(self.store.releases(subject.package, LATEST_RELEASES)?.iter().any(hides))
    }
}

fn links(subject: &Examination<'_>, observation: &Observation) -> Links {
    Links { registry: Some(subject.registry.page(&observation.purl).to_string()), ..assess::links(observation) }
}

fn outcome(alerted: bool, unchecked: &[String]) -> Outcome {
    match (alerted, unchecked.is_empty()) {
        (true, _) => Outcome::Alerted,
        (false, false) => Outcome::Unchecked,
        (false, true) => Outcome::Clean,
    }
}

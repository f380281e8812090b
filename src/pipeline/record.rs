//! From an observation to the store: assess it against the baseline, argue an alert, decide whether it teaches, and put
//! all of that into one transaction.

use chrono::{DateTime, Utc};

use super::{Examined, Pipeline, PipelineError, Step, assess, company::company, examine::Subject, operation::Trouble};
use crate::{
    baseline::{self, Decision, Later, learn},
    detect::Terms,
    model::{Alert, AlertKind, AlertStatus, BaselineReason, Links, Observation, Provenance, ReleaseId, ReleaseStatus},
    registry::RegistryRelease,
    store::{BaselineChange, Held, NewBaselineVersion, Outcome, Record, ReleaseRow, StoredBaseline},
};

/// How many of a package's releases are looked at when a held one may join the baseline.
const RELEASES_AFTER: usize = 500;
/// Said of a release that could not be compared with what came before it.
const BLIND: &str =
    "the evidence of the package's earlier releases could not be checked, so there was nothing to compare with";
/// Who teaches the baseline when nobody else does.
pub(super) const ACTOR: &str = "provwatch";

impl Pipeline {
    /// Verifies a release, judges it against the baseline and records the outcome.
    pub(super) async fn judge(
        &self,
        subject: &Subject<'_>,
        release: RegistryRelease,
        baseline: &mut StoredBaseline,
        examined: &mut Examined,
    ) -> Result<(), PipelineError> {
        let mut observation = self.observe_release(subject.registry, release).await;
        if subject.is_only_due(&observation) && !unchecked(&observation).is_empty() {
            // The evidence was there when it was asked for first: a second look must not lose it.
            if self.next_look(subject.attempts(&observation.purl), subject.now).is_some() {
                return self.put_off(subject, std::iter::once(observation.purl.version()));
            }
            let first = self.store.release(&observation.purl)?.and_then(|row| row.observation);
            observation = first.unwrap_or(observation);
        }
        let policy = self.watchlist().policy(subject.package);
        let terms = Terms {
            company: &company(&self.store, &observation)?,
            tuning: &self.settings.tuning,
            policy: policy.as_ref(),
            expected: &self.store.expected_changes_of(subject.package)?,
        };
        let more_later = self.enrich(subject.registry, &mut observation, &baseline.baseline, &terms).await?;
        let record = self.judgement(subject, observation, more_later, baseline, &terms)?;
        self.note_unchecked(subject, record.subject.release(), &record.unchecked)?;
        let recorded = self.store.record(&record)?;
        advance(baseline, &record);
        examined.releases += 1;
        examined.alerts += usize::from(recorded.new_alert);
        examined.unchecked += usize::from(!record.unchecked.is_empty());
        self.tell(&record);
        Ok(())
    }

    fn judgement(
        &self,
        subject: &Subject<'_>,
        observation: Observation,
        more_later: bool,
        baseline: &StoredBaseline,
        terms: &Terms<'_>,
    ) -> Result<Record, PipelineError> {
        let assessment = assess::assess(&baseline.baseline, &observation, terms);
        let links = links(subject, &observation);
        let alert = assess::alert(&observation, &assessment, subject.now, links);
        let mut unchecked = unchecked(&observation);
        unchecked.extend(self.is_blind(subject, &observation, baseline)?.then(|| BLIND.to_owned()));
        let stored = subject.stored.get(observation.purl.version());
        let alerted = stored.is_some_and(|stored| stored.outcome == Outcome::Alerted);
        let accused = alerted && self.is_accused(&observation.purl)?;
        let waits = more_later || !unchecked.is_empty();
        let recheck_at = self.again_at(waits, subject.attempts(&observation.purl), subject.now);
        // What may look worse later teaches then.
        let settled = unchecked.is_empty() && recheck_at.is_none();
        let published = observation.status == ReleaseStatus::Published;
        let teaches = assessment.teaches && settled && published && !accused && !subject.has_taught(&observation.purl);
        let mut lesson = Lesson::over(baseline);
        if teaches {
            lesson.learn(&observation, None);
            self.let_held_join(subject, &observation, &mut lesson)?;
        }
        // Once accused, always accused: another look may add to an alert, and only the operator or time lets it join.
        let mut record = Record::observed(observation, outcome(alerted || alert.is_some(), &unchecked), subject.now);
        record.recheck_at = recheck_at;
        record.unchecked = unchecked;
        if let Some(alert) = &alert {
            record.subscriptions = self.audience(&record, alert)?;
        }
        record.alert = alert;
        record.baseline = lesson.change();
        Ok(record)
    }

    /// Whether a release raised an alert that keeps it from teaching.
    fn is_accused(&self, release: &ReleaseId) -> Result<bool, PipelineError> {
        let (fingerprint, _) = Alert::identify(AlertKind::Release, &release.to_string());
        Ok(self.store.alert(&fingerprint)?.is_some_and(|alert| !baseline::teaches(Some(alert.severity))))
    }

    /// Who is told of a release's alert: all who want to know of it, but not those who are told of its campaign. That is
    /// recorded first, so that whenever this process ends somebody is told of either; and what nobody was sent yet of its
    /// other members is not sent any more.
    fn audience(&self, record: &Record, alert: &Alert) -> Result<Vec<String>, PipelineError> {
        let mut audience = self.subscriptions.matching(alert);
        let crate::store::Subject::Observed(observation) = &record.subject else { return Ok(audience) };
        if let Some(campaign) = self.campaign(observation, alert)? {
            let told = self.subscriptions.matching(&campaign);
            self.store.record_alert(&campaign, &told, self.clock.now())?;
            for member in &campaign.members {
                let (fingerprint, _) = Alert::identify(AlertKind::Release, &member.to_string());
                self.store.withdraw_deliveries(&fingerprint, &told)?;
            }
            audience.retain(|subscription| !told.contains(subscription));
        }
        Ok(audience)
    }

    /// Whether the baseline knows no evidence because that of the package's past could not be checked: what is
    /// unremarkable beside such a baseline has not been checked either. Once nobody asks for that evidence any more, a
    /// release that has its own begins the baseline anew.
    fn is_blind(
        &self,
        subject: &Subject<'_>,
        observation: &Observation,
        StoredBaseline { baseline, .. }: &StoredBaseline,
    ) -> Result<bool, PipelineError> {
        if baseline.lines.values().any(|line| !line.issuers.is_empty()) {
            return Ok(false);
        }
        let history_ends = self.history_ends(subject);
        let bare = observation.identities().is_empty();
        let hides = |row: &ReleaseRow| {
            row.outcome == Outcome::Unchecked
                && row.published_at.is_some_and(|at| at < history_ends)
                && (bare || row.recheck_at.is_some())
        };
        Ok(self.store.releases(subject.package, RELEASES_AFTER)?.iter().any(hides))
    }

    /// What a package did before it was watched is its habit, except what was removed, and evidence that does not hold.
    /// The baseline learns all of it in one step that goes with the last record: a package may have thousands of releases.
    pub(super) fn history_records(
        &self,
        subject: &Subject<'_>,
        observed: Vec<(Observation, bool)>,
        baseline: &mut StoredBaseline,
    ) -> Vec<Record> {
        let mut lesson = Lesson::over(baseline);
        let record = |(observation, fetched)| self.history_record(subject, observation, fetched, &mut lesson);
        let mut records: Vec<Record> = observed.into_iter().map(record).collect();
        let change = lesson.change();
        if let Some(last) = records.last_mut() {
            last.baseline = change;
            advance(baseline, last);
        }
        records
    }

    fn history_record(
        &self,
        subject: &Subject<'_>,
        observation: Observation,
        fetched: bool,
        lesson: &mut Lesson<'_>,
    ) -> Record {
        let unchecked = if fetched { unchecked(&observation) } else { Vec::new() };
        let invalid = observation.provenances().any(|provenance| matches!(provenance, Provenance::Invalid { .. }));
        let published = observation.status == ReleaseStatus::Published;
        if unchecked.is_empty() && !invalid && published && !subject.has_taught(&observation.purl) {
            lesson.learn(&observation, None);
        }
        let outcome = match (unchecked.is_empty(), invalid) {
            (false, _) => Outcome::Unchecked,
            (true, true) => Outcome::Held,
            (true, false) => Outcome::Learned,
        };
        let recheck_at = self.again_at(!unchecked.is_empty(), subject.attempts(&observation.purl), subject.now);
        let mut record = Record::observed(observation, outcome, subject.now);
        record.recheck_at = recheck_at;
        record.unchecked = unchecked;
        record
    }

    /// Held releases that enough clean ones have followed join the baseline together with the one that made it enough.
    fn let_held_join(
        &self,
        subject: &Subject<'_>,
        newest: &Observation,
        lesson: &mut Lesson<'_>,
    ) -> Result<(), PipelineError> {
        let held = self.store.held(subject.package)?;
        if held.is_empty() {
            return Ok(());
        }
        let mut later: Vec<Later> = Vec::new();
        for row in self.store.releases(subject.package, RELEASES_AFTER)? {
            let Some(published_at) = row.published_at.filter(|_| row.purl != newest.purl) else { continue };
            later.push(Later { line: row.line, published_at, clean: row.teaches });
        }
        later.push(Later { line: newest.line(), published_at: newest.published_at, clean: true });
        for held in held {
            if let Some(observation) = self.joins(&held, &later)? {
                lesson.learn(&observation, Some("enough clean releases followed".to_owned()));
            }
        }
        Ok(())
    }

    fn joins(&self, held: &Held, later: &[Later]) -> Result<Option<Observation>, PipelineError> {
        let Some(published_at) = held.published_at else { return Ok(None) };
        let Some(row) = self.store.release(&held.purl)? else { return Ok(None) };
        let (_, id) = Alert::identify(AlertKind::Release, &held.purl.to_string());
        let Some(alert) = self.store.alert(&id)? else { return Ok(None) };
        let held = baseline::Held {
            line: held.line.clone(),
            published_at,
            severity: alert.severity,
            status: row.status,
            decision: Decision::Pending,
        };
        Ok(row.observation.filter(|_| baseline::joins(&held, later)))
    }

    /// A release whose part of the registry's document could not be read. It is looked at again: an answer that was
    /// spoiled on its way is not worth a release.
    pub(super) fn record_unreadable(
        &self,
        subject: &Subject<'_>,
        release: &ReleaseId,
        why: &str,
    ) -> Result<(), PipelineError> {
        let mut record = Record::unreadable(release.clone(), why, subject.now);
        record.recheck_at = self.next_look(subject.attempts(release), subject.now);
        if !self.is_old_oddity(subject, release)? {
            self.note_unchecked(subject, release, &[why.to_owned()])?;
        }
        self.store.record(&record)?;
        self.tell(&record);
        Ok(())
    }

    /// A release that was removed before it could be looked at.
    pub(super) fn record_withdrawn(
        &self,
        subject: &Subject<'_>,
        release: &ReleaseId,
        published_at: DateTime<Utc>,
    ) -> Result<(), PipelineError> {
        let why = format!("it was published at {published_at} and removed before it could be looked at");
        self.note_withdrawn(release, &why, subject.now)?;
        let record = Record::unreadable(release.clone(), why, subject.now);
        self.store.record(&record)?;
        self.store.set_status(release, ReleaseStatus::Unpublished, subject.now)?;
        self.tell(&record);
        Ok(())
    }

    /// Records an alert about provwatch itself.
    pub(super) fn record_operation(&self, trouble: &Trouble, now: DateTime<Utc>) -> Result<(), PipelineError> {
        let (fingerprint, id) = Alert::identify(AlertKind::Operation, &trouble.subject);
        let alert = Alert {
            id,
            fingerprint,
            kind: AlertKind::Operation,
            severity: trouble.severity,
            confidence: trouble.confidence,
            purl: None,
            published_at: None,
            raised_at: now,
            title: trouble.title.clone(),
            argument: trouble.argument.clone(),
            status: AlertStatus::Open,
            signals: Vec::new(),
            members: Vec::new(),
            links: Links::default(),
        };
        self.store.record_alert(&alert, &self.subscriptions.matching(&alert), now)?;
        Ok(())
    }

    /// Resolves an alert about provwatch itself, if it stands, because its cause is gone.
    pub(super) fn resolve_operation(
        &self,
        trouble: &Trouble,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<(), PipelineError> {
        let (fingerprint, _) = Alert::identify(AlertKind::Operation, &trouble.subject);
        if self.store.alert(&fingerprint)?.is_some_and(|alert| alert.status != AlertStatus::Resolved) {
            self.store.resolve(&fingerprint, ACTOR, reason, now)?;
        }
        Ok(())
    }

    /// When to look again at a release that something more is waited for of, after so many looks in vain.
    fn again_at(&self, waits: bool, attempts: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if waits { self.next_look(attempts, now) } else { None }
    }

    pub(super) fn next_look(&self, attempts: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let delay = self.settings.recheck.get(usize::try_from(attempts).ok()?)?;
        now.checked_add_signed(*delay)
    }

    /// Reports a record.
    pub(super) fn tell(&self, record: &Record) {
        let observation = match &record.subject {
            crate::store::Subject::Observed(observation) => Some(observation.as_ref()),
            crate::store::Subject::Unreadable { .. } => None,
        };
        self.progress.report(&Step::Recorded {
            release: record.subject.release(),
            observation,
            outcome: record.outcome,
            unchecked: &record.unchecked,
            alert: record.alert.as_ref(),
        });
    }
}

fn links(subject: &Subject<'_>, observation: &Observation) -> Links {
    Links { registry: Some(subject.registry.page(&observation.purl).to_string()), ..assess::links(observation) }
}

/// What a baseline learns in one record.
struct Lesson<'a> {
    stored: &'a StoredBaseline,
    changed: Option<crate::model::Baseline>,
    versions: Vec<NewBaselineVersion>,
}

impl<'a> Lesson<'a> {
    fn over(stored: &'a StoredBaseline) -> Self {
        Self { stored, changed: None, versions: Vec::new() }
    }

    fn learn(&mut self, observation: &Observation, note: Option<String>) {
        learn(self.changed.get_or_insert_with(|| self.stored.baseline.clone()), observation);
        self.versions.push(NewBaselineVersion {
            line: observation.line(),
            reason: BaselineReason::Learned,
            purl: Some(observation.purl.clone()),
            actor: ACTOR.to_owned(),
            note,
        });
    }

    fn change(self) -> Option<BaselineChange> {
        let baseline = self.changed?;
        Some(BaselineChange { based_on: self.stored.revision, baseline, versions: self.versions })
    }
}

/// The baseline in memory follows the one in the store.
fn advance(baseline: &mut StoredBaseline, record: &Record) {
    if let Some(change) = &record.baseline {
        baseline.revision += u32::try_from(change.versions.len()).unwrap_or(u32::MAX);
        baseline.baseline = change.baseline.clone();
    }
}

fn outcome(alerted: bool, unchecked: &[String]) -> Outcome {
    match (alerted, unchecked.is_empty()) {
        (true, _) => Outcome::Alerted,
        (false, false) => Outcome::Unchecked,
        (false, true) => Outcome::Clean,
    }
}

/// What could not be checked of a release, a sentence each.
fn unchecked(observation: &Observation) -> Vec<String> {
    let mut reasons: Vec<String> = observation.unchecked.clone();
    for provenance in observation.provenances().chain(std::iter::once(&observation.attestation)) {
        if let Provenance::Unavailable { reason } = provenance
            && !reasons.contains(reason)
        {
            reasons.push(reason.clone());
        }
    }
    reasons
}

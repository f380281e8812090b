//! Learns the history of a package from before it was watched.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};

use super::{
    baseline_update::{BaselineUpdate, advance},
    reasons::{once, unchecked},
    sample::sampled,
    told::tell,
};
use crate::{
    baseline::learn,
    model::{MalwareReport, Observation, Provenance, ReleaseLine, ReleaseStatus},
    packages::{
        examination::{Examination, Examined},
        settings::Settings,
        turn::{self, is_not_yet},
        verify::{Verification, unreadable, worst},
    },
    progress::Progress,
    registry::RegistryRelease,
    store::{Outcome, Record, Store, StoreError, StoredBaseline},
};

/// How many releases of a history are learned and recorded at a time: a processed release is several times as large as
/// its input, and packages with tens of thousands of releases exist.
const PART: usize = 1000;

/// A release of a history.
struct Past {
    observation: Observation,
    /// Whether its evidence was requested.
    fetched: bool,
}

impl Past {
    /// Whether the turn was over before any of its evidence was requested.
    fn is_untouched(&self) -> bool {
        let evidence = || self.observation.provenances().filter(|provenance| **provenance != Provenance::Absent);
        self.fetched && evidence().next().is_some() && evidence().all(is_not_yet)
    }

    fn is_pending(&self) -> bool {
        self.fetched && turn::is_pending(&unchecked(&self.observation))
    }
}

/// Learns the history of packages.
#[derive(Debug)]
pub struct Historian {
    pub store: Arc<Store>,
    pub progress: Arc<dyn Progress>,
    pub settings: Arc<Settings>,
    pub verification: Arc<Verification>,
}

impl Historian {
    /// Learns the usual way of releasing from before the package was watched, except known bad releases: removed ones,
    /// those with invalid evidence, and those that others report as malicious. Evidence is fetched for the newest releases only, the oldest of them first: so
    /// the rest that earlier turns left are always the newest, and are learned in order. Returns the releases that are
    /// still to be read.
    pub async fn learn(
        &self,
        subject: &Examination<'_>,
        releases: Vec<RegistryRelease>,
        baseline: &mut StoredBaseline,
        examined: &mut Examined,
    ) -> Result<Vec<Observation>, StoreError> {
        subject.turn.begin_history();
        let sampled = self.sampled(&releases);
        let mut releases = releases.into_iter().zip(sampled);
        let mut unread = Vec::new();
        loop {
            let part: Vec<_> = releases.by_ref().take(PART).collect();
            if part.is_empty() {
                return Ok(unread);
            }
            unread.extend(self.learn_part(subject, part, baseline, examined).await?);
            // Recording does not yield by itself; this lets other packages be checked in between.
            tokio::task::yield_now().await;
        }
    }

    /// Learns some releases, each with whether its evidence is fetched, and records them. Returns those that are still to be
    /// read.
    async fn learn_part(
        &self,
        subject: &Examination<'_>,
        part: Vec<(RegistryRelease, bool)>,
        baseline: &mut StoredBaseline,
        examined: &mut Examined,
    ) -> Result<Vec<Observation>, StoreError> {
        let observed = stream::iter(part)
            .map(|(release, fetched)| self.observe(subject, release, fetched))
            .buffered(turn::AT_ONCE);
        let mut observed: Vec<Past> = observed.try_collect().await?;
        self.note_reports(subject, &mut observed)?;
        let unread: Vec<Observation> =
            observed.iter().filter(|past| past.is_pending()).map(|past| past.observation.clone()).collect();
        let records = self.records(subject, observed, baseline);
        self.store.record_batch(&records)?;
        let is_over = |record: &&Record| !turn::is_pending(&record.unchecked);
        for record in records.iter().filter(is_over) {
            tell(self.progress.as_ref(), record);
        }
        examined.releases += records.iter().filter(is_over).count();
        examined.unchecked += records.iter().filter(is_over).filter(|record| !record.unchecked.is_empty()).count();
        Ok(unread)
    }

    /// Notes what others report of these releases. Those teach nothing, and raise an alert when they are stored.
    fn note_reports(&self, subject: &Examination<'_>, observed: &mut [Past]) -> Result<(), StoreError> {
        let mut reports = self.store.reports_of_package(subject.package)?;
        reports.retain(|(report, _)| report.is_active());
        for Past { observation, .. } in observed {
            let about = reports.iter().filter(|(_, affected)| affected.affects(&observation.purl));
            let about: Vec<MalwareReport> = about.map(|(report, _)| report.clone()).collect();
            observation.facts.reports = Some(about).filter(|about| !about.is_empty());
        }
        Ok(())
    }

    /// The release, with its evidence if that is to be fetched.
    async fn observe(
        &self,
        subject: &Examination<'_>,
        release: RegistryRelease,
        fetched: bool,
    ) -> Result<Past, StoreError> {
        let observation = if fetched {
            self.verification.observe(subject, release).await?
        } else {
            unfetched(release, self.settings.history)
        };
        Ok(Past { observation, fetched })
    }

    fn sampled(&self, history: &[RegistryRelease]) -> Vec<bool> {
        let lines: Vec<ReleaseLine> = history.iter().map(|release| ReleaseLine::of(&release.id)).collect();
        sampled(&lines, self.settings.history)
    }

    /// The number of attestation documents that a history is learned from.
    pub fn evidence_of(&self, history: &[RegistryRelease]) -> usize {
        let sampled = self.sampled(history);
        history.iter().zip(sampled).filter(|(_, sampled)| *sampled).map(|(release, _)| release.evidence.len()).sum()
    }

    /// Learns releases from before the package was watched, except removed, yanked or reported ones and those with invalid
    /// or unavailable evidence. The baseline learns all of them in one step that goes with the last record.
    fn records(&self, subject: &Examination<'_>, observed: Vec<Past>, baseline: &mut StoredBaseline) -> Vec<Record> {
        let mut baseline_update = BaselineUpdate::over(baseline);
        let observed = observed.into_iter().filter(|past| !past.is_untouched());
        let mut records: Vec<Record> = observed.map(|past| self.record(subject, past, &mut baseline_update)).collect();
        let change = baseline_update.change();
        if let Some(last) = records.last_mut() {
            last.baseline = change;
            advance(baseline, last);
        }
        records
    }

    fn record(&self, subject: &Examination<'_>, past: Past, baseline_update: &mut BaselineUpdate<'_>) -> Record {
        let Past { observation, fetched } = past;
        let unread = || once(observation.unread.reasons().map(str::to_owned));
        let unchecked = if fetched { unchecked(&observation) } else { unread() };
        let pending = turn::is_pending(&unchecked);
        // Old documents often have irregular fields. The evidence of such a release counts as for any other, and
        // unreadable fields are not learned.
        let is_odd = |why: &String| observation.unread.reasons().any(|reason| reason == why);
        let is_known = unchecked.iter().all(is_odd) && !observation.unread.hides_evidence();
        let is_bad = observation.has_invalid() || observation.facts.reports.is_some();
        let published = observation.status == ReleaseStatus::Published;
        if is_known && !is_bad && published && !subject.has_taught(&observation.purl) {
            baseline_update.learn(&observation, None);
        }
        let outcome = match (is_known, is_bad) {
            (false, _) => Outcome::Unchecked,
            (true, true) => Outcome::Held,
            (true, false) => Outcome::Learned,
        };
        let next = self.settings.again_at(!unchecked.is_empty(), subject.attempts(&observation.purl), subject.now);
        let goes_on = subject.goes_on(&observation.purl);
        let mut record = Record::observed(observation, outcome, subject.now);
        record.recheck_at = if pending { Some(subject.now) } else { next };
        record.goes_on = goes_on;
        record.unchecked = unchecked;
        record
    }
}

/// The baseline with what is known of releases whose evidence has not been read yet: the accounts and habits that the
/// registry itself states. It is used for comparison and never stored.
pub fn with_unread(
    subject: &Examination<'_>,
    baseline: &StoredBaseline,
    unread: impl IntoIterator<Item = Observation>,
) -> StoredBaseline {
    let mut all = baseline.clone();
    let is_known =
        |past: &Observation| !past.has_invalid() && !past.unread.hides_evidence() && past.facts.reports.is_none();
    let is_habit = |past: &Observation| {
        past.status == ReleaseStatus::Published && is_known(past) && !subject.has_taught(&past.purl)
    };
    for past in unread.into_iter().filter(is_habit) {
        learn(&mut all.baseline, &past);
    }
    all
}

/// An old release, whose evidence is not requested.
pub fn unfetched(release: RegistryRelease, history: usize) -> Observation {
    let not_fetched = || Provenance::Unavailable {
        reason: format!(
            "not fetched: neither among the newest {history} releases nor among the newest of a recent line"
        ),
    };
    let mut outcomes = unreadable(&release);
    outcomes.extend((!release.evidence.is_empty()).then(not_fetched));
    release.observed(worst(outcomes.into_iter()))
}

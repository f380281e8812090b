//! Learns the history of a package from before it was watched.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};

use super::{
    baseline_update::{BaselineUpdate, advance},
    reasons::{once, unchecked},
    told::tell,
};
use crate::{
    baseline::learn,
    model::{Observation, Provenance, ReleaseStatus},
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

/// How many releases of a history are learned and recorded at a time: what is made of a release is several times as large as
/// what is read of it, and packages with tens of thousands exist.
const PART: usize = 1000;

/// A release of a history.
struct Past {
    observation: Observation,
    /// Whether its evidence was asked for.
    fetched: bool,
}

impl Past {
    /// Whether the turn was over before any of its evidence was asked for.
    fn is_untouched(&self) -> bool {
        let evidence = || self.observation.provenances().filter(|provenance| **provenance != Provenance::Absent);
        self.fetched && evidence().next().is_some() && evidence().all(is_not_yet)
    }

    fn is_pending(&self) -> bool {
        self.fetched && turn::is_pending(&unchecked(&self.observation))
    }
}

/// Who learns the history of packages.
#[derive(Debug)]
pub struct Historian {
    pub store: Arc<Store>,
    pub progress: Arc<dyn Progress>,
    pub settings: Arc<Settings>,
    pub verification: Arc<Verification>,
}

impl Historian {
    /// What a package did before it was watched is taken as its habit, except what is known to be bad: releases that
    /// were removed, and evidence that does not hold. Evidence is fetched for the newest releases only, the oldest of them
    /// first: so what the turns before left are always the newest, and are learned in order. What is still to be read.
    pub async fn learn(
        &self,
        subject: &Examination<'_>,
        releases: Vec<RegistryRelease>,
        baseline: &mut StoredBaseline,
        examined: &mut Examined,
    ) -> Result<Vec<Observation>, StoreError> {
        subject.turn.begin_history();
        let old = releases.len().saturating_sub(self.settings.history);
        let mut releases = releases.into_iter().enumerate();
        let mut unread = Vec::new();
        loop {
            let part: Vec<_> = releases.by_ref().take(PART).collect();
            if part.is_empty() {
                return Ok(unread);
            }
            unread.extend(self.learn_part(subject, part, old, baseline, examined).await?);
            // Recording waits for nothing: other packages are looked at in between.
            tokio::task::yield_now().await;
        }
    }

    /// Learns some releases, each with its place in the history, and records them. What is still to be read of them.
    async fn learn_part(
        &self,
        subject: &Examination<'_>,
        part: Vec<(usize, RegistryRelease)>,
        old: usize,
        baseline: &mut StoredBaseline,
        examined: &mut Examined,
    ) -> Result<Vec<Observation>, StoreError> {
        let observed = stream::iter(part)
            .map(|(index, release)| self.observe(subject, release, index >= old))
            .buffered(turn::AT_ONCE);
        let observed: Vec<Past> = observed.try_collect().await?;
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

    /// The release, with its evidence if that is asked for.
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

    /// How many attestation documents a history is learned from.
    pub fn evidence_of(&self, history: &[RegistryRelease]) -> usize {
        history.iter().rev().take(self.settings.history).map(|release| release.evidence.len()).sum()
    }

    /// What a package did before it was watched is its habit, except what was removed or yanked, and what has evidence that
    /// does not hold or could not be had.
    /// The baseline learns all of them in one step that goes with the last record.
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
        // Old documents are often odd. What proves such a release is as well known as of any other, and what cannot be
        // read is not learned.
        let is_odd = |why: &String| observation.unread.reasons().any(|reason| reason == why);
        let is_known = unchecked.iter().all(is_odd) && !observation.unread.hides_evidence();
        let invalid = observation.has_invalid();
        let published = observation.status == ReleaseStatus::Published;
        if is_known && !invalid && published && !subject.has_taught(&observation.purl) {
            baseline_update.learn(&observation, None);
        }
        let outcome = match (is_known, invalid) {
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

/// The baseline as it would be with what is known of releases whose evidence is not read yet: the accounts and habits
/// that the registry itself states. It is compared with and never stored.
pub fn with_unread(
    subject: &Examination<'_>,
    baseline: &StoredBaseline,
    unread: impl IntoIterator<Item = Observation>,
) -> StoredBaseline {
    let mut all = baseline.clone();
    let is_known = |past: &Observation| !past.has_invalid() && !past.unread.hides_evidence();
    let is_habit = |past: &Observation| {
        past.status == ReleaseStatus::Published && is_known(past) && !subject.has_taught(&past.purl)
    };
    for past in unread.into_iter().filter(is_habit) {
        learn(&mut all.baseline, &past);
    }
    all
}

/// A release of long ago, whose evidence nobody asks for.
pub fn unfetched(release: RegistryRelease, history: usize) -> Observation {
    let not_fetched = || Provenance::Unavailable {
        reason: format!("not fetched: older than the {history} releases that are learned from"),
    };
    let mut outcomes = unreadable(&release);
    outcomes.extend((!release.evidence.is_empty()).then(not_fetched));
    release.observed(worst(outcomes.into_iter()))
}

//! From a package that may have changed to recorded releases: read its document, find what is new, judge each release
//! against the baseline, record.
//!
//! The first sight of a package is its backfill: what it did until a week before is its history and teaches the
//! baseline; the last week is judged like what follows.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};

use super::{Pipeline, PipelineError, Step, unseen::listed};
use crate::{
    http::Validators,
    model::{Ecosystem, Observation, Package, Provenance, ReleaseId, ReleaseStatus, Severity, Unread},
    registry::{Behind, PackageDocument, PackageState, Question, Registry, RegistryError, RegistryRelease},
    store::{Outcome, PackageRow, StoredBaseline, VersionState, Work, files_fingerprint},
};

/// How often a document is asked for until it has what a feed announced, about three quarters of an hour. What
/// the registry shows after that is what holds: it may have withdrawn the rest before anybody saw it.
const PATIENCE: u32 = 8;

/// What looking at a package came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// Releases recorded.
    pub releases: usize,
    /// Of these, how many raised an alert, or its severity.
    pub alerts: usize,
    /// Of which could not be checked whole.
    pub unchecked: usize,
}

/// What an answer is waited for.
#[derive(Clone, Copy)]
pub(super) struct Waits {
    /// A feed announced what the answer must have.
    is_announced: bool,
    /// It may come later.
    patience: bool,
}

/// What is stored of the package that is looked at.
pub(super) struct Subject<'a> {
    pub package: &'a Package,
    pub registry: &'a dyn Registry,
    pub row: Option<PackageRow>,
    pub stored: BTreeMap<String, VersionState>,
    pub now: DateTime<Utc>,
}

impl Subject<'_> {
    pub fn first_sight(&self) -> bool {
        self.row.as_ref().is_none_or(|row| row.backfilled_at.is_none())
    }

    /// Versions that need not be described again: stored, readable, and not waiting for another look.
    fn settled(&self) -> BTreeSet<String> {
        let settled = |stored: &VersionState| stored.outcome != Outcome::Unreadable && !self.is_due(stored);
        self.stored.iter().filter(|(_, stored)| settled(stored)).map(|(version, _)| version.clone()).collect()
    }

    /// Versions whose evidence is to be asked for again now.
    fn due(&self) -> impl Iterator<Item = &str> {
        self.stored.iter().filter(|(_, stored)| self.is_due(stored)).map(|(version, _)| version.as_str())
    }

    fn is_due(&self, stored: &VersionState) -> bool {
        stored.recheck_at.is_some_and(|at| at <= self.now)
    }

    /// Whether a described release brings something that is not stored yet: itself in a readable form, another file, or
    /// another look at evidence that could not be had.
    fn is_news(&self, release: &RegistryRelease) -> bool {
        self.stored.get(release.id.version()).is_none_or(|stored| {
            stored.outcome == Outcome::Unreadable
                || self.is_due(stored)
                || stored.files != files_fingerprint(&release.files)
        })
    }

    /// Whether a release was checked whole, has no new file, and is looked at again for what is around it.
    pub fn is_only_due(&self, release: &Observation) -> bool {
        self.stored.get(release.purl.version()).is_some_and(|stored| {
            let was_whole = stored.unchecked.is_empty() && stored.outcome != Outcome::Unreadable;
            was_whole && self.is_due(stored) && stored.files == files_fingerprint(&release.files)
        })
    }

    /// Whether nothing came from a release's publisher since then. A file that is added late, and does not say when, came
    /// now.
    fn is_history(&self, release: &RegistryRelease, ends: DateTime<Utc>) -> bool {
        let known = self.stored.get(release.id.version()).filter(|stored| stored.outcome != Outcome::Unreadable);
        let has_grown = known.is_some_and(|stored| stored.files != files_fingerprint(&release.files));
        let hides_time = has_grown && release.unread.of(Unread::UPLOADED).is_some();
        last_change(release) < ends && !hides_time
    }

    /// Whether the baseline has learned from a release.
    pub fn has_taught(&self, release: &ReleaseId) -> bool {
        self.stored.get(release.version()).is_some_and(|stored| stored.teaches)
    }

    /// How often a release was looked at in vain.
    pub fn attempts(&self, release: &ReleaseId) -> u32 {
        self.attempts_at(release.version())
    }

    fn attempts_at(&self, version: &str) -> u32 {
        let waiting = self.stored.get(version).filter(|stored| stored.recheck_at.is_some());
        waiting.map_or(0, |stored| stored.attempts.saturating_add(1))
    }
}

impl Pipeline {
    /// Looks at a package and takes its work item off the queue.
    ///
    /// # Errors
    /// The registry or the store failed; the work item stays.
    pub async fn examine(&self, work: &Work) -> Result<Examined, PipelineError> {
        let registry = self.registry(work.package.ecosystem())?;
        let subject = self.subject(&work.package, registry)?;
        self.progress.report(&Step::Examining { package: &work.package, first_sight: subject.first_sight() });
        let settled = subject.settled();
        let rechecking = subject.due().next().is_some();
        let validators = subject.row.as_ref().and_then(validators).filter(|_| !rechecking);
        let question =
            Question { known: &settled, validators: validators.as_ref(), revision: work.revision.as_deref() };
        let waits = Waits { is_announced: work.revision.is_some(), patience: work.attempts < PATIENCE };
        let examined = match registry.package(&self.http, &work.package, question).await {
            Err(RegistryError::Stale { .. }) if !waits.patience => self.package_gone(&subject, waits)?,
            Err(error) => return Err(error.into()),
            Ok(PackageState::NotModified) => self.not_modified(&subject)?,
            Ok(PackageState::Gone) => self.package_gone(&subject, waits)?,
            Ok(PackageState::Current(document)) => self.take_current(&subject, *document, waits).await?,
        };
        self.store.finish_work(&work.package, work.generation)?;
        self.progress.report(&Step::Examined { package: &work.package, releases: examined.releases });
        Ok(examined)
    }

    fn subject<'a>(&self, package: &'a Package, registry: &'a dyn Registry) -> Result<Subject<'a>, PipelineError> {
        Ok(Subject {
            package,
            registry,
            row: self.store.package(package)?,
            stored: self.store.version_states(package)?,
            now: self.clock.now(),
        })
    }

    fn not_modified(&self, subject: &Subject<'_>) -> Result<Examined, PipelineError> {
        if let Some(row) = &subject.row {
            self.store.save_package(&PackageRow { checked_at: Some(subject.now), ..row.clone() })?;
        }
        Ok(Examined::default())
    }

    fn package_gone(&self, subject: &Subject<'_>, waits: Waits) -> Result<Examined, PipelineError> {
        let mut examined = Examined::default();
        self.take_unseen(subject, &BTreeSet::new(), waits.is_announced, &mut examined)?;
        for (version, stored) in &subject.stored {
            if stored.status != ReleaseStatus::Unpublished {
                self.take_status(subject, version, ReleaseStatus::Unpublished)?;
            }
        }
        self.put_off(subject, subject.due())?;
        if subject.row.is_none() {
            tracing::warn!(package = %subject.package, "the registry does not have it; check the name in the watchlist");
        }
        let row = subject.row.clone().unwrap_or_else(|| PackageRow::new(subject.package.clone(), subject.now));
        let gone = PackageRow { status: Some("gone".to_owned()), etag: None, last_modified: None, ..row };
        self.store.save_package(&PackageRow { checked_at: Some(subject.now), ..gone })?;
        Ok(examined)
    }

    /// Takes what a document has. One that is behind what was announced is waited for, and what it has is judged at once
    /// all the same: a mirror may never reach the announced revision. What an older document lacks says nothing.
    async fn take_current(
        &self,
        subject: &Subject<'_>,
        mut document: PackageDocument,
        waits: Waits,
    ) -> Result<Examined, PipelineError> {
        let Some(behind) = document.behind.take() else {
            if waits.is_announced {
                self.resolve_unreached(subject)?;
            }
            return self.take_document(subject, document, waits).await;
        };
        if waits.patience {
            Box::pin(self.take_releases(subject, &mut document)).await?;
            let Behind { seen, announced, .. } = behind;
            return Err(RegistryError::Stale { package: subject.package.clone(), seen, announced }.into());
        }
        // Where the feed names versions, each of them is told.
        if subject.package.ecosystem() == Ecosystem::Npm {
            self.note_unreached(subject, &behind)?;
        }
        document.releases.extend(behind.incomplete);
        self.take_document(subject, document, waits).await
    }

    async fn take_document(
        &self,
        subject: &Subject<'_>,
        mut document: PackageDocument,
        waits: Waits,
    ) -> Result<Examined, PipelineError> {
        let listed = listed(&document);
        self.take_statuses(subject, &document)?;
        let mut examined = Box::pin(self.take_releases(subject, &mut document)).await?;
        self.take_withdrawn(subject, &document.withdrawn, &mut examined)?;
        self.take_unseen(subject, &listed, waits.is_announced, &mut examined)?;
        self.store.save_package(&package_row(subject, document))?;
        Ok(examined)
    }

    async fn take_releases(
        &self,
        subject: &Subject<'_>,
        document: &mut PackageDocument,
    ) -> Result<Examined, PipelineError> {
        self.date(subject, document)?;
        let mut examined = self.take_unreadable(subject, &document.unreadable)?;
        let mut baseline = self.store.baseline(subject.package)?;
        let mut releases: Vec<RegistryRelease> = std::mem::take(&mut document.releases);
        releases.retain(|release| subject.is_news(release));
        releases.sort_by_key(|release| release.published_at);
        let mut seen: BTreeSet<String> = releases.iter().map(|release| release.id.version().to_owned()).collect();
        seen.extend(document.unreadable.iter().map(|(version, _)| version.clone()));
        let history_ends = self.history_ends(subject);
        let (history, fresh): (Vec<_>, Vec<_>) =
            releases.into_iter().partition(|release| subject.is_history(release, history_ends));
        self.learn_history(subject, history, &mut baseline, &mut examined).await?;
        for release in fresh {
            self.judge(subject, release, &mut baseline, &mut examined).await?;
        }
        self.put_off(subject, subject.due().filter(|version| !seen.contains(*version)))?;
        Ok(examined)
    }

    /// Another look at releases whose evidence was due, and that the registry does not show any more, waits for its next
    /// turn: it must neither be forgotten nor asked for without end.
    pub(super) fn put_off<'a>(
        &self,
        subject: &Subject<'_>,
        versions: impl Iterator<Item = &'a str>,
    ) -> Result<(), PipelineError> {
        for version in versions {
            let until = self.next_look(subject.attempts_at(version), subject.now);
            self.store.put_off_recheck(&subject.package.at(version), until)?;
        }
        Ok(())
    }

    /// A release without a readable publish time: what is new was published since the last look, and is judged now; what
    /// was there before the package was watched cannot be placed in its history.
    fn date(&self, subject: &Subject<'_>, document: &mut PackageDocument) -> Result<(), PipelineError> {
        for release in std::mem::take(&mut document.releases) {
            match self.dated(subject, release)? {
                Ok(release) => document.releases.push(release),
                Err(unreadable) => document.unreadable.push(unreadable),
            }
        }
        Ok(())
    }

    fn dated(
        &self,
        subject: &Subject<'_>,
        mut release: RegistryRelease,
    ) -> Result<Result<RegistryRelease, (String, String)>, PipelineError> {
        if release.is_dated() {
            return Ok(Ok(release));
        }
        let row = self.store.release(&release.id)?;
        let before = row.as_ref().and_then(|row| row.observation.as_ref()).map(|seen| seen.published_at);
        let why = release.unread.of(Unread::TIME).unwrap_or("the document has no publish time for it").to_owned();
        if before.is_none() && self.is_old_oddity(subject, &release.id)? {
            return Ok(Err((release.id.version().to_owned(), why)));
        }
        release.unread.because(Unread::TIME, why);
        release.published_at = before.or_else(|| row.map(|row| row.observed_at)).unwrap_or(subject.now);
        Ok(Ok(release))
    }

    /// What was published before this is history.
    pub(super) fn history_ends(&self, subject: &Subject<'_>) -> DateTime<Utc> {
        subject.row.as_ref().map_or(subject.now, |row| row.first_seen) - self.settings.judge_since
    }

    /// What a package did before it was watched is taken as its habit, except what is known to be bad: releases that
    /// were removed, and evidence that does not hold. Evidence is fetched for the newest releases only.
    async fn learn_history(
        &self,
        subject: &Subject<'_>,
        releases: Vec<RegistryRelease>,
        baseline: &mut StoredBaseline,
        examined: &mut Examined,
    ) -> Result<(), PipelineError> {
        let old = releases.len().saturating_sub(self.settings.history);
        let observed = stream::iter(releases.into_iter().enumerate())
            .map(|(index, release)| self.observe_history(subject, release, index >= old))
            .buffered(self.settings.concurrency);
        let observed: Vec<(Observation, bool)> = observed.collect().await;
        let records = self.history_records(subject, observed, baseline);
        self.store.record_batch(&records)?;
        for record in &records {
            self.tell(record);
        }
        examined.releases += records.len();
        examined.unchecked += records.iter().filter(|record| !record.unchecked.is_empty()).count();
        Ok(())
    }

    /// The observation, and whether its evidence was asked for.
    async fn observe_history(
        &self,
        subject: &Subject<'_>,
        release: RegistryRelease,
        fetch: bool,
    ) -> (Observation, bool) {
        if fetch {
            (self.observe_release(subject.registry, release).await, true)
        } else {
            (unfetched(release, self.settings.history), false)
        }
    }

    fn take_statuses(&self, subject: &Subject<'_>, document: &PackageDocument) -> Result<(), PipelineError> {
        let now: BTreeMap<&str, ReleaseStatus> =
            document.versions.iter().map(|(version, status)| (version.as_str(), *status)).collect();
        let unreadable: BTreeSet<&str> = document.unreadable.iter().map(|(version, _)| version.as_str()).collect();
        // What a quarantine hides is not gone.
        let quarantined = document.status.as_deref() == Some(ReleaseStatus::Quarantined.as_str());
        let hidden = if quarantined { ReleaseStatus::Quarantined } else { ReleaseStatus::Unpublished };
        for (version, stored) in &subject.stored {
            let status = now.get(version.as_str()).copied().unwrap_or(hidden);
            let is_known = now.contains_key(version.as_str()) || !unreadable.contains(version.as_str());
            if is_known && status != stored.status {
                self.take_status(subject, version, status)?;
            }
        }
        Ok(())
    }

    /// A release that goes away is unlearned; one that comes back is looked at again, so that it may teach.
    fn take_status(&self, subject: &Subject<'_>, version: &str, status: ReleaseStatus) -> Result<(), PipelineError> {
        let release = subject.package.at(version);
        match status {
            ReleaseStatus::Unpublished => self.unlearn(subject, &release)?,
            ReleaseStatus::Published => self.store.look_again(&release, subject.now)?,
            ReleaseStatus::Yanked | ReleaseStatus::Quarantined => {}
        }
        self.store.set_status(&release, status, subject.now)?;
        Ok(())
    }

    /// What was removed before anybody looked leaves a trace all the same.
    fn take_withdrawn(
        &self,
        subject: &Subject<'_>,
        withdrawn: &[(String, DateTime<Utc>)],
        examined: &mut Examined,
    ) -> Result<(), PipelineError> {
        let history_ends = self.history_ends(subject);
        for (version, published_at) in withdrawn {
            if *published_at >= history_ends && !subject.stored.contains_key(version) {
                let why = format!("it was published at {published_at} and removed before it could be looked at");
                self.record_withdrawn(subject, &subject.package.at(version.as_str()), &why, Severity::Low)?;
                examined.releases += 1;
                examined.unchecked += 1;
            }
        }
        Ok(())
    }

    fn take_unreadable(
        &self,
        subject: &Subject<'_>,
        unreadable: &[(String, String)],
    ) -> Result<Examined, PipelineError> {
        let mut examined = Examined::default();
        for (version, why) in unreadable {
            let release: ReleaseId = subject.package.at(version.as_str());
            let is_said = |stored: &VersionState| {
                stored.outcome == Outcome::Unreadable && stored.unchecked.contains(why) && !subject.is_due(stored)
            };
            if subject.stored.get(version).is_some_and(is_said) {
                continue;
            }
            self.record_unreadable(subject, &release, why, &mut examined)?;
        }
        Ok(examined)
    }
}

/// When something about a release last came from its publisher: a file that is added late counts, however old the release.
fn last_change(release: &RegistryRelease) -> DateTime<Utc> {
    release.files.iter().filter_map(|file| file.uploaded_at).fold(release.published_at, DateTime::max)
}

fn validators(row: &PackageRow) -> Option<Validators> {
    let validators = Validators { etag: row.etag.clone(), last_modified: row.last_modified.clone() };
    (validators != Validators::default()).then_some(validators)
}

fn unfetched(release: RegistryRelease, history: usize) -> Observation {
    let attestation = if release.evidence.is_empty() {
        Provenance::Absent
    } else {
        Provenance::Unavailable {
            reason: format!("not fetched: older than the {history} releases that are learned from"),
        }
    };
    release.observed(attestation)
}

fn package_row(subject: &Subject<'_>, document: PackageDocument) -> PackageRow {
    let row = subject.row.clone().unwrap_or_else(|| PackageRow::new(subject.package.clone(), subject.now));
    let validators = document.validators.unwrap_or_default();
    PackageRow {
        backfilled_at: row.backfilled_at.or(Some(subject.now)),
        checked_at: Some(subject.now),
        etag: validators.etag,
        last_modified: validators.last_modified,
        revision: document.revision,
        maintainers: document.maintainers.or(row.maintainers),
        status: document.status,
        ..row
    }
}

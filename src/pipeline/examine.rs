//! From a package that may have changed to recorded releases: read its document, find what is new, judge each release
//! against the baseline, record.
//!
//! The first sight of a package is its backfill: what it did until a week before is its history and teaches the
//! baseline; the last week is judged like what follows.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Examined, Pipeline, PipelineError, Step,
    claimed_time::{bound_times, is_history},
    history::{unfetched, with_unread},
    subject::{Past, Subject, history_ends},
    took::{Took, Waits},
    turn::Turn,
    unseen::{Listed, listed},
    waits,
};
use crate::{
    clock::is_due,
    http::Validators,
    model::{Observation, ReleaseStatus},
    registry::{PackageDocument, PackageState, Question, Registry, RegistryError, RegistryRelease, not_found},
    store::{AGAIN, Lane, PackageRow, Portions, StoredBaseline, Work},
};

/// How often a document is asked for until it has what a feed announced, about three quarters of an hour. What
/// the registry shows after that is what holds: it may have withdrawn the rest before anybody saw it.
const PATIENCE: u32 = 8;
/// What is announced again and again is waited for no longer: the documents of some mirrors are always behind.
const PATIENT_FOR: TimeDelta = TimeDelta::minutes(40);

/// How a look at a package ended.
pub(super) enum Looked {
    /// The package is off the queue.
    Whole(Examined),
    /// The turn is over; the next one goes on.
    InPart(Examined),
    /// All that the document has was taken, and it is behind what was announced: it is asked for again later.
    Behind(Examined, PipelineError),
}

impl Pipeline {
    /// Looks at a package and takes its work item off the queue.
    ///
    /// # Errors
    /// The registry or the store failed; the work item stays.
    pub(super) async fn examine(&self, work: &Work, turn: &Turn) -> Result<Looked, PipelineError> {
        let looked = Box::pin(self.look(work, turn)).await;
        if looked.is_err() {
            // Who keeps a registry of one's own from being read does not hide that its names are taken in public.
            self.look_for_namesake(&work.package, turn).await?;
        }
        looked
    }

    async fn look(&self, work: &Work, turn: &Turn) -> Result<Looked, PipelineError> {
        let registry = self.registries.of(&work.package.registry())?;
        let mut subject = self.subject(work, registry, turn)?;
        self.progress.report(&Step::Examining { package: &work.package, first_sight: subject.first_sight() });
        let settled = subject.settled();
        let rechecking = subject.due().next().is_some();
        // Who asks again because a document may lag does not ask whether it has changed: a cache would say no.
        let is_conditional = !rechecking && work.reason != AGAIN && !subject.is_asked_whole();
        let validators = subject.row.as_ref().and_then(validators).filter(|_| is_conditional);
        let question =
            Question { known: &settled, validators: validators.as_ref(), revision: work.revision.as_deref() };
        let waits = Waits { is_announced: work.revision.is_some(), patience: is_patient(work, subject.now) };
        // A large document is counted as such for as long as its releases are looked at.
        let http = turn.http.for_document();
        let answer = registry.package(&http, &work.package, question).await;
        // Who answered may have shown that our clock is wrong.
        subject.history_ends = self.history_ends(subject.row.as_ref(), subject.now);
        let took = match answer {
            Err(RegistryError::Stale { .. }) if !waits.patience => Took::whole(self.package_gone(&subject, waits)?),
            Err(error) => return Err(error.into()),
            Ok(PackageState::NotModified) => Took::whole(self.not_modified(&subject)?),
            Ok(PackageState::Gone) => Took::whole(self.package_gone(&subject, waits)?),
            Ok(PackageState::Current(document)) => {
                http.keep(document.weight());
                Box::pin(self.take_current(&subject, *document, waits)).await?
            }
        };
        let came = turn.answers() > 0 || took.examined.releases > 0;
        if took.is_in_part() && (came || !turn.pause().is_zero() || !waits.waits_for(&took)) {
            self.put_back(&subject, work, &took, came)?;
            return Ok(Looked::InPart(took.examined));
        }
        let examined = took.examined;
        if let Some(stale) = took.behind.filter(|_| waits.patience) {
            return Ok(Looked::Behind(examined, stale.into()));
        }
        self.look_for_namesake(&work.package, turn).await?;
        match waits::another_look(work, took.is_unconfirmed, subject.now) {
            Some(again) => self.store.look_once_more(work, again)?,
            None => self.store.finish_work(&work.package, work.generation)?,
        };
        self.progress.report(&Step::Examined { package: &work.package, releases: examined.releases });
        Ok(Looked::Whole(examined))
    }

    /// Puts a package back whose turn is over: behind the others that are due, after the pause that a host asked for, or,
    /// where nothing came in this turn, after a wait that grows.
    fn put_back(&self, subject: &Subject<'_>, work: &Work, took: &Took, came: bool) -> Result<(), PipelineError> {
        let wait = if came { TimeDelta::zero() } else { waits::nothing_came(work.turns) };
        let until = self.clock.now() + subject.turn.pause().max(wait);
        let behind = took.behind.as_ref().map(ToString::to_string);
        self.store.go_on(work, until, took.portions, behind.as_deref(), came)?;
        if let Some(portions) = took.portions {
            self.progress.report(&Step::Portion { package: subject.package, portions });
        }
        Ok(())
    }

    fn subject<'a>(
        &self,
        work: &'a Work,
        registry: &'a dyn Registry,
        turn: &'a Turn,
    ) -> Result<Subject<'a>, PipelineError> {
        let package = &work.package;
        let (now, longest) = (self.clock.now(), self.settings.longest_recheck());
        let mut stored = self.store.version_states(package)?;
        for state in stored.values_mut() {
            state.recheck_at = state.recheck_at.map(|at| if is_due(at, now, longest) { at.min(now) } else { at });
        }
        let is_announced = work.revision.is_some() || work.lane == Lane::Announced;
        let row = self.store.package(package)?;
        let history_ends = self.history_ends(row.as_ref(), now);
        Ok(Subject { package, registry, row, stored, now, turn, is_announced, history_ends })
    }

    fn history_ends(&self, row: Option<&PackageRow>, now: DateTime<Utc>) -> DateTime<Utc> {
        history_ends(row, now, &self.wall_clock, &self.settings)
    }

    fn not_modified(&self, subject: &Subject<'_>) -> Result<Examined, PipelineError> {
        if let Some(row) = &subject.row {
            self.store.save_package(&PackageRow { checked_at: Some(subject.now), ..row.clone() })?;
        }
        Ok(Examined::default())
    }

    fn package_gone(&self, subject: &Subject<'_>, waits: Waits) -> Result<Examined, PipelineError> {
        if !subject.package.is_public() && !subject.stored.is_empty() {
            return Err(not_found(subject.package).into());
        }
        let mut examined = Examined::default();
        self.take_unseen(subject, &Listed::default(), waits.is_announced, &mut examined)?;
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

    pub(super) async fn take_document(
        &self,
        subject: &Subject<'_>,
        mut document: PackageDocument,
        waits: Waits,
    ) -> Result<Took, PipelineError> {
        let listed = listed(&document);
        self.keep_history(subject, &listed.versions)?;
        self.take_statuses(subject, &document)?;
        let mut took = Box::pin(self.take_described(subject, &mut document)).await?;
        self.take_withdrawn(subject, &document.withdrawn, &mut took.examined)?;
        self.take_unseen(subject, &listed, waits.is_announced, &mut took.examined)?;
        self.store.save_package(&package_row(subject, document, listed.versions, took.portions.is_none()))?;
        Ok(took)
    }

    /// What the first document lists is kept before anything of it is read: what is announced meanwhile is not among it.
    fn keep_history(&self, subject: &Subject<'_>, listed: &BTreeSet<String>) -> Result<(), PipelineError> {
        let row = subject.row.clone().unwrap_or_else(|| PackageRow::new(subject.package.clone(), subject.now));
        if row.backfilled_at.is_some() || row.history.is_some() {
            return Ok(());
        }
        Ok(self.store.save_package(&PackageRow { history: Some(listed.clone()), ..row })?)
    }

    /// Takes what a document says of releases.
    pub(super) async fn take_described(
        &self,
        subject: &Subject<'_>,
        document: &mut PackageDocument,
    ) -> Result<Took, PipelineError> {
        self.date(subject, document)?;
        let mut examined = self.take_unreadable(subject, &document.unreadable)?;
        let mut baseline = self.store.baseline(subject.package)?;
        let mut releases: Vec<RegistryRelease> = std::mem::take(&mut document.releases);
        releases.retain(|release| subject.is_news(release));
        let before = self.seen_before(subject, &releases)?;
        self.compare_files(subject, &before, &mut releases)?;
        bound_times(subject, &before, &mut releases);
        let mut seen: BTreeSet<String> = releases.iter().map(|release| release.id.version().to_owned()).collect();
        seen.extend(document.unreadable.iter().map(|(version, _)| version.clone()));
        let (history, fresh) = divide(subject, releases);
        let waiting = fresh.len();
        let unread = self.take_releases(subject, history, fresh, &mut baseline, &mut examined).await?;
        self.put_off(subject, subject.due().filter(|version| !seen.contains(*version)))?;
        let total = document.versions.len();
        let (done, total) = (total.saturating_sub(unread + waiting) as u64, total as u64);
        let portions = (unread > 0).then_some(Portions { done, total });
        Ok(Took { portions, ..Took::whole(examined) })
    }

    /// Those of these releases that are stored, by version, as they were seen last.
    fn seen_before(
        &self,
        subject: &Subject<'_>,
        releases: &[RegistryRelease],
    ) -> Result<BTreeMap<String, Observation>, PipelineError> {
        let mut before = BTreeMap::new();
        for release in releases.iter().filter(|release| subject.stored.contains_key(release.id.version())) {
            if let Some(seen) = self.store.release(&release.id)?.and_then(|row| row.observation) {
                before.insert(release.id.version().to_owned(), seen);
            }
        }
        Ok(before)
    }

    /// The history first, so that new releases are compared with it. Where it is too long for one turn, or a feed announced
    /// something while it is read, the new ones are judged beforehand by what is known, and again when it is read. How much of
    /// the history is still to be read.
    async fn take_releases(
        &self,
        subject: &Subject<'_>,
        history: Vec<RegistryRelease>,
        mut fresh: Vec<RegistryRelease>,
        baseline: &mut StoredBaseline,
        examined: &mut Examined,
    ) -> Result<usize, PipelineError> {
        let evidence = self.evidence_of(&history);
        let is_urgent = subject.is_announced && evidence > 0;
        let is_long =
            subject.first_sight() && (evidence > Turn::most_requests() || (is_urgent && subject.is_between_portions()));
        if is_urgent && !subject.first_sight() {
            // Of this history, evidence is asked for again that could not be had: nobody waits for that.
            let unseen = fresh.extract_if(.., |release| subject.is_unseen(release)).collect();
            self.judge_all(subject, unseen, Past::Read, baseline, examined).await?;
        }
        if is_long {
            let past = history.iter().map(|release| unfetched(release.clone(), self.settings.history));
            self.judge_unread(subject, &fresh, &with_unread(subject, baseline, past), examined).await?;
        }
        let unread = self.learn_history(subject, history, baseline, examined).await?;
        if unread.is_empty() || !subject.first_sight() {
            self.judge_all(subject, fresh, Past::Read, baseline, examined).await?;
        } else if !is_long {
            let count = unread.len();
            self.judge_unread(subject, &fresh, &with_unread(subject, baseline, unread), examined).await?;
            return Ok(count);
        }
        Ok(unread.len())
    }

    /// Judges the releases that were never judged, though the history is not read.
    async fn judge_unread(
        &self,
        subject: &Subject<'_>,
        fresh: &[RegistryRelease],
        baseline: &StoredBaseline,
        examined: &mut Examined,
    ) -> Result<(), PipelineError> {
        let unseen = fresh.iter().filter(|release| subject.is_unseen(release)).cloned().collect();
        self.judge_all(subject, unseen, Past::Unread, &mut baseline.clone(), examined).await
    }

    /// Judges releases: those that were never judged first, each with its share of the evidence, so that all of them are
    /// recorded before more evidence of one is read.
    async fn judge_all(
        &self,
        subject: &Subject<'_>,
        mut releases: Vec<RegistryRelease>,
        past: Past,
        baseline: &mut StoredBaseline,
        examined: &mut Examined,
    ) -> Result<(), PipelineError> {
        releases.sort_by_cached_key(|release| !subject.is_unseen(release));
        let fits = releases.iter().map(|release| release.evidence.len()).sum::<usize>() <= Turn::most_requests();
        subject.turn.begin_releases();
        let count = releases.len();
        for (place, release) in releases.into_iter().enumerate() {
            if subject.turn.is_recalled() && !subject.is_unseen(&release) {
                examined.pending += 1;
                continue;
            }
            subject.turn.share(if fits { 1 } else { count - place });
            self.judge(subject, release, past, baseline, examined).await?;
            // Judging waits for nothing where there is no evidence to fetch: other packages are looked at in between.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Another look at releases whose evidence was due, and that the registry does not show any more, waits for its next
    /// turn: it must neither be forgotten nor asked for without end.
    pub(super) fn put_off<'a>(
        &self,
        subject: &Subject<'_>,
        versions: impl Iterator<Item = &'a str>,
    ) -> Result<(), PipelineError> {
        for version in versions {
            let until = self.settings.next_look(subject.attempts_at(version), subject.now);
            self.store.put_off_recheck(&subject.package.at(version), until)?;
        }
        Ok(())
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
}

/// The history, and what is judged, each in publish order. Nothing is copied: they may be very many.
fn divide(subject: &Subject<'_>, mut releases: Vec<RegistryRelease>) -> (Vec<RegistryRelease>, Vec<RegistryRelease>) {
    releases.sort_by_cached_key(|release| (!is_history(subject, release), release.published_at));
    let fresh = releases.split_off(releases.partition_point(|release| is_history(subject, release)));
    (releases, fresh)
}

/// Whether what was announced is still waited for.
fn is_patient(work: &Work, now: DateTime<Utc>) -> bool {
    let is_always_behind = work.behind >= PATIENCE && now - work.since >= PATIENT_FOR;
    work.attempts < PATIENCE && !is_always_behind
}

/// By what the next request is made conditional; nothing where that is in doubt.
fn validators(row: &PackageRow) -> Option<Validators> {
    let validators = stored_validators(row);
    (validators != Validators::default() && validators != doubtful()).then_some(validators)
}

pub(super) fn stored_validators(row: &PackageRow) -> Validators {
    Validators { etag: row.etag.clone(), last_modified: row.last_modified.clone() }
}

/// Stored in the place of validators that stayed while the document changed: it is asked for whole from then on.
pub(super) fn doubtful() -> Validators {
    Validators { etag: Some(String::new()), last_modified: None }
}

/// Until all of it is stored, the document is asked for whole again.
pub(super) fn package_row(
    subject: &Subject<'_>,
    document: PackageDocument,
    listed: BTreeSet<String>,
    is_read: bool,
) -> PackageRow {
    let row = subject.row.clone().unwrap_or_else(|| PackageRow::new(subject.package.clone(), subject.now));
    let validators = document.validators.filter(|_| is_read).unwrap_or_default();
    let backfilled_at = row.backfilled_at.or(is_read.then_some(subject.now));
    let withdrawn = document.withdrawn.into_iter().map(|(version, _)| version);
    PackageRow {
        backfilled_at,
        checked_at: Some(subject.now),
        etag: validators.etag,
        last_modified: validators.last_modified,
        revision: document.revision,
        maintainers: document.maintainers.or(row.maintainers),
        status: document.status,
        // The first list counts, however often the registry did not know the package before.
        history: Some(row.history.unwrap_or(listed)).filter(|_| backfilled_at.is_none()),
        withdrawn: Some(row.withdrawn.into_iter().flatten().chain(withdrawn).collect()),
        ..row
    }
}

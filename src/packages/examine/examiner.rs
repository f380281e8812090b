//! Checks a package that may have changed: reads its document, finds new releases, and has them judged and recorded.
//!
//! The first check of a package is its backfill: its releases until a week before are its history and go into the
//! baseline; those of the last week are judged like all later ones.

use super::{
    document::Documents,
    listed::Listed,
    namesake::Namesakes,
    row::validators,
    statuses::take_status,
    took::{Took, Waits},
    unseen::Unseen,
};
use crate::{
    clock::{Clock, is_due},
    model::ReleaseStatus,
    packages::{
        error::LookError,
        examination::{Examination, Examined, history_ends},
        judge::recheck::put_off,
        registries::Registries,
        settings::Settings,
        turn::Turn,
        waits,
    },
    progress::{Progress, Step},
    registry::{PackageState, Question, Registry, RegistryError, not_found},
    store::{AGAIN, Lane, PackageRow, Store, StoreError, Work},
    upkeep::WallClock,
};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

/// How often a document is requested until it has what a feed announced, about three quarters of an hour. After that
/// the registry's document counts as it is: the registry may have withdrawn the rest before provwatch could see it.
const PATIENCE: u32 = 8;

/// A package that is announced again and again gets no further waits: the documents of some mirrors always lag.
const PATIENT_FOR: TimeDelta = TimeDelta::minutes(40);

/// How a check of a package ended.
pub enum Looked {
    /// The package was removed from the queue.
    Whole(Examined),
    /// The turn is over; the next one continues.
    InPart(Examined),
    /// The document was processed, but lags the announcement: it is requested again later.
    Behind(Examined, LookError),
}

/// Checks packages.
#[derive(Debug)]
pub struct Examiner {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub progress: Arc<dyn Progress>,
    pub registries: Arc<Registries>,
    pub settings: Arc<Settings>,
    pub wall_clock: Arc<WallClock>,
    pub documents: Documents,
    pub unseen: Arc<Unseen>,
    pub namesakes: Namesakes,
}

impl Examiner {
    /// Checks a package and removes its work item from the queue.
    ///
    /// # Errors
    /// The registry or the store failed; the work item stays.
    pub async fn examine(&self, work: &Work, turn: &Turn) -> Result<Looked, LookError> {
        let looked = Box::pin(self.look(work, turn)).await;
        if looked.is_err() {
            // An attacker who makes a private registry unreadable must not hide that its names exist on the public one.
            self.namesakes.look_for(&work.package, turn).await?;
        }
        looked
    }

    async fn look(&self, work: &Work, turn: &Turn) -> Result<Looked, LookError> {
        let registry = self.registries.of(&work.package.registry())?;
        let mut subject = self.subject(work, registry, turn)?;
        self.progress.report(&Step::Examining { package: &work.package, first_sight: subject.first_sight() });
        let settled = subject.settled();
        let rechecking = subject.due().next().is_some();
        // A repeated request because of a possible lag is unconditional: a cache would answer that nothing changed.
        let is_conditional = !rechecking && work.reason != AGAIN && !subject.is_asked_whole();
        let validators = subject.row.as_ref().and_then(validators).filter(|_| is_conditional);
        let question =
            Question { known: &settled, validators: validators.as_ref(), revision: work.revision.as_deref() };
        let waits = Waits { is_announced: work.revision.is_some(), patience: is_patient(work, subject.now) };
        // A large document counts as such for as long as its releases are processed.
        let http = turn.http.for_document();
        let answer = registry.package(&http, &work.package, question).await;
        // The answer may have shown that our clock is wrong.
        subject.history_ends = self.history_ends(subject.row.as_ref(), subject.now);
        let took = match answer {
            Err(RegistryError::Stale { .. }) if !waits.patience => Took::whole(self.package_gone(&subject, waits)?),
            Err(error) => return Err(error.into()),
            Ok(PackageState::NotModified) => Took::whole(self.not_modified(&subject)?),
            Ok(PackageState::Gone) => Took::whole(self.package_gone(&subject, waits)?),
            Ok(PackageState::Current(document)) => {
                http.keep(document.weight());
                Box::pin(self.documents.take(&subject, *document, waits)).await?
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
        self.namesakes.look_for(&work.package, turn).await?;
        match waits::another_look(work, took.is_unconfirmed, subject.now) {
            Some(again) => self.store.look_once_more(work, again)?,
            None => self.store.finish_work(&work.package, work.generation)?,
        };
        self.progress.report(&Step::Examined { package: &work.package, releases: examined.releases });
        Ok(Looked::Whole(examined))
    }

    /// Puts back a package whose turn is over: behind the others that are due, after the pause that a host asked for,
    /// or, where this turn brought nothing, after a wait that grows.
    fn put_back(&self, subject: &Examination<'_>, work: &Work, took: &Took, came: bool) -> Result<(), StoreError> {
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
    ) -> Result<Examination<'a>, StoreError> {
        let package = &work.package;
        let (now, longest) = (self.clock.now(), self.settings.longest_recheck());
        let mut stored = self.store.version_states(package)?;
        for state in stored.values_mut() {
            state.recheck_at = state.recheck_at.map(|at| if is_due(at, now, longest) { at.min(now) } else { at });
        }
        let is_announced = work.revision.is_some() || work.lane == Lane::Announced;
        let row = self.store.package(package)?;
        let history_ends = self.history_ends(row.as_ref(), now);
        Ok(Examination { package, registry, row, stored, now, turn, is_announced, history_ends })
    }

    fn history_ends(&self, row: Option<&PackageRow>, now: DateTime<Utc>) -> DateTime<Utc> {
        history_ends(row, now, &self.wall_clock, &self.settings)
    }

    fn not_modified(&self, subject: &Examination<'_>) -> Result<Examined, StoreError> {
        if let Some(row) = &subject.row {
            self.store.save_package(&PackageRow { checked_at: Some(subject.now), ..row.clone() })?;
        }
        Ok(Examined::default())
    }

    fn package_gone(&self, subject: &Examination<'_>, waits: Waits) -> Result<Examined, LookError> {
        if !subject.package.is_public() && !subject.stored.is_empty() {
            return Err(not_found(subject.package).into());
        }
        let mut examined = Examined::default();
        self.unseen.take_missing(subject, &Listed::default(), waits.is_announced, &mut examined)?;
        for (version, stored) in &subject.stored {
            if stored.status != ReleaseStatus::Unpublished {
                take_status(&self.store, subject, version, ReleaseStatus::Unpublished)?;
            }
        }
        put_off(&self.store, &self.settings, subject, subject.due())?;
        if subject.row.is_none() {
            tracing::warn!(package = %subject.package, "the registry does not have it; check the name in the watchlist");
        }
        let row = subject.row.clone().unwrap_or_else(|| PackageRow::new(subject.package.clone(), subject.now));
        let gone = PackageRow { status: Some("gone".to_owned()), etag: None, last_modified: None, ..row };
        self.store.save_package(&PackageRow { checked_at: Some(subject.now), ..gone })?;
        Ok(examined)
    }
}

/// Whether to keep waiting for what was announced.
fn is_patient(work: &Work, now: DateTime<Utc>) -> bool {
    let is_always_behind = work.behind >= PATIENCE && now - work.since >= PATIENT_FOR;
    work.attempts < PATIENCE && !is_always_behind
}

//! Registries that answer again after an outage. What a feed announced waits longer with each failure; nobody should wait
//! for hours once the registry is back, and a registry that is down should not be asked by everybody all the time: one
//! package at a time finds out for all. A single pass, which has an end, gives a registry that does not answer up at once for
//! all its packages ([`Silent`]).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Pipeline, PipelineError};
use crate::{
    http::{HttpError, TransportError},
    model::{Package, RegistryKey},
    registry::RegistryError,
    store::{LONGEST_WAIT, Lane, Setback, Work},
    text::with_causes,
};

/// How long the next try of something announced is away at most.
const PROBE: TimeDelta = TimeDelta::minutes(2);
/// From so many packages on that failed on end, a success means that the registry is back. Fewer may be single documents'
/// matter.
const OUTAGE: usize = 5;

/// A pass gives a registry up after so many turns on end without any answer; where some only took too long, after more, and
/// after yet more where it answered before.
const DEAD: u32 = 3;
const SLOW: u32 = 4;
const SLOW_LATELY: u32 = 8;

/// How often it is remembered that a registry without a feed answers.
const REMEMBERED: TimeDelta = TimeDelta::minutes(1);

/// What is known of the failures of registries, and of packages that fail for reasons of their own.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The packages of each registry, up to [`OUTAGE`], whose turns failed since the registry answered last, in ways that
    /// speak of the registry. Of one that was not asked since the start, it may have been many.
    failing: BTreeMap<RegistryKey, BTreeSet<Package>>,
    /// The packages whose last failure may be their own matter, and until when the end of an outage does not make them due:
    /// it does so once in each step of their schedule.
    own: BTreeMap<Package, Option<DateTime<Utc>>>,
}

impl Failures {
    fn failed(&self, package: &Package, of: Matter) {
        let mut known = self.lock();
        if of == Matter::Registry {
            known.own.remove(package);
        } else {
            known.own.entry(package.clone()).or_default();
        }
        if of == Matter::Package {
            return;
        }
        if let Some(failing) = known.failing.get_mut(&package.registry())
            && failing.len() < OUTAGE
        {
            failing.insert(package.clone());
        }
    }

    /// Whether an outage is over with this answer about a package.
    fn answered(&self, package: &Package) -> bool {
        let mut known = self.lock();
        known.own.remove(package);
        known.failing.insert(package.registry(), BTreeSet::new()).is_none_or(|failing| failing.len() >= OUTAGE)
    }

    /// Whether the end of an outage makes a package due whose next try is at `due_at`.
    fn frees(&self, package: &Package, due_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        match self.lock().own.get_mut(package) {
            None => true,
            Some(Some(until)) if now < *until && *until - now <= LONGEST_WAIT => false,
            Some(until) => {
                *until = Some(due_at);
                true
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a failure speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Matter {
    /// The registry: it did not answer, or said that it does not serve anybody now.
    Registry,
    /// Either: the answer took too long.
    Either,
    /// The package: its document is too large, or cannot be read.
    Package,
}

impl Matter {
    fn of(error: &PipelineError) -> Self {
        let PipelineError::Registry(RegistryError::Http { source, .. }) = error else { return Self::Package };
        match source.as_ref() {
            HttpError::Transport { source: TransportError::Slow { .. }, .. } => Self::Either,
            HttpError::Transport { source: TransportError::Failed(_), .. }
            | HttpError::Paused { .. }
            | HttpError::Status { status: 401 | 403 | 407 | 408 | 425 | 429 | 500..=599, .. } => Self::Registry,
            HttpError::Transport { .. } | HttpError::Status { .. } | HttpError::Refused { .. } => Self::Package,
        }
    }
}

impl Pipeline {
    /// Notes that a registry answered. If it did not before, what waits for it is due.
    pub(super) fn note_answer(&self, package: &Package) -> Result<(), PipelineError> {
        let (registry, now) = (package.registry(), self.clock.now());
        if self.failures.answered(package) {
            self.store.try_again(&registry, now, |waiting, due_at| self.failures.frees(waiting, due_at, now))?;
        }
        self.note_read(&registry)
    }

    /// Notes that a turn ended early, and sees to it that something of what was announced is tried soon, unless the server
    /// itself said when.
    pub(super) fn note_setback(
        &self,
        work: &Work,
        setback: Setback,
        error: &PipelineError,
    ) -> Result<(), PipelineError> {
        let registry = work.package.registry();
        match setback {
            Setback::Behind => return self.note_answer(&work.package),
            Setback::Paused => return Ok(()),
            Setback::Failed | Setback::RanOver => {}
        }
        let matter = Matter::of(error);
        self.failures.failed(&work.package, matter);
        self.note_unread(&registry, error)?;
        if work.lane == Lane::Rest || matter == Matter::Package || is_told_to_wait(error) {
            return Ok(());
        }
        Ok(self.store.probe(&registry, self.clock.now() + PROBE)?)
    }
}

impl Pipeline {
    /// A registry without a feed has nothing else that tells whether it is read: remembered about once a minute.
    fn note_read(&self, registry: &RegistryKey) -> Result<(), PipelineError> {
        let Some(name) = self.registries.polled().get(registry).map(|polled| polled.source.as_str()) else {
            return Ok(());
        };
        let now = self.clock.now();
        let is_news = self.reads.is_news(registry, now);
        if is_news { Ok(self.store.source_read(name, now)?) } else { Ok(()) }
    }

    fn note_unread(&self, registry: &RegistryKey, error: &PipelineError) -> Result<(), PipelineError> {
        let Some(name) = self.registries.polled().get(registry).map(|polled| polled.source.as_str()) else {
            return Ok(());
        };
        self.reads.forget(registry);
        Ok(self.store.source_failed(name, &with_causes(error), self.clock.now())?)
    }
}

/// When registries without a feed were last said to be read.
#[derive(Debug, Default)]
pub(super) struct Reads(Mutex<BTreeMap<RegistryKey, DateTime<Utc>>>);

impl Reads {
    fn is_news(&self, registry: &RegistryKey, now: DateTime<Utc>) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = last.get(registry).is_none_or(|at| (now - *at).abs() >= REMEMBERED);
        if is_news {
            last.insert(registry.clone(), now);
        }
        is_news
    }

    fn forget(&self, registry: &RegistryKey) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(registry);
    }
}

/// The registries that do not answer during one pass.
#[derive(Debug, Default)]
pub(super) struct Silent(Mutex<BTreeMap<RegistryKey, Silence>>);

/// Turns on end in which a registry gave no answer.
#[derive(Debug, Default)]
struct Silence {
    dead: u32,
    slow: u32,
    /// Whether it answered during the pass.
    answered: bool,
    given_up: Option<String>,
}

/// Why a turn got no answer at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoAnswer {
    /// Whether it might have come later.
    is_slow: bool,
    /// For people, with causes.
    why: String,
}

impl NoAnswer {
    /// Whether an error is that nothing answered.
    pub fn of(error: &PipelineError, why: &str) -> Option<Self> {
        let PipelineError::Registry(RegistryError::Http { source, .. }) = error else { return None };
        let HttpError::Transport { source, .. } = source.as_ref() else { return None };
        let is_slow = match source {
            TransportError::Failed(_) => false,
            TransportError::Slow { .. } => true,
            _ => return None,
        };
        Some(Self { is_slow, why: why.to_owned() })
    }
}

impl Silent {
    /// Why a registry was given up, if it was.
    pub fn given_up(&self, registry: &RegistryKey) -> Option<String> {
        self.lock().get(registry)?.given_up.clone()
    }

    /// Notes how a turn ended. Why the registry is given up from now on, if that is news.
    pub fn note(&self, registry: &RegistryKey, outcome: Option<&NoAnswer>) -> Option<String> {
        let mut all = self.lock();
        let silence = all.entry(registry.clone()).or_default();
        let Some(NoAnswer { is_slow, why }) = outcome else {
            (silence.dead, silence.slow, silence.answered) = (0, 0, true);
            return None;
        };
        if *is_slow {
            silence.slow += 1;
        } else {
            silence.dead += 1;
        }
        let slow = if silence.answered { SLOW_LATELY } else { SLOW };
        let is_dead = silence.dead >= DEAD || silence.dead + silence.slow >= slow;
        if !is_dead || silence.given_up.is_some() {
            return None;
        }
        silence.given_up = Some(why.clone());
        Some(why.clone())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RegistryKey, Silence>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_told_to_wait(error: &PipelineError) -> bool {
    matches!(error, PipelineError::Registry(RegistryError::Http { source, .. }) if source.retry_after().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Ecosystem;

    #[test]
    fn a_registry_is_given_up_once_and_only_where_nothing_answers() {
        let [npm, pypi, cargo] = &Ecosystem::ALL.map(RegistryKey::from);
        let silent = Silent::default();
        let dead = NoAnswer { is_slow: false, why: "refused".to_owned() };
        let slow = NoAnswer { is_slow: true, why: "slow".to_owned() };
        assert_eq!([&dead, &dead].map(|one| silent.note(npm, Some(one))), [None, None]);
        assert_eq!(silent.note(npm, None), None, "it answers");
        assert_eq!([&dead, &slow, &dead].map(|one| silent.note(npm, Some(one))), [None, None, None]);
        assert_eq!(silent.note(npm, Some(&dead)), Some("refused".to_owned()));
        assert_eq!((silent.note(npm, Some(&dead)), silent.given_up(npm)), (None, Some("refused".to_owned())));
        assert_eq!(silent.given_up(pypi), None);
        let said: Vec<_> = (0..9).map(|_| silent.note(cargo, Some(&slow)).is_some()).collect();
        assert_eq!(said, [false, false, false, true, false, false, false, false, false]);
        silent.note(pypi, None);
        let said: Vec<_> = (0..9).map(|_| silent.note(pypi, Some(&slow)).is_some()).collect();
        assert_eq!(said, [false, false, false, false, false, false, false, true, false]);
    }

    fn package(name: &str) -> Package {
        format!("pkg:npm/{name}").parse().unwrap()
    }

    #[test]
    fn an_outage_is_over_once() {
        let (failures, good) = (Failures::default(), package("good"));
        let fail = |count: usize, of| (0..count).for_each(|n| failures.failed(&package(&format!("p{n}")), of));
        assert!(failures.answered(&good), "nobody knows what was before the start");
        assert!(!failures.answered(&good));
        fail(OUTAGE - 1, Matter::Registry);
        fail(OUTAGE - 1, Matter::Registry);
        assert!(!failures.answered(&good), "single packages fail too, however often");
        fail(OUTAGE, Matter::Package);
        assert!(!failures.answered(&good), "what cannot be read says nothing of the registry");
        for of in [Matter::Registry, Matter::Either] {
            fail(OUTAGE, of);
            assert!(failures.answered(&good), "{of:?}");
        }
        let other: Package = "pkg:pypi/other".parse().unwrap();
        failures.failed(&other, Matter::Registry);
        assert!(failures.answered(&other), "it failed since the start");
    }

    #[test]
    fn what_may_fail_by_itself_is_made_due_once_in_a_step() {
        let (failures, now) = (Failures::default(), "2026-03-31T00:25:00Z".parse::<DateTime<Utc>>().unwrap());
        let hour = TimeDelta::hours(1);
        for of in [Matter::Package, Matter::Either] {
            let it = package(&format!("{of:?}").to_lowercase());
            failures.failed(&it, of);
            assert!(failures.frees(&it, now + hour, now), "the first time");
            failures.failed(&it, of);
            assert!(!failures.frees(&it, now + hour * 2, now + hour / 2), "{of:?}");
            assert!(failures.frees(&it, now + hour * 3, now + hour), "its step is over");
            assert!(failures.frees(&it, now, now - hour * 24 * 365), "the clock was wrong");
            failures.failed(&it, Matter::Registry);
            assert!([0, 1, 2].iter().all(|_| failures.frees(&it, now + hour, now)), "it waits for the registry");
        }
    }
}

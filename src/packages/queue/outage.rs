//! Tracks registries that fail, and resumes their packages after an outage. An announced package waits longer with each
//! failure. It should not wait for hours once the registry is back, and a registry that is down should not be queried
//! for every package all the time: one package at a time probes for all.

use crate::{
    clock::Clock,
    http::{HttpError, TransportError},
    model::{Package, RegistryKey},
    packages::{error::LookError, registries::Registries},
    registry::RegistryError,
    store::{LONGEST_WAIT, Lane, Setback, Store, StoreError, Work},
    text::with_causes,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

/// The next attempt at an announced package is at most this far away.
const PROBE: TimeDelta = TimeDelta::minutes(2);
/// If this many packages failed in a row, a success means that the registry is back. Fewer may be problems of single
/// documents.
const OUTAGE: usize = 5;

/// How often to store that a registry without a feed answers.
const REMEMBERED: TimeDelta = TimeDelta::minutes(1);

/// The known failures of registries, and the packages that fail for reasons of their own.
#[derive(Debug, Default)]
pub struct Failures(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The packages of each registry, up to [`OUTAGE`], whose turns failed since the registry's last answer, in ways
    /// that point to the registry. Before the first answer since the start there may have been many.
    failing: BTreeMap<RegistryKey, BTreeSet<Package>>,
    /// The packages whose last failure may be their own problem, and until when the end of an outage does not make them
    /// due: it does so once in each step of their schedule.
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

    /// Whether this answer about a package ends an outage.
    fn answered(&self, package: &Package) -> bool {
        let mut known = self.lock();
        known.own.remove(package);
        known.failing.insert(package.registry(), BTreeSet::new()).is_none_or(|failing| failing.len() >= OUTAGE)
    }

    /// Whether the end of an outage makes a package due whose next attempt is at `due_at`.
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

/// The cause that a failure points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Matter {
    /// The registry: it did not answer, or answered that it serves no requests now.
    Registry,
    /// Either: the answer took too long.
    Either,
    /// The package: its document is too large, or unreadable.
    Package,
}

impl Matter {
    fn of(error: &LookError) -> Self {
        let LookError::Registry(RegistryError::Http { source, .. }) = error else { return Self::Package };
        match source.as_ref() {
            HttpError::Transport { source: TransportError::Slow { .. }, .. } => Self::Either,
            HttpError::Transport { source: TransportError::Failed(_), .. }
            | HttpError::Paused { .. }
            | HttpError::Status { status: 401 | 403 | 407 | 408 | 425 | 429 | 500..=599, .. } => Self::Registry,
            HttpError::Transport { .. } | HttpError::Status { .. } | HttpError::Refused { .. } => Self::Package,
        }
    }
}

/// Records whether registries answer.
#[derive(Debug)]
pub struct Outages {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub registries: Arc<Registries>,
    pub failures: Failures,
    pub reads: Reads,
}

impl Outages {
    /// Notes that a registry answered. If it did not before, its waiting packages become due.
    pub fn note_answer(&self, package: &Package) -> Result<(), StoreError> {
        let (registry, now) = (package.registry(), self.clock.now());
        if self.failures.answered(package) {
            self.store.try_again(&registry, now, |waiting, due_at| self.failures.frees(waiting, due_at, now))?;
        }
        self.note_read(&registry)
    }

    /// Notes that a turn ended early, and schedules an early attempt at an announced package, unless the server itself
    /// named a time.
    pub fn note_setback(&self, work: &Work, setback: Setback, error: &LookError) -> Result<(), StoreError> {
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
        self.store.probe(&registry, self.clock.now() + PROBE)
    }

    /// A registry without a feed has no other sign of whether it is read: stored about once a minute.
    fn note_read(&self, registry: &RegistryKey) -> Result<(), StoreError> {
        let Some(name) = self.registries.polled().get(registry).map(|polled| polled.source.as_str()) else {
            return Ok(());
        };
        let now = self.clock.now();
        let is_news = self.reads.is_news(registry, now);
        if is_news { self.store.source_read(name, now) } else { Ok(()) }
    }

    fn note_unread(&self, registry: &RegistryKey, error: &LookError) -> Result<(), StoreError> {
        let Some(name) = self.registries.polled().get(registry).map(|polled| polled.source.as_str()) else {
            return Ok(());
        };
        self.reads.forget(registry);
        self.store.source_failed(name, &with_causes(error), self.clock.now())
    }
}

/// When registries without a feed were last stored as read.
#[derive(Debug, Default)]
pub struct Reads(Mutex<BTreeMap<RegistryKey, DateTime<Utc>>>);

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

fn is_told_to_wait(error: &LookError) -> bool {
    matches!(error, LookError::Registry(RegistryError::Http { source, .. }) if source.retry_after().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

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

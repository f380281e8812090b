//! Slots of the registries: the choice of the next package, and the number of parallel checks.
//!
//! Each registry has slots of its own, so that one that does not answer, or asks for a pause, blocks no other. A slot
//! is filled as soon as it is free. Packages that a feed announced may use every slot of their registry; those that
//! failed before, did not finish in one turn, or were not announced share half of them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio_util::sync::CancellationToken;

use super::{
    silent::Silent,
    turns::TurnTaker,
    worked::{Ended, WorkPass},
};
use crate::{
    clock::{Clock, past},
    model::{Ecosystem, Package, RegistryKey},
    packages::registries::Registries,
    progress::{Progress, Step},
    store::{Lane, Store, StoreError, Work},
    upkeep::WallClock,
};

/// How often the queue is read while no turn ends: an announced package is in work within a second.
const TICK: Duration = Duration::from_secs(1);
/// An announced package that takes longer than this frees its slot for the next, so that many slow documents do not
/// delay the others.
const LONG: TimeDelta = TimeDelta::seconds(5);
/// At most this many times as many turns as slots.
const MOST: usize = 4;

/// The parts that a queue needs.
#[derive(Debug)]
pub struct QueueParts {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub progress: Arc<dyn Progress>,
    pub wall_clock: Arc<WallClock>,
    pub registries: Arc<Registries>,
    /// Packages that are checked at once.
    pub concurrency: usize,
    pub turns: TurnTaker,
}

/// A turn in progress.
struct Slot {
    /// Whether it uses one of the slots for packages that are not urgent.
    slow: bool,
    began: DateTime<Utc>,
    /// The generation of its work item when it began.
    generation: i64,
    recall: CancellationToken,
}

/// The slots of all registries while they are filled.
pub struct Queue<'a> {
    parts: &'a QueueParts,
    /// The packages in work.
    busy: BTreeMap<Package, Slot>,
    turns: FuturesUnordered<BoxFuture<'a, (Package, Result<Ended, StoreError>)>>,
    /// The next read of the queue, whether a turn ends before or not.
    tick: BoxFuture<'a, ()>,
    /// The results of the turns.
    pass: WorkPass,
    /// The registries that do not answer, in a pass that ends.
    silent: Option<Silent>,
}

impl<'a> Queue<'a> {
    /// A queue without packages in work.
    pub fn of(parts: &'a QueueParts) -> Self {
        let tick = parts.clock.timer(TICK);
        let (busy, turns) = (BTreeMap::new(), FuturesUnordered::new());
        Self { parts, busy, turns, tick, pass: WorkPass::default(), silent: None }
    }

    /// As [`Self::of`], for a pass that ends: registries that do not answer are given up.
    pub fn of_pass(parts: &'a QueueParts) -> Self {
        Self { silent: Some(Silent::default()), ..Self::of(parts) }
    }

    /// Whether no package is in work.
    pub fn is_idle(&self) -> bool {
        self.busy.is_empty()
    }

    /// The results of the turns.
    pub fn pass(&self) -> WorkPass {
        self.pass
    }

    /// Fills the free slots, by the current time of the clock.
    pub fn fill(&mut self) -> Result<(), StoreError> {
        self.parts.wall_clock.follow()?;
        // Work of a public registry that is switched off fails, with that reason.
        let public = Ecosystem::all().map(RegistryKey::from);
        let others = self.parts.registries.polled().keys().cloned();
        public.chain(others).collect::<Vec<_>>().iter().try_for_each(|registry| self.fill_of(registry))
    }

    /// Fills the free slots of one registry.
    fn fill_of(&mut self, registry: &RegistryKey) -> Result<(), StoreError> {
        if self.silent.as_ref().is_some_and(|silent| silent.given_up(registry).is_some()) {
            return Ok(());
        }
        while let Some(work) = self.next(registry)? {
            self.begin(work);
        }
        Ok(())
    }

    /// Waits until a turn ends, and fills its slot, or for the next tick, and reads the whole queue. Returns whether it
    /// was the tick.
    pub async fn step(&mut self) -> Result<bool, StoreError> {
        tokio::select! {
            biased;
            () = &mut self.tick => {
                self.tick = self.parts.clock.timer(TICK);
                self.parts.progress.report(&Step::Working { packages: self.busy.len() });
                self.recall()?;
                self.fill()?;
                Ok(true)
            }
            Some((package, ended)) = self.turns.next() => {
                self.busy.remove(&package);
                let ended = ended?;
                self.pass.add(&ended);
                let registry = package.registry();
                self.note_silence(&registry, &ended)?;
                self.fill_of(&registry)?;
                Ok(false)
            }
        }
    }

    /// In a pass that ends, gives up a registry that does not answer for all its packages, and reports that once.
    fn note_silence(&self, registry: &RegistryKey, ended: &Ended) -> Result<(), StoreError> {
        let Some(silent) = &self.silent else { return Ok(()) };
        let Some(why) = silent.note(registry, ended.no_answer()) else { return Ok(()) };
        let due = self.parts.store.due_of(registry, self.parts.clock.now())?;
        let busy = self.busy.keys().filter(|package| package.is_of(registry)).count() as u64;
        let (registry, left) = (&registry.title(), due.saturating_sub(busy));
        self.parts.progress.report(&Step::GivenUp { registry, why: &why, left });
        Ok(())
    }

    /// Ends the turns whose package was announced again, as soon as they have read some evidence, so that the new
    /// release is checked now and not after all the evidence of older ones.
    fn recall(&self) -> Result<(), StoreError> {
        for (package, slot) in self.busy.iter().filter(|(_, slot)| !slot.recall.is_cancelled()) {
            if self.parts.store.generation_of(package)?.is_some_and(|generation| generation != slot.generation) {
                slot.recall.cancel();
            }
        }
        Ok(())
    }

    /// The package for a free slot of a registry, if there is one.
    fn next(&self, registry: &RegistryKey) -> Result<Option<Work>, StoreError> {
        let now = self.parts.clock.now();
        let of_registry = || self.busy.iter().filter(|(package, _)| package.is_of(registry)).map(|(_, slot)| slot);
        let (busy, slow) = (of_registry().count(), of_registry().filter(|slot| slot.slow).count());
        let is_quick = |slot: &&Slot| !slot.slow && past(Some(slot.began), now).is_some_and(|began| now - began < LONG);
        let quick = of_registry().filter(is_quick).count();
        let (slots, slow_slots) = slots(self.parts.concurrency);
        if slow + quick >= slots || busy >= MOST * slots {
            return Ok(None);
        }
        for lane in [Lane::Announced, Lane::Again, Lane::Rest] {
            if lane != Lane::Announced && slow >= slow_slots {
                break;
            }
            // Packages in work are still due, and are first in the list.
            let due = self.parts.store.next_work(registry, lane, now, busy + 1)?;
            let next = due.into_iter().find(|work| !self.busy.contains_key(&work.package));
            if next.is_some() {
                return Ok(next);
            }
        }
        Ok(None)
    }

    fn begin(&mut self, work: Work) {
        let recall = CancellationToken::new();
        let (slow, generation) = (work.lane != Lane::Announced, work.generation);
        let began = self.parts.clock.now();
        self.busy.insert(work.package.clone(), Slot { slow, began, generation, recall: recall.clone() });
        let turns = &self.parts.turns;
        self.turns.push(Box::pin(async move {
            let ended = turns.take(&work, recall).await;
            (work.package, ended)
        }));
    }
}

/// The slots of a registry, and how many of them packages that are not urgent may use. One always stays free for
/// announced packages.
fn slots(concurrency: usize) -> (usize, usize) {
    let slots = concurrency.max(2);
    (slots, slots / 2)
}

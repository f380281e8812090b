//! Slots of the registries: the choice of the next package, and the number of parallel checks.
//!
//! Each registry has slots of its own, so that one that does not answer, or asks for a pause, holds no other's. A slot
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

/// How often the queue is looked at while nothing ends: what was announced is in work within a second.
const TICK: Duration = Duration::from_secs(1);
/// An announced package that takes longer than this gives its slot to the next, so that many documents that do not answer
/// do not keep those waiting that do.
const LONG: TimeDelta = TimeDelta::seconds(5);
/// Up to so many times as many turns as there are slots.
const MOST: usize = 4;

/// What slots are filled from.
#[derive(Debug)]
pub struct QueueParts {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub progress: Arc<dyn Progress>,
    pub wall_clock: Arc<WallClock>,
    pub registries: Arc<Registries>,
    /// Packages looked at at once.
    pub concurrency: usize,
    pub turns: TurnTaker,
}

/// A turn under way.
struct Slot {
    /// Whether it is one of the slots for what is not urgent.
    slow: bool,
    began: DateTime<Utc>,
    /// What was asked for when it began.
    generation: i64,
    recall: CancellationToken,
}

/// The slots of all registries while they are filled.
pub struct Queue<'a> {
    parts: &'a QueueParts,
    /// The packages in work.
    busy: BTreeMap<Package, Slot>,
    turns: FuturesUnordered<BoxFuture<'a, (Package, Result<Ended, StoreError>)>>,
    /// The next look at the queue, whether a turn ends before or not.
    tick: BoxFuture<'a, ()>,
    /// What they came to.
    pass: WorkPass,
    /// Which registries do not answer, where this is a pass that ends.
    silent: Option<Silent>,
}

impl<'a> Queue<'a> {
    /// Nothing is in work yet.
    pub fn of(parts: &'a QueueParts) -> Self {
        let tick = parts.clock.timer(TICK);
        let (busy, turns) = (BTreeMap::new(), FuturesUnordered::new());
        Self { parts, busy, turns, tick, pass: WorkPass::default(), silent: None }
    }

    /// As [`Self::of`], for a pass that ends: registries that do not answer are given up.
    pub fn of_pass(parts: &'a QueueParts) -> Self {
        Self { silent: Some(Silent::default()), ..Self::of(parts) }
    }

    /// Whether nothing is in work.
    pub fn is_idle(&self) -> bool {
        self.busy.is_empty()
    }

    /// What the turns came to.
    pub fn pass(&self) -> WorkPass {
        self.pass
    }

    /// Fills the slots that are free, by the clock as it is now.
    pub fn fill(&mut self) -> Result<(), StoreError> {
        self.parts.wall_clock.follow()?;
        // What waits of a public registry that is switched off fails, and says so.
        let public = Ecosystem::all().map(RegistryKey::from);
        let others = self.parts.registries.polled().keys().cloned();
        public.chain(others).collect::<Vec<_>>().iter().try_for_each(|registry| self.fill_of(registry))
    }

    /// Fills the slots of one registry that are free.
    fn fill_of(&mut self, registry: &RegistryKey) -> Result<(), StoreError> {
        if self.silent.as_ref().is_some_and(|silent| silent.given_up(registry).is_some()) {
            return Ok(());
        }
        while let Some(work) = self.next(registry)? {
            self.begin(work);
        }
        Ok(())
    }

    /// Waits until a turn ends, and fills its slot, or for the next tick, and looks at the whole queue. Whether it was the
    /// tick.
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

    /// In a pass that ends, a registry that does not answer is given up for all its packages, and that is said once.
    fn note_silence(&self, registry: &RegistryKey, ended: &Ended) -> Result<(), StoreError> {
        let Some(silent) = &self.silent else { return Ok(()) };
        let Some(why) = silent.note(registry, ended.no_answer()) else { return Ok(()) };
        let due = self.parts.store.due_of(registry, self.parts.clock.now())?;
        let busy = self.busy.keys().filter(|package| package.is_of(registry)).count() as u64;
        let (registry, left) = (&registry.title(), due.saturating_sub(busy));
        self.parts.progress.report(&Step::GivenUp { registry, why: &why, left });
        Ok(())
    }

    /// Ends the turns whose package was announced anew, as soon as they have read some evidence, so that what was announced
    /// is looked at now and not after all the evidence of what was there before.
    fn recall(&self) -> Result<(), StoreError> {
        for (package, slot) in self.busy.iter().filter(|(_, slot)| !slot.recall.is_cancelled()) {
            if self.parts.store.generation_of(package)?.is_some_and(|generation| generation != slot.generation) {
                slot.recall.cancel();
            }
        }
        Ok(())
    }

    /// The package that a free slot of a registry is for, if there is one.
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
            // Those in work are due still, and stand in front.
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

/// The slots of a registry, and how many of them what is not urgent may use. One always stays free for what a feed
/// announces.
fn slots(concurrency: usize) -> (usize, usize) {
    let slots = concurrency.max(2);
    (slots, slots / 2)
}

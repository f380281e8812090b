//! The queue: which package is looked at next, and how many at once.
//!
//! Each registry has slots of its own, so that one that does not answer, or asks for a pause, holds nobody else's. A slot is
//! filled as soon as it is free. What a feed announced may use every slot of its registry; what failed before, or did not
//! come to its end in one turn, and what nobody announced share half of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::{
    StreamExt,
    future::BoxFuture,
    stream::{self, FuturesUnordered},
};
use tokio_util::sync::CancellationToken;

use super::{
    Examined, Pipeline, PipelineError, Step,
    examine::Looked,
    operation::Trouble,
    outage::{NoAnswer, Silent},
    panic::caught,
    turn::Turn,
    waits,
};
use crate::{
    clock::past,
    model::{Confidence, Ecosystem, Package, RegistryKey, Severity},
    store::{Lane, Setback, StoreError, Work},
    text::with_causes,
};

/// How often the queue is looked at while nothing ends: what was announced is in work within a second.
const TICK: Duration = Duration::from_secs(1);
/// An announced package that takes longer than this gives its slot to the next, so that many documents that do not answer
/// do not keep those waiting that do.
const LONG: TimeDelta = TimeDelta::seconds(5);
/// Up to so many times as many turns as there are slots.
const MOST: usize = 4;
/// Most packages that are reminded of missing evidence at once.
const REMINDERS: usize = 1000;
/// From so many failures on, and after about three quarters of an hour, a package that cannot be looked at is an alert.
const FAILING: u32 = 5;
const FAILING_FOR: TimeDelta = TimeDelta::minutes(40);

/// What a pass over the queue came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkPass {
    /// Packages looked at.
    pub packages: usize,
    /// Releases and alerts.
    pub examined: Examined,
    /// Packages put off because something failed.
    pub postponed: usize,
}

/// How a turn ended.
enum Ended {
    /// The package was looked at.
    Whole(Examined),
    /// It goes on with its next turn.
    InPart(Examined),
    /// It was put off.
    PutOff(Examined),
    /// It was put off, and nothing answered.
    Unanswered(NoAnswer),
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
struct Queue<'a> {
    pipeline: &'a Pipeline,
    /// The packages in work.
    busy: BTreeMap<Package, Slot>,
    turns: FuturesUnordered<BoxFuture<'a, (Package, Result<Ended, PipelineError>)>>,
    /// The next look at the queue, whether a turn ends before or not.
    tick: BoxFuture<'a, ()>,
    pass: WorkPass,
    /// Which registries do not answer, where this is a pass that ends.
    silent: Option<Silent>,
}

impl Pipeline {
    /// Looks at every package that is due until none is.
    ///
    /// # Errors
    /// The store failed.
    pub async fn work(&self) -> Result<WorkPass, PipelineError> {
        let mut queue = Queue { silent: Some(Silent::default()), ..Queue::of(self) };
        loop {
            self.mender.mend()?;
            self.remind_of_evidence()?;
            queue.fill()?;
            if queue.busy.is_empty() && self.mender.mend()? == 0 {
                return Ok(queue.pass);
            }
            // What is due meanwhile fills the slots; evidence that is missing can wait until they are empty.
            while !queue.busy.is_empty() {
                queue.step().await?;
            }
        }
    }

    /// Looks at packages as they become due, without end.
    ///
    /// # Errors
    /// The store failed.
    pub async fn keep_working(&self) -> Result<Infallible, PipelineError> {
        let mut queue = Queue::of(self);
        loop {
            self.mender.mend()?;
            self.remind_of_evidence()?;
            queue.fill()?;
            while !queue.step().await? {}
        }
    }

    /// Looks at these packages now, whatever else is queued: each until it is looked at or put off.
    ///
    /// # Errors
    /// The store failed.
    pub async fn work_on(&self, packages: &BTreeSet<Package>, reason: &str) -> Result<WorkPass, PipelineError> {
        let packages: Vec<Package> = packages.iter().cloned().collect();
        self.store.enqueue(&packages, reason, self.clock.now())?;
        let silent = &Silent::default();
        let mut passes = stream::iter(packages)
            .map(|package| async move { self.turns_of(&package, silent).await })
            .buffer_unordered(self.settings.concurrency);
        let mut pass = WorkPass::default();
        while let Some(one) = passes.next().await {
            pass.join(one?);
        }
        Ok(pass)
    }

    async fn turns_of(&self, package: &Package, silent: &Silent) -> Result<WorkPass, PipelineError> {
        let mut pass = WorkPass::default();
        let registry = package.registry();
        while let Some(work) = self.store.work_of(package)? {
            if let Some(why) = silent.given_up(&registry) {
                let why = format!("not tried, as the registry does not answer: {why}");
                self.progress.report(&Step::Postponed { package, why: &why });
                pass.postponed += 1;
                break;
            }
            let ended = self.take_turn(&work, CancellationToken::new()).await?;
            silent.note(&registry, ended.no_answer());
            let goes_on = matches!(ended, Ended::InPart(_));
            pass.add(&ended);
            if !goes_on {
                break;
            }
        }
        Ok(pass)
    }

    /// Gives a package its turn. A registry's failure, or a panic, puts it off and is not an error.
    async fn take_turn(&self, work: &Work, recall: CancellationToken) -> Result<Ended, PipelineError> {
        let turn = Turn::new(work, &self.http, &self.clock, recall);
        let (examined, error) = match caught(Box::pin(self.examine(work, &turn))).await {
            Ok(Looked::Whole(examined)) => {
                self.note_answer(&work.package)?;
                self.note_recovery(work)?;
                return Ok(Ended::Whole(examined));
            }
            Ok(Looked::InPart(examined)) => {
                self.note_answer(&work.package)?;
                self.note_recovery(work)?;
                return Ok(Ended::InPart(examined));
            }
            Ok(Looked::Behind(examined, stale)) => (examined, stale),
            Err(error) if concerns_package_only(&error) => (Examined::default(), error),
            Err(error) => return Err(error),
        };
        let why = with_causes(&error);
        let (setback, until) = (waits::setback(&error), waits::again_at(&error, work.attempts, self.clock.now()));
        self.store.put_off(work, setback, until, &why)?;
        self.note_setback(work, setback, &error)?;
        self.progress.report(&Step::Postponed { package: &work.package, why: &why });
        if let Some(none) = NoAnswer::of(&error, &why) {
            self.note_failure(work, &why)?;
            return Ok(Ended::Unanswered(none));
        }
        if setback != Setback::Behind {
            self.note_failure(work, &why)?;
        }
        Ok(Ended::PutOff(examined))
    }

    fn note_failure(&self, work: &Work, why: &str) -> Result<(), PipelineError> {
        let now = self.clock.now();
        let attempts = work.attempts.saturating_add(1);
        if attempts < FAILING || now - work.since < FAILING_FOR {
            return Ok(());
        }
        if self.store.work_summary(now)?.failing >= crate::health::limits::MANY {
            return Ok(());
        }
        let trouble = unreadable_package(&work.package, attempts, why);
        Ok(self.troubles.record_of(Some(&work.package), &trouble, now)?)
    }

    fn note_recovery(&self, work: &Work) -> Result<(), PipelineError> {
        let trouble = unreadable_package(&work.package, work.attempts, "");
        Ok(self.troubles.resolve(&trouble, "it was looked at", self.clock.now())?)
    }

    /// Queues the packages whose evidence is to be asked for again.
    fn remind_of_evidence(&self) -> Result<(), PipelineError> {
        let now = self.clock.now();
        let packages = self.store.packages_to_recheck(now, self.settings.longest_recheck(), REMINDERS)?;
        if packages.is_empty() {
            return Ok(());
        }
        Ok(self.store.remind(&packages, "evidence could not be checked", now)?)
    }
}

impl<'a> Queue<'a> {
    fn of(pipeline: &'a Pipeline) -> Self {
        let tick = pipeline.clock.timer(TICK);
        let (busy, turns) = (BTreeMap::new(), FuturesUnordered::new());
        Self { pipeline, busy, turns, tick, pass: WorkPass::default(), silent: None }
    }

    /// Fills the slots that are free, by the clock as it is now.
    fn fill(&mut self) -> Result<(), PipelineError> {
        self.pipeline.wall_clock.follow()?;
        // What waits of a public registry that is switched off fails, and says so.
        let public = Ecosystem::ALL.into_iter().map(RegistryKey::from);
        let others = self.pipeline.registries.polled().keys().cloned();
        public.chain(others).collect::<Vec<_>>().iter().try_for_each(|registry| self.fill_of(registry))
    }

    /// Fills the slots of one registry that are free.
    fn fill_of(&mut self, registry: &RegistryKey) -> Result<(), PipelineError> {
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
    async fn step(&mut self) -> Result<bool, PipelineError> {
        tokio::select! {
            biased;
            () = &mut self.tick => {
                self.tick = self.pipeline.clock.timer(TICK);
                self.pipeline.progress.report(&Step::Working { packages: self.busy.len() });
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
    fn note_silence(&self, registry: &RegistryKey, ended: &Ended) -> Result<(), PipelineError> {
        let Some(silent) = &self.silent else { return Ok(()) };
        let Some(why) = silent.note(registry, ended.no_answer()) else { return Ok(()) };
        let due = self.pipeline.store.due_of(registry, self.pipeline.clock.now())?;
        let busy = self.busy.keys().filter(|package| package.is_of(registry)).count() as u64;
        let (registry, left) = (&registry.title(), due.saturating_sub(busy));
        self.pipeline.progress.report(&Step::GivenUp { registry, why: &why, left });
        Ok(())
    }

    /// Ends the turns whose package was announced anew, as soon as they have read some evidence, so that what was announced is looked at now and not after all the
    /// evidence of what was there before.
    fn recall(&self) -> Result<(), PipelineError> {
        for (package, slot) in self.busy.iter().filter(|(_, slot)| !slot.recall.is_cancelled()) {
            if self.pipeline.store.generation_of(package)?.is_some_and(|generation| generation != slot.generation) {
                slot.recall.cancel();
            }
        }
        Ok(())
    }

    /// The package that a free slot of a registry is for, if there is one.
    fn next(&self, registry: &RegistryKey) -> Result<Option<Work>, PipelineError> {
        let now = self.pipeline.clock.now();
        let of_registry = || self.busy.iter().filter(|(package, _)| package.is_of(registry)).map(|(_, slot)| slot);
        let (busy, slow) = (of_registry().count(), of_registry().filter(|slot| slot.slow).count());
        let is_quick = |slot: &&Slot| !slot.slow && past(Some(slot.began), now).is_some_and(|began| now - began < LONG);
        let quick = of_registry().filter(is_quick).count();
        let (slots, slow_slots) = slots(self.pipeline.settings.concurrency);
        if slow + quick >= slots || busy >= MOST * slots {
            return Ok(None);
        }
        for lane in [Lane::Announced, Lane::Again, Lane::Rest] {
            if lane != Lane::Announced && slow >= slow_slots {
                break;
            }
            // Those in work are due still, and stand in front.
            let due = self.pipeline.store.next_work(registry, lane, now, busy + 1)?;
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
        let began = self.pipeline.clock.now();
        self.busy.insert(work.package.clone(), Slot { slow, began, generation, recall: recall.clone() });
        let pipeline = self.pipeline;
        self.turns.push(Box::pin(async move {
            let ended = pipeline.take_turn(&work, recall).await;
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

impl Ended {
    /// Why nothing answered, if nothing did.
    fn no_answer(&self) -> Option<&NoAnswer> {
        match self {
            Self::Unanswered(none) => Some(none),
            Self::Whole(_) | Self::InPart(_) | Self::PutOff(_) => None,
        }
    }
}

impl WorkPass {
    fn add(&mut self, ended: &Ended) {
        match *ended {
            Ended::Unanswered(_) => self.postponed += 1,
            Ended::Whole(examined) => self.join(Self { packages: 1, examined, postponed: 0 }),
            Ended::InPart(examined) => self.join(Self { packages: 0, examined, postponed: 0 }),
            Ended::PutOff(examined) => self.join(Self { packages: 0, examined, postponed: 1 }),
        }
    }

    fn join(&mut self, other: Self) {
        self.packages += other.packages;
        self.postponed += other.postponed;
        self.examined.releases += other.examined.releases;
        self.examined.alerts += other.examined.alerts;
        self.examined.unchecked += other.examined.unchecked;
    }
}

/// A package could not be looked at for long.
fn unreadable_package(package: &Package, attempts: u32, why: &str) -> Trouble {
    Trouble {
        subject: format!("unreadable {package}"),
        severity: Severity::Medium,
        confidence: Confidence::High,
        title: format!("{package} cannot be looked at"),
        argument: format!(
            "It was tried {attempts} times and is tried again; until it succeeds, no release of this package is checked. \
             The last error: {why}."
        ),
    }
}

/// Whether an error is one package's matter. Any other failure of the store is everybody's.
fn concerns_package_only(error: &PipelineError) -> bool {
    match error {
        // The operator changed the baseline meanwhile: judging again is all that is needed. What cannot be stored is said
        // with the package that it belongs to, and does not keep the others waiting.
        PipelineError::Store(error) => {
            matches!(
                error,
                StoreError::BaselineMoved { .. }
                    | StoreError::Unstorable { .. }
                    | StoreError::DamagedRow { .. }
                    | StoreError::Indexed { .. }
            )
        }
        _ => true,
    }
}

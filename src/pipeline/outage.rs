//! Registries that answer again after an outage. What a feed announced waits longer with each failure; nobody should wait
//! for hours once the registry is back, and a registry that is down should not be asked by everybody all the time: one
//! package at a time finds out for all.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use chrono::TimeDelta;

use super::{Pipeline, PipelineError};
use crate::{
    model::Ecosystem,
    registry::RegistryError,
    store::{Lane, Setback, Work},
};

/// How long the next try of something announced is away at most.
const PROBE: TimeDelta = TimeDelta::minutes(2);
/// From so many failures on end on, a success means that the registry is back. Fewer may be single documents' matter.
const OUTAGE: u32 = 5;

/// How many turns of each registry failed on end. Of one that was not asked since the start, it may have been many.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<BTreeMap<Ecosystem, u32>>);

impl Failures {
    fn failed(&self, ecosystem: Ecosystem) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(ecosystem).or_insert(OUTAGE);
        *count = count.saturating_add(1);
    }

    /// Whether an outage is over with this.
    fn answered(&self, ecosystem: Ecosystem) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.insert(ecosystem, 0).is_none_or(|count| count >= OUTAGE)
    }
}

impl Pipeline {
    /// Notes that a registry answered. If it did not before, what waits for it is due.
    pub(super) fn note_answer(&self, ecosystem: Ecosystem) -> Result<(), PipelineError> {
        if self.failures.answered(ecosystem) {
            self.store.try_again(ecosystem, self.clock.now())?;
        }
        Ok(())
    }

    /// Notes that a turn ended early, and sees to it that something of what was announced is tried soon, unless the server
    /// itself said when.
    pub(super) fn note_setback(
        &self,
        work: &Work,
        setback: Setback,
        error: &PipelineError,
    ) -> Result<(), PipelineError> {
        let ecosystem = work.package.ecosystem();
        match setback {
            Setback::Behind => return self.note_answer(ecosystem),
            Setback::Paused => return Ok(()),
            Setback::Failed | Setback::RanOver => self.failures.failed(ecosystem),
        }
        if work.lane == Lane::Rest || is_told_to_wait(error) {
            return Ok(());
        }
        Ok(self.store.probe(ecosystem, self.clock.now() + PROBE)?)
    }
}

fn is_told_to_wait(error: &PipelineError) -> bool {
    matches!(error, PipelineError::Registry(RegistryError::Http { source, .. }) if source.retry_after().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_over_once() {
        let (failures, npm) = (Failures::default(), Ecosystem::Npm);
        assert!(failures.answered(npm), "nobody knows what was before the start");
        assert!(!failures.answered(npm));
        (1..OUTAGE).for_each(|_| failures.failed(npm));
        assert!(!failures.answered(npm), "single documents fail too");
        (0..OUTAGE).for_each(|_| failures.failed(npm));
        assert!(failures.answered(npm));
        failures.failed(Ecosystem::Pypi);
        assert!(failures.answered(Ecosystem::Pypi), "it failed since the start");
    }
}

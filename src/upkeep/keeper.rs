//! Keeps the store fit for years: signs the head of its history, and deletes what `[store] keep` lets it lose.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;

use super::wall_clock::WallClock;
use crate::{
    clock::Clock,
    store::{HeadSigner, Signing, Store, StoreError},
};

/// Rows of one step: it takes some milliseconds, so that no other write waits long.
const STEP: usize = 500;
/// Steps within one pass of `run --once`.
const STEPS_OF_A_PASS: usize = 20;
/// How long the daemon works before it deletes anything: by then it has compared its clock with those of other hosts. A
/// clock that is years ahead must not delete what is new.
const CLOCK_COMPARED: Duration = Duration::from_mins(10);

/// What the configuration says about the long life of the store.
#[derive(Debug)]
pub struct Keeping {
    /// How long rows that may be deleted are kept.
    pub keep: TimeDelta,
    /// The key that signs the head of the history.
    pub signer: Option<HeadSigner>,
}

/// Keeps the store fit for years.
#[derive(Debug)]
pub struct Keeper {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    wall_clock: Arc<WallClock>,
    keeping: Keeping,
    began: Duration,
}

impl Keeper {
    /// The keeper of this store.
    pub fn new(store: Arc<Store>, clock: Arc<dyn Clock>, wall_clock: Arc<WallClock>, keeping: Keeping) -> Self {
        let began = clock.steady();
        Self { store, clock, wall_clock, keeping, began }
    }

    /// Signs the head if it is time, and deletes one step of rows.
    ///
    /// # Errors
    /// The store failed. The next round repeats it.
    pub fn step(&self) -> Result<(), StoreError> {
        self.sign(Signing::WhenDue)?;
        if self.clock.steady().saturating_sub(self.began) >= CLOCK_COMPARED {
            self.prune()?;
        }
        Ok(())
    }

    /// The same in a pass, after which no process may come for long: signs the head, and deletes some steps of rows.
    ///
    /// # Errors
    /// The store failed.
    pub fn pass(&self) -> Result<(), StoreError> {
        self.sign_now()?;
        for _ in 0..STEPS_OF_A_PASS {
            if !self.prune()? {
                break;
            }
        }
        Ok(())
    }

    /// Signs the head if it moved, because the process ends.
    ///
    /// # Errors
    /// The store failed.
    pub fn sign_now(&self) -> Result<(), StoreError> {
        self.sign(Signing::Now)
    }

    fn sign(&self, when: Signing) -> Result<(), StoreError> {
        let Some(signer) = &self.keeping.signer else { return Ok(()) };
        if let Some(head) = self.store.sign_head(signer, when, self.clock.now())? {
            tracing::info!(%head, "the head of the history is signed");
        }
        Ok(())
    }

    /// Returns whether more may be left.
    fn prune(&self) -> Result<bool, StoreError> {
        let before = self.wall_clock.corrected(self.clock.now()) - self.keeping.keep;
        let pruned = self.store.prune(before, STEP)?;
        if pruned.rows() > 0 {
            let (deliveries, events) = (pruned.deliveries, pruned.events);
            tracing::info!(%before, deliveries, events, "old rows were deleted, as [store] keep says");
        }
        Ok(pruned.more)
    }
}

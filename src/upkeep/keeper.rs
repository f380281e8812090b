//! Keeps the store fit for years: signs the head of its history, and deletes or replaces what `[store]` lets it lose.

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
    /// For how long after their last use addresses are kept; `None`: as long as the releases.
    pub keep_addresses: Option<TimeDelta>,
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

    /// Signs the head if it is time, deletes one step of rows, and replaces the addresses of another.
    ///
    /// # Errors
    /// The store failed. The next round repeats it.
    pub fn step(&self) -> Result<(), StoreError> {
        self.sign(Signing::WhenDue)?;
        if self.clock.steady().saturating_sub(self.began) >= CLOCK_COMPARED {
            self.prune()?;
            self.replace_addresses()?;
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
            let (deletes, replaces) = (self.prune()?, self.replace_addresses()?);
            if !deletes && !replaces {
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
            let (deliveries, events, uses) = (pruned.deliveries, pruned.events, pruned.uses);
            tracing::info!(%before, deliveries, events, uses, "old rows were deleted, as [store] keep says");
        }
        Ok(pruned.more)
    }

    /// Returns whether more may be left.
    fn replace_addresses(&self) -> Result<bool, StoreError> {
        let Some(keep) = self.keeping.keep_addresses else { return Ok(false) };
        let before = self.wall_clock.corrected(self.clock.now()) - keep;
        let replaced = self.store.replace_addresses(before, STEP)?;
        if replaced.rows() > 0 {
            let (releases, baselines) = (replaced.releases, replaced.baselines);
            tracing::info!(%before, releases, baselines, "old e-mail addresses were replaced, as [store] keep_addresses says");
        }
        Ok(replaced.more)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::{
        clock::ManualClock,
        http::{Client, ScriptedTransport},
        model::{Alert, AlertKind, Confidence, Severity},
        store::Against,
    };

    fn start() -> DateTime<Utc> {
        "2026-06-01T12:00:00Z".parse().unwrap()
    }

    fn signer() -> HeadSigner {
        HeadSigner::from_pem(&rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem()).unwrap()
    }

    /// A keeper of a store with one delivery that was settled then, of an alert that was resolved.
    fn keeper(settled_at: DateTime<Utc>, signer: Option<HeadSigner>) -> (Keeper, Arc<ManualClock>) {
        let (store, clock) = (Arc::new(Store::in_memory().unwrap()), Arc::new(ManualClock::at(start())));
        let alert =
            Alert::about(AlertKind::Operation, "npm", Severity::High, Confidence::High, "stale".to_owned(), settled_at);
        store.record_alert(&alert, &["mail".to_owned()], settled_at).unwrap();
        let delivery = store.outbox(settled_at).unwrap().remove(0);
        store.delivered(&delivery, settled_at, "250").unwrap();
        store.resolve(&alert.fingerprint, "olga", "known", settled_at).unwrap();
        let http = Client::new(Arc::new(ScriptedTransport::new()), Arc::clone(&clock) as _);
        let wall_clock = Arc::new(WallClock::starting(Arc::clone(&store), Arc::clone(&clock) as _, http));
        let keeping = Keeping { keep: TimeDelta::days(400), keep_addresses: None, signer };
        (Keeper::new(store, Arc::clone(&clock) as _, wall_clock, keeping), clock)
    }

    fn deliveries(keeper: &Keeper) -> usize {
        keeper.store.delivery_summary().unwrap().len()
    }

    #[test]
    fn old_rows_go_when_the_clock_can_be_trusted() {
        let (keeper, clock) = keeper(start() - TimeDelta::days(401), None);
        keeper.step().unwrap();
        clock.advance(Duration::from_secs(599));
        keeper.step().unwrap();
        assert_eq!(deliveries(&keeper), 1, "not in the first ten minutes");
        clock.advance(Duration::from_secs(1));
        keeper.step().unwrap();
        assert_eq!(deliveries(&keeper), 0);
    }

    #[test]
    fn rows_within_the_time_stay() {
        let (keeper, clock) = keeper(start() - TimeDelta::days(399), None);
        clock.advance(Duration::from_hours(1));
        keeper.step().unwrap();
        keeper.pass().unwrap();
        assert_eq!(deliveries(&keeper), 1);
        clock.advance(Duration::from_hours(24));
        keeper.step().unwrap();
        assert_eq!(deliveries(&keeper), 0);
    }

    #[test]
    fn a_pass_signs_and_deletes_at_once() {
        let signer = signer();
        let key = signer.verifier();
        let (keeper, _clock) = keeper(start() - TimeDelta::days(401), Some(signer));
        keeper.pass().unwrap();
        assert_eq!(deliveries(&keeper), 0);
        let checked = keeper.store.check_history(&Against { key: Some(key), ..Against::default() }).unwrap();
        assert_eq!((checked.fault_count, checked.signatures.verified), (0, 1));
        keeper.sign_now().unwrap();
        assert_eq!(keeper.store.check_history(&Against::default()).unwrap().signatures.unverified, 1, "once");
    }
}

//! Tells receivers that forget of every alert that is not resolved and that nothing holds back, again and again.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    clock::Clock,
    deliver::{SinkError, Subscription},
    model::{Alert, Fingerprint},
    store::{Refresh, Store, StoreError},
};

/// Most alerts of one call, so that a round delays no delivery for long.
const AT_ONCE: usize = 50;

/// Longest time of one call.
const PATIENCE: Duration = Duration::from_secs(15);

/// The rounds of each receiver. After a restart a round begins at once.
#[derive(Debug, Default)]
pub struct Refreshes(Mutex<BTreeMap<String, Round>>);

/// Where the refreshes of one receiver are.
#[derive(Clone, Copy, Debug)]
enum Round {
    /// The last one ended then.
    Ended(DateTime<Utc>),
    /// One is under way, and has looked at the alerts up to this one.
    After(Option<Fingerprint>),
}

impl Refreshes {
    /// Tells the receiver of the next of its alerts that are not resolved, if it is time. Returns whether the round goes on.
    /// A failure ends the round; the next one begins in time.
    ///
    /// # Errors
    /// The store failed.
    pub async fn step(
        &self,
        store: &Store,
        subscription: &Subscription,
        clock: &dyn Clock,
    ) -> Result<bool, StoreError> {
        let Some(every) = subscription.sink.refresh_every() else { return Ok(false) };
        let every = TimeDelta::from_std(every).unwrap_or(TimeDelta::MAX);
        let now = clock.now();
        let Round::After(after) = self.round(&subscription.name, every, now) else { return Ok(false) };
        let refresh = Refresh { now, least: subscription.timing.least(now) };
        let (alerts, last) = store.standing_alerts(&subscription.name, after, AT_ONCE, refresh)?;
        let goes_on = last.is_some() && is_taken(subscription, tell(subscription, &alerts).await);
        let round = if goes_on { Round::After(last) } else { Round::Ended(clock.now()) };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(subscription.name.clone(), round);
        Ok(goes_on)
    }

    /// The round of a receiver; it begins if it is time, or if the clock was set back.
    fn round(&self, name: &str, every: TimeDelta, now: DateTime<Utc>) -> Round {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name) {
            Some(Round::Ended(at)) if now - *at < every && now >= *at => Round::Ended(*at),
            Some(Round::After(after)) => Round::After(*after),
            _ => Round::After(None),
        }
    }
}

async fn tell(subscription: &Subscription, alerts: &[Alert]) -> Result<(), SinkError> {
    match tokio::time::timeout(PATIENCE, subscription.sink.refresh(alerts)).await {
        Ok(outcome) => outcome,
        Err(_elapsed) => Err(SinkError::temporary(format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}

/// Whether the round goes on: a refusal concerns some alerts only.
fn is_taken(subscription: &Subscription, outcome: Result<(), SinkError>) -> bool {
    let Err(error) = outcome else { return true };
    let (name, report) = (&subscription.name, error.report());
    tracing::warn!(subscription = name, error = report, "alerts that are not resolved could not be sent again");
    error.is_refusal()
}

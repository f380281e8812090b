//! Tells receivers that forget of every alert that is not resolved, again and again.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    clock::Clock,
    deliver::{SinkError, Subscription},
    store::{Store, StoreError},
};

/// Most alerts of one request.
const AT_ONCE: usize = 200;

/// Longest time of one request.
const PATIENCE: Duration = Duration::from_secs(15);

/// When each receiver was last told of all alerts. After a restart that is done at once.
#[derive(Debug, Default)]
pub struct Refreshes(Mutex<BTreeMap<String, DateTime<Utc>>>);

impl Refreshes {
    /// Tells the receiver of all its alerts that are not resolved, if it is time. A failure waits for the next time: the
    /// receiver's own messages report it.
    ///
    /// # Errors
    /// The store failed.
    pub async fn make(&self, store: &Store, subscription: &Subscription, clock: &dyn Clock) -> Result<(), StoreError> {
        let Some(every) = subscription.sink.refresh_every() else { return Ok(()) };
        let every = TimeDelta::from_std(every).unwrap_or(TimeDelta::MAX);
        if !self.is_time(&subscription.name, every, clock.now()) {
            return Ok(());
        }
        let mut after = None;
        loop {
            let (alerts, last) = store.standing_alerts(&subscription.name, after, AT_ONCE)?;
            let Some(last) = last else { return Ok(()) };
            after = Some(last);
            let outcome = tokio::time::timeout(PATIENCE, subscription.sink.refresh(&alerts)).await;
            if let Err(error) = outcome.unwrap_or_else(|_| Err(SinkError::temporary("no answer in time"))) {
                failed(subscription, &error);
                return Ok(());
            }
        }
    }

    /// Whether the interval has passed, or the clock was set back; the next one begins then.
    fn is_time(&self, name: &str, every: TimeDelta, now: DateTime<Utc>) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = last.get(name).is_none_or(|last| now - *last >= every || now < *last);
        if is_time {
            last.insert(name.to_owned(), now);
        }
        is_time
    }
}

fn failed(subscription: &Subscription, error: &SinkError) {
    let (name, error) = (&subscription.name, error.report());
    tracing::warn!(subscription = name, error, "the alerts that are not resolved could not be sent again");
}

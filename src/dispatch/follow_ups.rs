//! Makes the messages that follow from the time: held ones, repetitions, escalations, notices, and digests.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    deliver::Subscription,
    model::Alert,
    store::{Store, StoreError},
};

/// How often a subscription's follow-ups are looked for.
const INTERVAL: TimeDelta = TimeDelta::seconds(20);

/// When the follow-ups of each subscription were last looked for. After a restart that is done at once: the outbox has
/// what was made before.
#[derive(Debug, Default)]
pub struct FollowUps(Mutex<BTreeMap<String, Look>>);

/// When follow-ups were looked for, and the last action of a person by then: after another one they are looked for at
/// once, because people wait for the answer of a button or a command.
#[derive(Clone, Copy, Debug)]
struct Look {
    at: DateTime<Utc>,
    action: i64,
}

impl FollowUps {
    /// Puts the follow-ups of a subscription into the outbox that are due.
    ///
    /// # Errors
    /// The store failed.
    pub fn make(&self, store: &Store, subscription: &Subscription, now: DateTime<Utc>) -> Result<(), StoreError> {
        let (name, timing) = (&subscription.name, &subscription.timing);
        let action = store.last_action()?;
        if !self.is_time(name, now, action) {
            return Ok(());
        }
        let wants = |alert: &Alert| subscription.matches(alert);
        store.release_held(now)?;
        if timing.notices {
            store.notify_of_actions(name, now)?;
        }
        if subscription.sink.keeps_open() {
            store.notify_of_endings(name, now)?;
        }
        if let Some(every) = timing.repeat {
            store.repeat_open(name, every, now, &wants)?;
        }
        if let Some(escalation) = &timing.escalate {
            store.escalate((name, &escalation.to), escalation.after, now)?;
        }
        if let Some(due) = timing.digest.as_ref().and_then(|times| times.last(now)) {
            store.make_digest(name, due, now, &wants)?;
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), Look { at: now, action });
        Ok(())
    }

    /// Whether the interval has passed, a person acted on an alert, or the clock was set back.
    fn is_time(&self, name: &str, now: DateTime<Utc>, action: i64) -> bool {
        let looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.get(name).is_none_or(|last| now - last.at >= INTERVAL || now < last.at || action != last.action)
    }
}

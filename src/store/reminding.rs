//! Tells a subscription again of open alerts. Silences hold such messages back without counting them.

use chrono::{DateTime, Utc};

use super::{
    Store, StoreError,
    alerts::{count_announcement, raised},
    announcing::{idempotency_key, tell},
    error::QueryFailure,
    holding::is_held,
    silences,
};
use crate::model::{Alert, AlertStatus, Fingerprint};

/// Most messages of one transaction.
const AT_ONCE: usize = 100;

/// A message to a subscription about open alerts.
pub(super) struct Reminder<'a> {
    pub subscription: &'a str,
    /// The reason, for the receiver.
    pub why: &'a str,
    /// Whether the subscription is to be told of an alert.
    pub wants: &'a dyn Fn(&Alert) -> bool,
}

impl Store {
    /// Tells of the first alerts that are still open, that the subscription wants, and that no silence holds back. Returns
    /// the number of messages.
    pub(super) fn tell_again(
        &self,
        found: &[Fingerprint],
        reminder: &Reminder<'_>,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let chosen = self.choose(found, reminder, now)?;
        if chosen.is_empty() {
            return Ok(0);
        }
        self.write("telling of open alerts again", |db| {
            let mut told = 0;
            for fingerprint in &chosen {
                let Some((alert, raises)) = raised(db, fingerprint)? else { continue };
                if alert.status == AlertStatus::Open && !is_held(db, &alert, now)? {
                    let raise = count_announcement(db, fingerprint, raises)?;
                    let key = idempotency_key(fingerprint, raise, reminder.subscription);
                    told += tell(db, &alert, &key, reminder.subscription, (now, reminder.why))?;
                }
            }
            Ok(told)
        })
    }

    /// The alerts of the next messages. The store is free for others between two parts: many may be silenced.
    fn choose(
        &self,
        found: &[Fingerprint],
        reminder: &Reminder<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Fingerprint>, StoreError> {
        let mut chosen = Vec::new();
        for part in found.chunks(AT_ONCE) {
            chosen.extend(self.read("looking for alerts that are not silenced", |db| {
                let silences = silences::active(db, now)?;
                let mut due = Vec::new();
                for fingerprint in part {
                    match raised(db, fingerprint) {
                        Ok(Some((alert, _))) => {
                            let is_held = silences.iter().any(|silence| silence.holds(&alert));
                            due.extend((!is_held && (reminder.wants)(&alert)).then_some(*fingerprint));
                        }
                        Ok(None) => {}
                        Err(QueryFailure::Broken(broken)) => db.note(broken),
                        Err(failure) => return Err(failure),
                    }
                }
                Ok(due)
            })?);
            if chosen.len() >= AT_ONCE {
                break;
            }
        }
        chosen.truncate(AT_ONCE);
        Ok(chosen)
    }
}

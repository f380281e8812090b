//! Checks that a log has the entry that a release's attestation names. The attestation proves that the log signed for
//! the entry; here the log must show it.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    entry_alert::{EntryAlerts, Finding},
    find::{self, FoundEntry},
    flood,
    matching::Matcher,
    named_checkpoints::keep_named,
};
use crate::{
    clock::Clock,
    detect::{EntryChange, Named, inspect_entry},
    logwatch::log_list::{FollowedLog, LogList, Recognizer},
    model::{Links, LogEntry, Provenance, WorkflowIdentity},
    progress::{Progress, Step},
    store::{LONGEST_LOG_CHECK_WAIT, LogCheck, LogCheckOutcome, Store, StoreError},
    text::with_causes,
    tlog::{Fault, ReadError, page::RawEntry},
    upkeep::TrustKeeper,
};

/// Most entries that are looked up in one round.
const ROUND: usize = 50;
/// The wait before a missing entry is looked up again.
const AGAIN: TimeDelta = TimeDelta::minutes(5);
/// The wait after a failed request to a log.
const LATER: TimeDelta = LONGEST_LOG_CHECK_WAIT;
/// For how long an entry waits for a log that has not answered yet.
const PATIENCE: TimeDelta = TimeDelta::days(1);
/// Most lookups of an entry.
const MOST: u32 = 4;

/// The content of a log at a place.
enum Found {
    /// The entry of the release.
    It,
    /// Another entry.
    Another(String),
    /// No entry.
    Nothing,
    /// An entry that the log does not prove.
    Unproven(String),
    /// The log cannot be read now.
    Unknown(String),
}

/// Looks up in logs the entries that releases name.
#[derive(Debug)]
pub struct EntryLookup {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub progress: Arc<dyn Progress>,
    pub trust: Arc<TrustKeeper>,
    pub list: Arc<LogList>,
    pub recognizer: Arc<Recognizer>,
    pub alerts: Arc<EntryAlerts>,
}

impl EntryLookup {
    /// Looks up the entries that new releases name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn check_named_entries(&self) -> Result<(), StoreError> {
        if !self.trust.is_ready() {
            return Ok(());
        }
        let now = self.clock.now();
        let mut silent = BTreeSet::new();
        for check in self.store.due_log_checks(now, ROUND)? {
            self.progress.report(&Step::LookingUp { release: &check.release });
            if silent.contains(&check.entry.origin) {
                self.store.postpone_log_check(&check, "the log does not answer", false, now + LATER)?;
                continue;
            }
            let named = self.recognizer.named(&check.entry.origin).await;
            let Some(followed) = named.filter(|log| log.has_tree(&check.entry.origin)) else {
                // A log that has not answered yet may turn out to be this one.
                if now - check.queued_at < PATIENCE && self.list.followed().iter().any(|log| log.is_guess()) {
                    self.store.postpone_log_check(
                        &check,
                        "a log is not known yet by its own name",
                        false,
                        now + LATER,
                    )?;
                    silent.insert(check.entry.origin.clone());
                } else {
                    self.store.settle_log_check(&check, LogCheckOutcome::NotFollowed, now)?;
                }
                continue;
            };
            let found = match self.look_up_at_any(&followed, &check).await {
                // The release's row is set aside and built again meanwhile.
                Err(StoreError::DamagedRow { .. }) => {
                    self.store.postpone_log_check(&check, "its release was damaged", false, now + AGAIN)?;
                    continue;
                }
                found => found?,
            };
            if matches!(found, Found::Unknown(_)) {
                silent.insert(check.entry.origin.clone());
            }
            self.take_finding(&check, &found, now)?;
        }
        Ok(())
    }

    /// Looks an entry up in a log, or in a mirror of it if the log cannot be read.
    async fn look_up_at_any(&self, followed: &FollowedLog, check: &LogCheck) -> Result<Found, StoreError> {
        let mut found = self.look_up(followed, check).await?;
        for mirror in &followed.mirrors {
            if matches!(found, Found::Unknown(_)) {
                found = self.look_up(mirror, check).await?;
            }
        }
        if matches!(found, Found::It) {
            keep_named(&self.store, followed, check, self.clock.now())?;
        }
        Ok(found)
    }

    fn take_finding(&self, check: &LogCheck, found: &Found, now: DateTime<Utc>) -> Result<(), StoreError> {
        let other = match found {
            Found::It => return self.store.settle_log_check(check, LogCheckOutcome::Found, now),
            Found::Unknown(why) => return self.store.postpone_log_check(check, why, false, now + LATER),
            Found::Another(who) => Some(who.as_str()),
            // An entry without a proof counts as missing.
            Found::Nothing | Found::Unproven(_) => None,
        };
        let named = Named {
            entry: &check.entry,
            found: other,
            attempts: check.attempts + 1,
            minutes: (now - check.queued_at).num_minutes(),
        };
        for signal in inspect_entry(&EntryChange::Named(named)) {
            let finding = Finding {
                subject: format!("{} {} {}", signal.detector, check.entry.origin, check.entry.index),
                place: &check.entry,
                who: check.release.to_string(),
                matched: None,
                scopes: vec![flood::of_package(&signal, check.release.package(), &check.entry.origin, now)],
                row: None,
                packages: vec![check.release.package().to_string()],
                members: vec![check.release.clone()],
                links: Links::default(),
            };
            self.alerts.raise(&finding, signal, now)?;
        }
        if check.attempts + 1 >= MOST {
            let outcome = if other.is_some() { LogCheckOutcome::Different } else { LogCheckOutcome::Missing };
            return self.store.settle_log_check(check, outcome, now);
        }
        let seen = match found {
            Found::Unproven(why) => why,
            _ => other.unwrap_or("there is none"),
        };
        self.store.postpone_log_check(check, seen, true, now + AGAIN)
    }

    /// The entry of the log at the place, proven by the log's own checkpoint.
    async fn look_up(&self, followed: &FollowedLog, check: &LogCheck) -> Result<Found, StoreError> {
        let Some(identity) = self.identity_of(check)? else {
            return Ok(Found::Unknown("the release is gone".to_owned()));
        };
        match read(followed, &check.entry).await {
            Ok(entry) => Ok(self.compare(followed, check.entry.index, &entry, &identity)),
            Err(error) if error.fault() == Fault::Elsewhere => Ok(Found::Unknown(with_causes(&error))),
            Err(ReadError::Withheld { .. } | ReadError::Omitted { .. } | ReadError::Beyond { .. }) => {
                Ok(Found::Nothing)
            }
            Err(error) => Ok(Found::Unproven(with_causes(&error))),
        }
    }

    /// The signer of the attestation that names the entry.
    fn identity_of(&self, check: &LogCheck) -> Result<Option<WorkflowIdentity>, StoreError> {
        let Some(observation) = self.store.release(&check.release)?.and_then(|row| row.observation) else {
            return Ok(None);
        };
        let of_entry = |provenance: &Provenance| match provenance {
            Provenance::Verified(verified) if verified.log.as_ref() == Some(&check.entry) => {
                Some(verified.identity.clone())
            }
            _ => None,
        };
        Ok(observation.provenances().chain([&observation.attestation]).find_map(of_entry))
    }

    fn compare(&self, followed: &FollowedLog, index: u64, entry: &RawEntry, identity: &WorkflowIdentity) -> Found {
        let matcher = Matcher::of_nobody(self.trust.verifier());
        let entry = FoundEntry::read(&matcher, index, entry, followed.log.form());
        if entry.is_not_understood() {
            return Found::Unknown("the form of the log's entries is not known here".to_owned());
        }
        if entry.kind.is_none() {
            return Found::Another("a signer that cannot be read".to_owned());
        }
        let signers = entry.signers;
        if signers.iter().any(|signer| signer.identity == *identity) {
            return Found::It;
        }
        let other = signers.first().map_or_else(|| "a key".to_owned(), |signer| signer.identity.subject.clone());
        Found::Another(other)
    }
}

async fn read(followed: &FollowedLog, entry: &LogEntry) -> Result<RawEntry, ReadError> {
    let heads = followed.log.heads().await?;
    // The index of Rekor v1 is the global one, for a checkpoint of any shard.
    find::at(followed, heads, entry.index).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logwatch::lab::Lab;

    #[tokio::test]
    async fn an_entry_is_looked_for_where_the_log_proves_it() {
        let lab = Lab::new();
        lab.log.grow(3, "one");
        let entry = |index| LogEntry { origin: "log.example".to_owned(), index };
        let found = read(&lab.followed(), &entry(1)).await.unwrap();
        assert_eq!(found.leaf, r#"{"kind":"one","number":1}"#);
        assert!(matches!(read(&lab.followed(), &entry(3)).await, Err(ReadError::Beyond { index: 3, size: 3 })));
    }
}

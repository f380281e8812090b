//! Handles announced releases that the registry does not show: withdrawn at once, or never visible. Feeds name them;
//! npm's feed names documents only, but its publish times show them.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    listed::Listed,
    withdrawal::{Withdrawal, Withdrawals},
};
use crate::{
    model::{Package, ReleaseStatus, Severity, traits::Issuers},
    packages::examination::{Examination, Examined},
    registry::{FeedChange, same_version},
    store::{EventKind, Store, StoreError, StoredEvent, VersionState},
    text::counted,
};

/// How many of the latest announced versions, and of their removals, are considered.
const ANNOUNCED: usize = 200;

/// After this time every cache has what was announced.
const SETTLED: TimeDelta = TimeDelta::hours(1);

/// A publisher who withdrew this many releases before does so regularly.
const HABIT: usize = 2;

/// Records the releases that were published and removed between two checks.
#[derive(Debug)]
pub struct Unseen {
    pub store: Arc<Store>,
    pub withdrawals: Withdrawals,
}

impl Unseen {
    /// Records releases that were removed before a check could see them, whatever time the document gives them: the
    /// versions that were withdrawn at the last check are known.
    pub fn take_withdrawn(
        &self,
        subject: &Examination<'_>,
        withdrawn: &[(String, DateTime<Utc>)],
        examined: &mut Examined,
    ) -> Result<(), StoreError> {
        let history_ends = subject.history_ends;
        let severity = self.severity_of_withdrawal(subject)?;
        let before = subject.row.as_ref().and_then(|row| row.withdrawn.as_ref());
        for (version, published_at) in withdrawn {
            let is_new = *published_at >= history_ends || before.is_some_and(|before| !before.contains(version));
            if is_new && !subject.stored.contains_key(version) {
                let why = removed(*published_at, None);
                let withdrawal = Withdrawal { why, severity, published_at: *published_at };
                self.withdrawals.record(subject, &subject.package.at(version.as_str()), &withdrawal)?;
                examined.releases += 1;
                examined.unchecked += 1;
            }
        }
        Ok(())
    }

    /// Records the announced releases that the registry does not list. `up_to_date`: the answer is known to have all
    /// that was announced; otherwise only announcements from a while ago count. A release without a file is ordinary,
    /// unless a file of it was announced.
    pub fn take_missing(
        &self,
        subject: &Examination<'_>,
        Listed { versions, bare }: &Listed,
        up_to_date: bool,
        examined: &mut Examined,
    ) -> Result<(), StoreError> {
        // A release that was announced and withdrawn before the package was first checked is history.
        let Some(row) = &subject.row else { return Ok(()) };
        let ecosystem = subject.package.ecosystem();
        for Announced { version, has_file, event } in self.announced(subject.package)? {
            let is_due = up_to_date || subject.now - event.seen_at >= SETTLED;
            // A version that the first check listed is still being read.
            let is_past =
                event.seen_at < row.first_seen || row.history.as_ref().is_some_and(|all| all.contains(&version));
            let is = |other: &String| same_version(ecosystem, other, &version);
            let is_ordinary = !has_file && bare.iter().any(is);
            let is_known = versions.iter().any(is) || subject.stored.keys().any(is);
            if is_due && !is_past && !is_known && !is_ordinary {
                self.record_unseen(subject, &event, &version)?;
                examined.releases += 1;
                examined.unchecked += 1;
            }
        }
        Ok(())
    }

    /// The latest announced versions, each with its latest announcement. A registry that announces files may name one
    /// version very often.
    fn announced(&self, package: &Package) -> Result<Vec<Announced>, StoreError> {
        let events = self.store.distinct_events_of(package, EventKind::Release, ANNOUNCED)?;
        let mut announced: Vec<Announced> = Vec::new();
        for (version, has_file, event) in events.into_iter().filter_map(announcement) {
            match announced.iter_mut().find(|other| other.version == version) {
                Some(other) => other.has_file |= has_file,
                None => announced.push(Announced { version, has_file, event }),
            }
        }
        Ok(announced)
    }

    fn record_unseen(&self, subject: &Examination<'_>, event: &StoredEvent, version: &str) -> Result<(), StoreError> {
        let at = event.at.unwrap_or(event.seen_at);
        let removals = self.store.events_of(subject.package, Some(EventKind::Governance), ANNOUNCED)?;
        let is_removal = |event: &&StoredEvent| match serde_json::from_str(&event.change) {
            Ok(FeedChange::Governance { version: Some(removed), action }) => {
                removed == version && action.starts_with("remove ")
            }
            _ => false,
        };
        let (why, severity) = if let Some(removal) = removals.iter().find(is_removal) {
            (removed(at, removal.at), self.severity_of_withdrawal(subject)?)
        } else {
            let why = format!(
                "it was announced at {at} and the registry does not show it: published and withdrawn before it \
                 could be checked, or kept from being seen"
            );
            (why, Severity::Medium)
        };
        let withdrawal = Withdrawal { why, severity, published_at: at };
        self.withdrawals.record(subject, &subject.package.at(version), &withdrawal)
    }

    /// Honest mistakes are withdrawn within minutes too, hence low. But a publisher with evidence from a workflow who
    /// never withdrew anything rarely starts; and a takeover that is noticed ends like this.
    fn severity_of_withdrawal(&self, subject: &Examination<'_>) -> Result<Severity, StoreError> {
        let is_gone = |stored: &&VersionState| stored.status == ReleaseStatus::Unpublished;
        let stored = subject.stored.values().filter(is_gone).count();
        let seen = subject.row.as_ref().and_then(|row| row.withdrawn.as_ref()).map_or(0, BTreeSet::len);
        if stored.max(seen) >= HABIT {
            return Ok(Severity::Low);
        }
        let lines = self.store.baseline(subject.package)?.baseline.lines;
        let has_evidence = lines.values().any(|line| !line.tally(Issuers).is_empty());
        Ok(if has_evidence { Severity::Medium } else { Severity::Low })
    }
}

/// A version that was announced.
struct Announced {
    version: String,
    /// Whether a file of it was announced.
    has_file: bool,
    event: StoredEvent,
}

fn removed(published_at: DateTime<Utc>, removed_at: Option<DateTime<Utc>>) -> String {
    match removed_at.filter(|removed| *removed >= published_at) {
        Some(at) => {
            let stood = counted((at - published_at).num_minutes().unsigned_abs().max(1), "minute");
            format!(
                "it was published at {published_at} and removed at {at}, within {stood}, before it could be checked"
            )
        }
        None => format!("it was published at {published_at} and removed before it could be checked"),
    }
}

/// The version that an event announces, and whether it announces a file.
fn announcement(event: StoredEvent) -> Option<(String, bool, StoredEvent)> {
    match serde_json::from_str(&event.change) {
        Ok(FeedChange::Release { version }) => Some((version, false, event)),
        Ok(FeedChange::File { version }) => Some((version, true, event)),
        _ => None,
    }
}

//! Chooses the releases of a blocklist from the alerts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::entry::Entry;
use crate::{
    cli::exit::CliError,
    model::{Alert, AlertKind, AlertStatus, DevelopmentKind, ReleaseId, Resolution, Severity},
    store::{AlertFilter, Store, StoreError},
};

/// The alerts that count.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub min_severity: Severity,
    /// Raised since then.
    pub since: Option<DateTime<Utc>>,
}

/// The accused releases in the order of their purls. A release whose alert was resolved as wrong or expected is not one of
/// them, and neither is one that duplicates such an alert, or repeats its deviation.
///
/// # Errors
/// The store cannot be read.
pub fn accused(store: &Store, wanted: Wanted) -> Result<Vec<Entry>, CliError> {
    let filter =
        AlertFilter { kind: Some(AlertKind::Release), repetitions: true, limit: usize::MAX, ..AlertFilter::default() };
    let alerts = store.alerts(&filter)?;
    let mut cleared = BTreeSet::new();
    for alert in &alerts {
        if is_cleared(store, alert)? {
            cleared.insert(alert.id);
        }
    }
    let counts = |alert: &&Alert| {
        alert.severity >= wanted.min_severity
            && wanted.since.is_none_or(|since| alert.raised_at >= since)
            && !cleared.contains(&alert.id)
            && alert.repeats.is_none_or(|first| !cleared.contains(&first))
    };
    let chosen: BTreeMap<String, (&ReleaseId, &Alert)> = alerts
        .iter()
        .filter(counts)
        .filter_map(|alert| alert.purl.as_ref().map(|purl| (purl.to_string(), (purl, alert))))
        .collect();
    let accused: BTreeSet<&ReleaseId> = chosen.values().map(|(purl, _)| *purl).collect();
    chosen.values().map(|(purl, alert)| entry(store, purl, alert, &accused)).collect()
}

/// Whether a person found that the release does no harm. A duplicate is what the other alert is: a release is not harmless
/// because another one was accused before it.
fn is_cleared(store: &Store, alert: &Alert) -> Result<bool, StoreError> {
    if !is_category(alert, Resolution::Duplicate) {
        return Ok(is_harmless(alert));
    }
    let other = alert.handling.as_ref().and_then(|last| last.duplicate_of);
    let other = other.map(|other| StoreError::unless_damaged(store.alert(&other))).transpose()?;
    Ok(other.flatten().flatten().is_some_and(|other| is_harmless(&other)))
}

fn is_harmless(alert: &Alert) -> bool {
    is_category(alert, Resolution::FalsePositive) || is_category(alert, Resolution::Expected)
}

fn is_category(alert: &Alert, category: Resolution) -> bool {
    let last = alert.handling.as_ref().filter(|_| alert.status == AlertStatus::Resolved);
    last.is_some_and(|last| last.category == Some(category))
}

fn entry(store: &Store, purl: &ReleaseId, alert: &Alert, accused: &BTreeSet<&ReleaseId>) -> Result<Entry, CliError> {
    let of_status = alert.developments.iter().rfind(|development| development.kind.is_of_status());
    let release = StoreError::unless_damaged(store.release(purl))?.flatten();
    let files = release.and_then(|row| row.observation).map(|observation| observation.files).unwrap_or_default();
    Ok(Entry {
        purl: purl.clone(),
        severity: alert.severity,
        alert: alert.id,
        raised_at: alert.raised_at,
        reason: alert.title.clone(),
        withdrawn: of_status.is_some_and(|last| last.kind != DevelopmentKind::Restored),
        last_good: alert.last_good.clone().filter(|good| !accused.contains(good)),
        files: files.into_iter().map(|file| file.name).collect(),
    })
}

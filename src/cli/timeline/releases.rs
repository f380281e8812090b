//! The releases of a timeline, with what differs between neighbours.

use std::collections::BTreeSet;

use super::{
    as_of::{At, BaselineThen},
    changes::changes,
    entry::{Entry, Raised, Release, What},
};
use crate::{
    baseline::rank,
    cli::published,
    model::{Observation, ReleaseId},
    store::ReleaseRow,
};

/// A release, or what differs between it and the one before.
pub(super) fn entries(rows: &[ReleaseRow], shown: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (place, row) in rows.iter().enumerate().take(shown) {
        let older = &rows[place + 1..];
        entries.extend(around(row, older));
        entries.push(release(row, older));
    }
    entries
}

fn release(row: &ReleaseRow, older: &[ReleaseRow]) -> Entry {
    let observation = row.observation.as_ref();
    let before = older.iter().find(|other| other.line == row.line && other.observation.is_some());
    let both = observation.zip(before.and_then(|before| before.observation.as_ref()));
    let release = Release {
        purl: row.purl.clone(),
        line: row.line.clone(),
        outcome: row.outcome,
        status: row.status,
        in_baseline: row.in_baseline,
        unchecked: row.unchecked.clone(),
        by: published::by(row),
        proof: published::proof(row),
        rank: observation.and_then(rank),
        observed_at: row.observed_at,
        recheck_at: row.recheck_at,
        before: before.map(|before| before.purl.clone()),
        changes: both.map(|(now, before)| changes(before, now)).unwrap_or_default(),
        joined: None,
        changed_later: false,
        alert: None,
    };
    let at = row.published_at.unwrap_or(row.observed_at);
    Entry { at, marked: false, what: What::Release(Box::new(release)) }
}

/// The changes of maintainers and settings that were seen with a release.
fn around(row: &ReleaseRow, older: &[ReleaseRow]) -> Vec<Entry> {
    let Some(now) = &row.observation else { return Vec::new() };
    let at = row.published_at.unwrap_or(row.observed_at);
    let before = || older.iter().filter_map(|other| other.observation.as_ref());
    let maintainers = before().find_map(|before| Some((before.maintainers.as_ref()?, now.maintainers.as_ref()?)));
    let maintainers = maintainers.and_then(|(before, now)| differing(&row.purl, before, now));
    let setting = |release: &Observation| release.facts.publishing.as_ref()?.tokens_disallowed;
    let settings = before().find_map(setting).zip(setting(now)).filter(|(before, now)| before != now);
    let settings = settings.map(|(_, tokens_disallowed)| What::Setting { purl: row.purl.clone(), tokens_disallowed });
    maintainers.into_iter().chain(settings).map(|what| Entry { at, marked: false, what }).collect()
}

fn differing(purl: &ReleaseId, before: &[String], now: &[String]) -> Option<What> {
    let (before, now): (BTreeSet<&String>, BTreeSet<&String>) = (before.iter().collect(), now.iter().collect());
    let names = |these: BTreeSet<&&String>| these.into_iter().map(|name| (*name).clone()).collect::<Vec<_>>();
    let (added, removed) = (names(now.difference(&before).collect()), names(before.difference(&now).collect()));
    let is_change = !added.is_empty() || !removed.is_empty();
    is_change.then(|| What::Maintainers { purl: purl.clone(), added, removed })
}

impl Release {
    /// As far as it was known at a time: with the alert of then, and the baseline of then.
    pub fn known(&mut self, row: &ReleaseRow, at: At, then: &BaselineThen) {
        if at.0.is_none() {
            return;
        }
        self.in_baseline = then.includes(&self.purl.to_string());
        self.changed_later = !at.knows(row.updated_at);
        self.recheck_at = None;
    }

    /// With an alert.
    pub fn raising(&mut self, alert: Option<Raised>) {
        self.alert = alert;
    }
}

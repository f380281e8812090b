//! The blast radius of accused releases: what shares a run, a signer, an account, a repository, an owner with them, what
//! depends on them, and what the same accounts could publish.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::dependents::dependents;
use crate::{
    model::{ReleaseId, Tie},
    store::{ReleaseRow, Search, Searched, Store, StoreError, Trace, Traced},
};

/// How far around the accused releases the others are looked for, unless that is said.
const USUAL: TimeDelta = TimeDelta::days(7);

/// The time in which releases are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// From then on.
    pub since: DateTime<Utc>,
    /// Before then.
    pub until: DateTime<Utc>,
}

/// What an incident touches.
#[derive(Clone, Debug)]
pub(crate) struct Radius {
    /// In which time.
    pub window: Window,
    /// By tie, the strongest first; a release is in the first circle that it belongs to.
    pub circles: Vec<Circle>,
}

/// The releases that one tie leads to.
#[derive(Clone, Debug)]
pub(crate) struct Circle {
    pub tie: Tie,
    /// The latest first.
    pub releases: Vec<Related>,
    /// Whether there are more than are listed.
    pub has_more: bool,
}

/// A release with what it has in common with an accused one.
#[derive(Clone, Debug)]
pub(crate) struct Related {
    pub row: ReleaseRow,
    /// What it has in common: the run, the account, the repository.
    pub why: String,
}

impl Window {
    /// The time around releases.
    pub fn around(seeds: &[ReleaseRow], now: DateTime<Utc>) -> Self {
        let times = || seeds.iter().filter_map(|row| row.published_at);
        let (first, last) = (times().min().unwrap_or(now), times().max().unwrap_or(now));
        Self { since: first - USUAL, until: last + USUAL }
    }
}

/// The blast radius of releases, with at most so many of each tie.
///
/// # Errors
/// As every read of the store.
pub(crate) fn radius(
    store: &Store,
    seeds: &[ReleaseRow],
    window: Window,
    at_most: usize,
) -> Result<Radius, StoreError> {
    let mut seen: BTreeSet<ReleaseId> = seeds.iter().map(|row| row.purl.clone()).collect();
    let mut circles = Vec::new();
    for tie in Tie::ALL {
        let mut circle = match tie {
            Tie::DependsOn => dependents(store, seeds, at_most)?,
            tie => sharing(store, seeds, tie, window, at_most + seen.len())?,
        };
        circle.releases.retain(|related| !seen.contains(&related.row.purl));
        circle.has_more |= circle.releases.len() > at_most;
        circle.releases.truncate(at_most);
        seen.extend(circle.releases.iter().map(|related| related.row.purl.clone()));
        circles.push(circle);
    }
    Ok(Radius { window, circles })
}

/// The releases that share a trace of a tie with one of the seeds.
fn sharing(
    store: &Store,
    seeds: &[ReleaseRow],
    tie: Tie,
    window: Window,
    at_most: usize,
) -> Result<Circle, StoreError> {
    let observed: Vec<Traced<'_>> = seeds.iter().filter_map(|row| row.observation.as_ref()).map(Traced::of).collect();
    let all: Vec<Trace<'_>> =
        observed.iter().flat_map(Traced::traces).filter(|trace| trace.tie() == Some(tie)).collect();
    if all.is_empty() {
        return Ok(Circle { tie, releases: Vec::new(), has_more: false });
    }
    let search = Search { clues: vec![all.clone()], since: Some(window.since), until: Some(window.until) };
    let Searched { releases, has_more } = store.search(&search, at_most)?;
    let values: BTreeMap<(&str, String), &Trace<'_>> =
        all.iter().map(|trace| ((trace.kind(), trace.value().into_owned()), trace)).collect();
    let related = |row: ReleaseRow| {
        let why = row.observation.as_ref().and_then(|seen| {
            let traced = Traced::of(seen);
            let common =
                traced.traces().into_iter().find(|one| values.contains_key(&(one.kind(), one.value().into_owned())))?;
            Some(words(&common))
        });
        Related { why: why.unwrap_or_else(|| "an address that a pseudonym replaced".to_owned()), row }
    };
    Ok(Circle { tie, releases: releases.into_iter().map(related).collect(), has_more })
}

/// What two releases have in common, for people.
fn words(trace: &Trace<'_>) -> String {
    let value = trace.value();
    match trace {
        Trace::NamedRepository(_) => format!("names the repository {value}, which nothing certifies"),
        Trace::RepositoryId { id, .. } => format!("the repository with the id {id}"),
        Trace::Publisher(..) | Trace::Maintainer(..) => format!("the account {value}"),
        Trace::Owner(_) => format!("the owner {value}"),
        _ => value.into_owned(),
    }
}

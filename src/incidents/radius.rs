//! The blast radius of accused releases: what shares a run, a signer, an account, a repository, an owner with them, what
//! depends on them, and what the same accounts could publish.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::dependents::dependents;
use crate::{
    model::{ReleaseId, Tie},
    store::{FoundRelease, OwnedTrace, ReleaseRow, Search, Searched, Store, StoreError, Traced},
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
    let all: BTreeSet<OwnedTrace> = observed
        .iter()
        .flat_map(Traced::traces)
        .filter(|trace| trace.tie() == Some(tie))
        .map(OwnedTrace::from)
        .collect();
    if all.is_empty() {
        return Ok(Circle { tie, releases: Vec::new(), has_more: false });
    }
    let search = Search {
        clues: vec![all.into_iter().collect()],
        since: Some(window.since),
        until: Some(window.until),
        ..Search::default()
    };
    let Searched { releases, has_more, not_before } = store.search(&search, at_most)?;
    let related = |FoundRelease { row, by }: FoundRelease| {
        let why = by.first().map_or_else(|| "something in common".to_owned(), words);
        Related { row, why }
    };
    let has_more = has_more || not_before.is_some();
    Ok(Circle { tie, releases: releases.into_iter().map(related).collect(), has_more })
}

/// What two releases have in common, for people.
fn words(trace: &OwnedTrace) -> String {
    let value = trace.value();
    match trace.kind() {
        "named_repository" => format!("names the repository {value}, which nothing certifies"),
        "repository_id" => format!("the repository with the id {}", value.rsplit('#').next().unwrap_or(value)),
        "publisher" | "maintainer" => format!("the account {value}"),
        "email" => format!("the address {value}"),
        "owner" => format!("the owner {value}"),
        "run" | "any_attempt" => format!("the run {value}"),
        "workflow" => format!("the workflow {value}"),
        "identity" => format!("the signer {value}"),
        "repository" => format!("the repository {value}"),
        _ => value.to_owned(),
    }
}

//! The blast radius of accused releases: what has something in common with them, by the kind of tie.

use std::collections::BTreeSet;

use super::{
    circle::{Circle, Related, Window},
    dependents::dependents,
};
use crate::{
    model::{ReleaseId, Tie},
    store::{FoundRelease, OwnedTrace, ReleaseRow, Search, Searched, Store, StoreError, Traced},
};

/// What releases touch, by tie, the strongest first, with at most so many of each. A release is in the first circle that it
/// belongs to.
///
/// # Errors
/// As every read of the store.
pub(crate) fn radius(
    store: &Store,
    seeds: &[ReleaseRow],
    window: Window,
    at_most: usize,
) -> Result<Vec<Circle>, StoreError> {
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
    Ok(circles)
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

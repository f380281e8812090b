//! Learns a baseline again from the stored releases, after an acceptance is withdrawn or the operator resets it.

use std::collections::BTreeMap;

use crate::{
    baseline::{learn, learn_accepted},
    model::{
        Baseline, BaselineReason, EvidenceRank, LineBaseline, Observation, Package, ReleaseId, ReleaseStatus,
        traits::EvidenceRanks,
    },
    store::{Outcome, ReleaseRow, Store, StoreError},
};

/// A baseline without a release that had been accepted.
#[derive(Clone, Debug)]
pub struct Relearned {
    /// The baseline without it.
    pub baseline: Baseline,
    /// The releases that joined after it and would not have joined without it.
    pub dropped: Vec<Observation>,
}

/// Learns the baseline of a package as if a release had never been accepted. Releases that joined before it, history,
/// and other accepted releases join again; for the rest `in_baseline` decides, by the baseline as it was then.
///
/// # Errors
/// The store failed, or `in_baseline` did.
pub fn without<E: From<StoreError>>(
    store: &Store,
    package: &Package,
    accepted: &ReleaseId,
    mut in_baseline: impl FnMut(&Baseline, &Observation) -> Result<bool, E>,
) -> Result<Relearned, E> {
    let mut relearned = Relearned { baseline: Baseline::empty(package.clone()), dropped: Vec::new() };
    let mut gone = Baseline::empty(package.clone());
    let mut is_after = false;
    for row in taught(store, package)? {
        let Some(observation) = row.observation else { continue };
        if row.purl == *accepted {
            is_after = true;
            learn(&mut gone, &observation);
            continue;
        }
        let is_accepted = store.acceptance(&row.purl)?.is_some();
        let is_certain = !is_after || row.outcome == Outcome::Learned || is_accepted;
        if is_accepted {
            learn_accepted(&mut relearned.baseline, &observation);
        } else if is_certain || in_baseline(&relearned.baseline, &observation)? {
            learn(&mut relearned.baseline, &observation);
        } else {
            learn(&mut gone, &observation);
            relearned.dropped.push(observation);
        }
    }
    keep_evidence(&store.baseline(package)?.baseline, &gone, &mut relearned.baseline);
    Ok(relearned)
}

/// The releases in the baseline, in the order in which they joined.
fn taught(store: &Store, package: &Package) -> Result<Vec<ReleaseRow>, StoreError> {
    let mut rows: BTreeMap<String, ReleaseRow> = store
        .releases(package, usize::MAX)?
        .into_iter()
        .filter(|row| row.in_baseline)
        .map(|row| (row.purl.to_string(), row))
        .collect();
    // The latest step first: the last time that a release joined counts.
    let mut taught: Vec<_> = store
        .baseline_history(package, usize::MAX)?
        .into_iter()
        .filter(|step| matches!(step.reason, BaselineReason::Learned | BaselineReason::Accepted))
        .filter_map(|step| rows.remove(step.purl.as_ref()?))
        .collect();
    taught.reverse();
    let observations = taught.iter_mut().filter_map(|row| row.observation.as_mut());
    store.addresses()?.recognize_among(package, observations);
    Ok(taught)
}

/// Evidence that a line had adopted from releases that are no longer stored stays adopted.
fn keep_evidence(before: &Baseline, gone: &Baseline, after: &mut Baseline) {
    let count = |line: &LineBaseline, rank| line.tally(EvidenceRanks).get(rank).map_or(0, |seen| seen.count);
    let nothing = LineBaseline::default();
    for (line, profile) in &mut after.lines {
        let (before, gone) = (before.lines.get(line).unwrap_or(&nothing), gone.lines.get(line).unwrap_or(&nothing));
        for (rank, seen) in before.tally(EvidenceRanks).iter().filter(|(rank, _)| **rank > EvidenceRank::None) {
            if seen.count > count(gone, *rank) && !profile.tally(EvidenceRanks).contains(*rank) {
                profile.insert(EvidenceRanks, *rank, *seen);
            }
        }
    }
}

/// The releases that a package's baseline is learned from after a reset by the operator, in publish order: those that
/// the registry still has and that raised no alert, or that the operator accepted. A held release stays held.
///
/// # Errors
/// The store failed.
pub fn history(store: &Store, package: &Package) -> Result<Vec<Observation>, StoreError> {
    let in_baseline = |row: &ReleaseRow| {
        let is_quiet = matches!(row.outcome, Outcome::Learned | Outcome::Clean);
        row.status == ReleaseStatus::Published && row.unchecked.is_empty() && (is_quiet || row.in_baseline)
    };
    let rows = store.releases(package, usize::MAX)?.into_iter().filter(in_baseline);
    let mut history: Vec<Observation> = rows.filter_map(|row| row.observation).filter(|it| !it.has_invalid()).collect();
    store.addresses()?.recognize_among(package, &mut history);
    history.sort_by(|a, b| (a.published_at, &a.purl).cmp(&(b.published_at, &b.purl)));
    Ok(history)
}

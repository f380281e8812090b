//! The baseline update of one record: the release itself, and held releases that join with it.

use super::accusation::was_right;
use crate::{
    baseline::{self, Later, learn},
    detect,
    model::{Baseline, BaselineReason, Fingerprint, Observation, ReleaseStatus},
    packages::examination::{Examination, LATEST_RELEASES},
    store::{BaselineChange, Held, NewBaselineVersion, Record, ReleaseRow, Store, StoreError, StoredBaseline},
    upkeep::ACTOR,
};

/// The releases that join a baseline with one record.
pub struct BaselineUpdate<'a> {
    stored: &'a StoredBaseline,
    changed: Option<Baseline>,
    versions: Vec<NewBaselineVersion>,
}

impl<'a> BaselineUpdate<'a> {
    pub fn over(stored: &'a StoredBaseline) -> Self {
        Self { stored, changed: None, versions: Vec::new() }
    }

    pub fn learn(&mut self, observation: &Observation, note: Option<String>) {
        learn(self.changed.get_or_insert_with(|| self.stored.baseline.clone()), observation);
        self.versions.push(NewBaselineVersion {
            line: observation.line(),
            reason: BaselineReason::Learned,
            purl: Some(observation.purl.clone()),
            actor: ACTOR.to_owned(),
            note,
        });
    }

    pub fn change(self) -> Option<BaselineChange> {
        let baseline = self.changed?;
        Some(BaselineChange { based_on: self.stored.revision, baseline, versions: self.versions })
    }
}

/// Updates the baseline in memory like the stored one.
pub fn advance(baseline: &mut StoredBaseline, record: &Record) {
    if let Some(change) = &record.baseline {
        baseline.revision += u32::try_from(change.versions.len()).unwrap_or(u32::MAX);
        baseline.baseline = change.baseline.clone();
    }
}

/// Held releases join the baseline together with the one that made it enough: a clean release, or one that repeats a loss of
/// evidence in the open.
pub fn let_held_join(
    store: &Store,
    subject: &Examination<'_>,
    newest: &Observation,
    clean: bool,
    baseline_update: &mut BaselineUpdate<'_>,
) -> Result<(), StoreError> {
    let held = store.held(subject.package)?;
    if held.is_empty() {
        return Ok(());
    }
    let mut later: Vec<Later> = Vec::new();
    for row in store.releases(subject.package, LATEST_RELEASES)? {
        let Some(published_at) = row.published_at.filter(|_| row.purl != newest.purl) else { continue };
        let open_loss = !row.in_baseline && is_open_loss(store, &row)?;
        later.push(Later { line: row.line, published_at, clean: row.in_baseline, open_loss });
    }
    later.push(Later { line: newest.line(), published_at: newest.published_at, clean, open_loss: !clean });
    for held in held {
        if let Some(observation) = joins(store, &held, &later)? {
            let reason =
                if clean { "enough clean releases followed" } else { "the loss of evidence repeats in the open" };
            baseline_update.learn(&observation, Some(reason.to_owned()));
        }
    }
    Ok(())
}

fn joins(store: &Store, held: &Held, later: &[Later]) -> Result<Option<Observation>, StoreError> {
    let Some(published_at) = held.published_at else { return Ok(None) };
    let Some(row) = store.release(&held.purl)? else { return Ok(None) };
    let Some(alert) = store.alert(&Fingerprint::of_release(&held.purl))? else { return Ok(None) };
    // An attack that an operator confirmed never becomes normal, however many clean releases follow.
    if was_right(store, &alert)? {
        return Ok(None);
    }
    let open_loss = row.observation.as_ref().is_some_and(|seen| detect::is_open_loss(seen, &alert.signals));
    let (line, severity, status) = (held.line.clone(), alert.severity, row.status);
    let another_origin = detect::is_of_another_origin(&alert.signals);
    let held = baseline::Held { line, published_at, severity, status, open_loss, another_origin };
    Ok(row.observation.filter(|_| baseline::joins(&held, later)))
}

/// Whether a held release lost nothing but its evidence, was released in the open, and can still be installed.
fn is_open_loss(store: &Store, row: &ReleaseRow) -> Result<bool, StoreError> {
    let Some(observation) = row.observation.as_ref().filter(|_| row.status == ReleaseStatus::Published) else {
        return Ok(false);
    };
    let alert = store.alert(&Fingerprint::of_release(&row.purl))?;
    Ok(alert.is_some_and(|alert| detect::is_open_loss(observation, &alert.signals)))
}

//! The baseline update of one record: the release itself, and held releases that join with it.

use crate::{
    baseline::{self, Later, learn},
    model::{Baseline, BaselineReason, Fingerprint, Observation},
    packages::examination::{Examination, LATEST_RELEASES},
    store::{BaselineChange, Held, NewBaselineVersion, Record, Store, StoreError, StoredBaseline},
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

/// Adds held releases to the baseline, together with the clean release that completes the number they need after them.
pub fn let_held_join(
    store: &Store,
    subject: &Examination<'_>,
    newest: &Observation,
    baseline_update: &mut BaselineUpdate<'_>,
) -> Result<(), StoreError> {
    let held = store.held(subject.package)?;
    if held.is_empty() {
        return Ok(());
    }
    let mut later: Vec<Later> = Vec::new();
    for row in store.releases(subject.package, LATEST_RELEASES)? {
        let Some(published_at) = row.published_at.filter(|_| row.purl != newest.purl) else { continue };
        later.push(Later { line: row.line, published_at, clean: row.in_baseline });
    }
    later.push(Later { line: newest.line(), published_at: newest.published_at, clean: true });
    for held in held {
        if let Some(observation) = joins(store, &held, &later)? {
            baseline_update.learn(&observation, Some("enough clean releases followed".to_owned()));
        }
    }
    Ok(())
}

fn joins(store: &Store, held: &Held, later: &[Later]) -> Result<Option<Observation>, StoreError> {
    let Some(published_at) = held.published_at else { return Ok(None) };
    let Some(row) = store.release(&held.purl)? else { return Ok(None) };
    let Some(alert) = store.alert(&Fingerprint::of_release(&held.purl))? else { return Ok(None) };
    let held = baseline::Held { line: held.line.clone(), published_at, severity: alert.severity, status: row.status };
    Ok(row.observation.filter(|_| baseline::joins(&held, later)))
}

//! What may explain a release of one's own package, and what is awaited of it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    detect::{AssessmentInputs, Change, OwnRuns, awaits_run, is_explained_by_run},
    model::{Baseline, Observation},
    packages::settings::Settings,
    store::{AllowedBy, Store, StoreError},
    watchlist::Watchlist,
};

/// The runs that may explain a release, as far as the CI told of them; `None`: the package is not one's own.
///
/// # Errors
/// The store failed.
pub fn own_runs(
    store: &Store,
    watchlist: &Watchlist,
    settings: &Settings,
    release: &Observation,
    now: DateTime<Utc>,
) -> Result<Option<OwnRuns>, StoreError> {
    let package = release.purl.package();
    if !watchlist.is_own(package) {
        return Ok(None);
    }
    let window = settings.run_window;
    let wanted = AllowedBy {
        runs: release.runs().collect(),
        digests: release.strong_digests().flatten().collect(),
        near: Some((package, release.published_at, window)),
    };
    let mut allowances = store.allowed_by(&wanted)?;
    allowances.retain(|allowance| allowance.is_about(package));
    Ok(Some(OwnRuns { allowances, window, looked_at: now }))
}

/// When to judge a release again because a run may explain it until then; nothing waits for longer than `longest`.
pub fn look_at_run(
    baseline: &Baseline,
    release: &Observation,
    inputs: &AssessmentInputs<'_>,
    longest: TimeDelta,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    inputs.release_context.own.as_ref()?;
    let until = awaits_run(&Change::between(baseline, release, inputs))?;
    Some(until.min(now + longest.max(TimeDelta::minutes(1))))
}

/// Whether a run explains a release of one's own package.
pub fn is_explained(baseline: &Baseline, release: &Observation, inputs: &AssessmentInputs<'_>) -> bool {
    inputs.release_context.own.is_some() && is_explained_by_run(&Change::between(baseline, release, inputs))
}

//! Has the earlier releases of a burst judged again when it turns out to be one.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::relearn;
use crate::{
    detect::{AssessmentInputs, Burst, ReleaseContext},
    model::{BaselineReason, Fingerprint, Observation, Severity},
    packages::{
        assess::{assess, release_context::release_context},
        settings::Settings,
    },
    store::{BaselineChange, NewBaselineVersion, ReleaseRow, Store, StoreError},
    upkeep::ACTOR,
    watchlist::InUse,
};

/// How long before a release an earlier one may belong to the same burst.
const BEFORE: TimeDelta = TimeDelta::hours(2);

/// When the earlier releases are checked again.
const LATER: TimeDelta = TimeDelta::seconds(30);

/// How many releases of a correlation key are considered.
const CONSIDERED: usize = 500;

/// The note of the baseline's history.
const NOTE: &str = "it belongs to an unusual burst of releases";

/// Judges the company of a release.
#[derive(Debug)]
pub struct Company {
    pub store: Arc<Store>,
    pub settings: Arc<Settings>,
    pub watchlist: Arc<InUse>,
}

impl Company {
    /// Requests a re-check of the earlier releases of a burst that becomes unusual with a release: they were judged as if
    /// they were alone. One that joined its baseline leaves it first, if it would raise an alert now. To be called before the
    /// release is recorded, so that a crash in between repeats it; the re-checks wait until the release is there.
    ///
    /// # Errors
    /// The store failed.
    pub fn judge_again(&self, of: &Observation, around: &ReleaseContext, now: DateTime<Utc>) -> Result<(), StoreError> {
        for burst in around.bursts.iter().filter(|burst| becomes_unusual(burst)) {
            for one in self.store.bound(&burst.correlation_key, of.published_at, CONSIDERED)? {
                let is_of_burst =
                    of.published_at - one.published_at <= BEFORE && one.purl.package() != of.purl.package();
                let row = if is_of_burst { self.store.release(&one.purl)? } else { None };
                if let Some(row) = row
                    && !self.is_reported(&row)?
                    && (!row.in_baseline || self.leaves(&row, burst, now)?)
                {
                    self.store.look_again(&row.purl, now + LATER)?;
                }
            }
        }
        Ok(())
    }

    /// Whether a release already raised an alert that somebody has to look at: it needs no other one for its company, which the
    /// campaign names.
    fn is_reported(&self, row: &ReleaseRow) -> Result<bool, StoreError> {
        let alert = self.store.alert(&Fingerprint::of_release(&row.purl))?;
        Ok(alert.is_some_and(|alert| alert.severity >= Severity::Medium))
    }

    /// Takes a release out of its baseline if it would raise an alert in the company that it is in. Whether it did.
    fn leaves(&self, row: &ReleaseRow, burst: &Burst, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let Some(release) = &row.observation else { return Ok(false) };
        if self.store.acceptance(&row.purl)?.is_some() {
            return Ok(false);
        }
        let package = row.purl.package();
        let rest = relearn::without(&self.store, package, &row.purl, |_, _| Ok::<_, StoreError>(true))?.baseline;
        let policy = self.watchlist.now().policy(package);
        let mut around = release_context(&self.store, release)?;
        around.bursts.retain(|known| known.correlation_key != burst.correlation_key);
        around.bursts.push(burst.clone());
        let inputs = AssessmentInputs {
            release_context: &around,
            tuning: &self.settings.tuning,
            policy: policy.as_ref(),
            expected: &self.store.expected_changes_of(package)?,
        };
        if !assess(&rest, release, &inputs).reports() {
            return Ok(false);
        }
        let version = NewBaselineVersion {
            line: row.line.clone(),
            reason: BaselineReason::Unlearned,
            purl: Some(row.purl.clone()),
            actor: ACTOR.to_owned(),
            note: Some(NOTE.to_owned()),
        };
        let based_on = self.store.baseline(package)?.revision;
        self.store.change_baseline(&BaselineChange { based_on, baseline: rest, versions: vec![version] }, now)?;
        tracing::info!(release = %row.purl, "{NOTE}: it is no longer in the baseline, and is checked again");
        Ok(true)
    }
}

/// Whether a burst is unusual with its latest package, and was not before.
fn becomes_unusual(burst: &Burst) -> bool {
    let before = Burst { packages: burst.packages.saturating_sub(1), ..burst.clone() };
    burst.is_unusual() && !before.is_unusual()
}

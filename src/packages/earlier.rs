//! Learns in memory how a package was released before a release that is asked about. Nothing is recorded.

use futures::{StreamExt, TryStreamExt, stream};

use super::{
    assess::in_memory_history::InMemoryHistory, examination::Examination, judge::reasons::unchecked, turn,
    verify::Verification,
};
use crate::{
    baseline::learn,
    model::{Baseline, Observation, Package, ReleaseStatus},
    registry::RegistryRelease,
    store::StoreError,
};

/// Of how many releases it learns: as many attestations are fetched while a user waits.
const LEARNED: usize = 30;

/// What was learned.
#[derive(Debug)]
pub struct Earlier {
    /// The baseline.
    pub baseline: Baseline,
    /// The releases, for what lies around a later one.
    pub history: InMemoryHistory,
    /// The number of releases that the baseline includes.
    pub learned: usize,
}

impl Earlier {
    /// Nothing.
    pub fn nothing(package: &Package) -> Self {
        Self { baseline: Baseline::empty(package.clone()), history: InMemoryHistory::default(), learned: 0 }
    }

    /// Learns from the last of these releases that were published before another one, as a history is learned: not from
    /// removed ones, nor from those whose evidence is invalid or cannot be had.
    ///
    /// # Errors
    /// The store failed.
    pub async fn than(
        release: &Observation,
        mut others: Vec<RegistryRelease>,
        verification: &Verification,
        subject: &Examination<'_>,
    ) -> Result<Self, StoreError> {
        others.retain(|other| other.published_at < release.published_at && other.id != release.purl);
        others.sort_by(|one, other| one.published_at.cmp(&other.published_at).then_with(|| one.id.cmp(&other.id)));
        let old = others.len().saturating_sub(LEARNED);
        subject.turn.begin_history();
        let observed = stream::iter(others.split_off(old))
            .map(|other| verification.observe(subject, other))
            .buffered(turn::AT_ONCE);
        let mut earlier = Self::nothing(subject.package);
        for other in observed.try_collect::<Vec<Observation>>().await? {
            earlier.add(&other);
        }
        Ok(earlier)
    }

    fn add(&mut self, other: &Observation) {
        let is_odd = |why: &String| other.unread.reasons().any(|reason| reason == why);
        let is_known = unchecked(other).iter().all(is_odd) && !other.unread.hides_evidence();
        let is_usual = is_known && !other.has_invalid() && other.status == ReleaseStatus::Published;
        if is_usual {
            learn(&mut self.baseline, other);
            self.learned += 1;
        }
        self.history.add(other, is_usual);
    }
}

//! The evidence ranks of stored releases, each read once.

use std::collections::HashMap;

use crate::{
    baseline,
    model::{EvidenceRank, ReleaseId, is_same},
    store::{Store, StoreError},
};

/// The evidence ranks of releases.
pub(crate) struct Ranks<'a> {
    store: &'a Store,
    known: HashMap<ReleaseId, Option<Option<EvidenceRank>>>,
}

/// Whether a release comes with evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Evidence {
    Without,
    Unknown,
    With,
}

impl<'a> Ranks<'a> {
    /// Of the releases of a store.
    pub fn of(store: &'a Store) -> Self {
        Self { store, known: HashMap::new() }
    }

    /// The rank of a release, if its evidence is known; `None`: provwatch does not have the release. Lock files may spell its
    /// version in another way.
    pub fn stored(&mut self, release: &ReleaseId) -> Result<Option<Option<EvidenceRank>>, StoreError> {
        if let Some(known) = self.known.get(release) {
            return Ok(*known);
        }
        let mut row = self.store.release(release)?;
        if row.is_none() {
            let versions = self.store.version_states(release.package())?;
            let other = versions.keys().map(|version| release.package().at(version.as_str()));
            if let Some(same) = other.into_iter().find(|other| is_same(other, release)) {
                row = self.store.release(&same)?;
            }
        }
        let rank = row.map(|row| row.observation.as_ref().and_then(baseline::rank));
        self.known.insert(release.clone(), rank);
        Ok(rank)
    }

    /// Whether a release comes with evidence.
    pub(super) fn evidence(&mut self, release: &ReleaseId) -> Result<Evidence, StoreError> {
        Ok(match self.stored(release)?.flatten() {
            None => Evidence::Unknown,
            Some(EvidenceRank::None) => Evidence::Without,
            Some(_) => Evidence::With,
        })
    }
}

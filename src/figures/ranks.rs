//! The evidence ranks of stored releases, each read once.

use std::collections::HashMap;

use crate::{
    baseline,
    model::{EvidenceRank, ReleaseId, is_same},
    store::{ReleaseRow, Store, StoreError},
};

/// The evidence ranks of releases.
pub(crate) struct Ranks<'a> {
    store: &'a Store,
    known: HashMap<ReleaseId, Stored>,
}

/// What the store has of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// Nothing.
    Nothing,
    /// The release, whose evidence could not be read.
    Unranked,
    /// The release, with the rank of its evidence.
    Ranked(EvidenceRank),
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

    /// What the store has of a release. Lock files may spell its version in another way.
    pub fn stored(&mut self, release: &ReleaseId) -> Result<Stored, StoreError> {
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
        let ranked = |row: ReleaseRow| row.observation.as_ref().and_then(baseline::rank);
        let stored = row.map_or(Stored::Nothing, |row| ranked(row).map_or(Stored::Unranked, Stored::Ranked));
        self.known.insert(release.clone(), stored);
        Ok(stored)
    }

    /// Whether a release comes with evidence.
    pub(super) fn evidence(&mut self, release: &ReleaseId) -> Result<Evidence, StoreError> {
        Ok(match self.stored(release)? {
            Stored::Nothing | Stored::Unranked => Evidence::Unknown,
            Stored::Ranked(EvidenceRank::None) => Evidence::Without,
            Stored::Ranked(_) => Evidence::With,
        })
    }
}

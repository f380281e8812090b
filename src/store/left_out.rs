//! Finds the data that a registry leaves out of its newest releases.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Store, StoreError, columns::Micros, packed::Packed, sealed::RELEASES};
use crate::model::{Aspect, Observation, RegistryKey};

/// How many of the releases that were recorded last are examined.
const NEWEST: u32 = 200;
/// How many of them are examined for whether it is still left out.
const LATEST: usize = 10;

/// A field that the documents of a registry leave out of its newest releases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The field.
    pub aspect: Aspect,
    /// How many releases lack it.
    pub releases: u64,
    /// How many releases were examined.
    pub of: u64,
    /// How many packages lack it.
    pub packages: u64,
    /// Whether one of the releases that were recorded last lacks it: a mirror may have been repaired.
    pub still: bool,
    /// Whether the public registry has it for no release either.
    pub by_design: bool,
}

impl Store {
    /// The fields that the documents of a registry, or of its mirror, leave out of the releases that were recorded
    /// last, of those published `since`. Empty where none is left out.
    ///
    /// # Errors
    /// As every read.
    pub fn left_out(&self, registry: impl Into<RegistryKey>, since: DateTime<Utc>) -> Result<Vec<LeftOut>, StoreError> {
        let registry = registry.into();
        let ecosystem = registry.ecosystem();
        let mut newest: Vec<Observation> = self.read("reading what a registry leaves out", |db| {
            let sql = "SELECT observation, {row} FROM releases
                 WHERE package >= ?1 AND package < ?2 AND published_at >= ?3 AND observation IS NOT NULL
                   AND (package LIKE '%?repository_url=%') = ?5
                 ORDER BY id DESC LIMIT ?4";
            // Purls of an ecosystem are between `pkg:npm/` and `pkg:npm0`, the character after the slash.
            let (from, past) = (format!("pkg:{ecosystem}/"), format!("pkg:{ecosystem}0"));
            db.rows(&RELEASES, sql, (from, past, Micros(since), NEWEST, !registry.is_public()), |row| {
                row.get::<_, Packed<Observation>>(0).map(|Packed(observation)| observation)
            })
        })?;
        newest.retain(|seen| seen.purl.package().is_of(&registry));
        Ok(counted(&registry, &newest))
    }
}

/// It is unknown which fields a private registry could give.
fn counted(registry: &RegistryKey, newest: &[Observation]) -> Vec<LeftOut> {
    let looked_at: Vec<_> = newest.iter().filter_map(|seen| Some((seen, seen.untold.as_ref()?))).collect();
    let mut by_aspect: BTreeMap<Aspect, (u64, BTreeSet<&str>)> = BTreeMap::new();
    for (seen, untold) in &looked_at {
        for aspect in *untold {
            let (releases, packages) = by_aspect.entry(*aspect).or_default();
            *releases += 1;
            packages.insert(seen.purl.package().name());
        }
    }
    let latest = &looked_at[..looked_at.len().min(LATEST)];
    let left_out = by_aspect.into_iter().map(|(aspect, (releases, packages))| LeftOut {
        aspect,
        releases,
        of: looked_at.len() as u64,
        packages: packages.len() as u64,
        still: latest.iter().any(|(_, untold)| untold.contains(&aspect)),
        by_design: !registry.is_public() || !registry.ecosystem().tells(aspect),
    });
    left_out.collect()
}

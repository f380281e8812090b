//! The content of a project: the exact releases of all its files together.

use std::collections::BTreeMap;

use super::listed::{Entry, Listed, Skipped};
use crate::model::{Locked, ReleaseId};

/// Most releases of a project.
const MAX_RELEASES: usize = 100_000;

/// Most digests of a release: some have a file for each platform.
const MAX_DIGESTS: usize = 64;

/// What a project locks, by all of its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// The releases, each once, in order.
    pub locked: Vec<Locked>,
    /// Entries that are not part of the inventory, each with the reason.
    pub skipped: Vec<Skipped>,
}

/// A project that is larger than any honest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the files of the project lock more than {MAX_RELEASES} releases; divide it into several projects")]
pub struct TooLarge;

impl Content {
    /// The content of these files.
    ///
    /// # Errors
    /// It is too large.
    pub(crate) fn of(files: impl IntoIterator<Item = Listed>) -> Result<Self, TooLarge> {
        let mut releases = BTreeMap::<ReleaseId, Locked>::new();
        let mut skipped = Vec::new();
        for file in files {
            skipped.extend(file.skipped);
            for entry in file.entries {
                match locked(entry) {
                    Ok(locked) => add(&mut releases, locked),
                    Err(one) => skipped.push(one),
                }
            }
            if releases.len() > MAX_RELEASES {
                return Err(TooLarge);
            }
        }
        Ok(Self { locked: releases.into_values().collect(), skipped })
    }
}

fn locked(entry: Entry) -> Result<Locked, Skipped> {
    let Entry { package, version, place, digests, vex, reachability } = entry;
    let Some(version) = version else {
        return Err(Skipped::new(&package.to_string(), "not locked to one version"));
    };
    Ok(Locked { release: package.at(version), place, digests, vex, reachability })
}

/// Adds a release. What is there several times is as important as its most important place.
fn add(releases: &mut BTreeMap<ReleaseId, Locked>, new: Locked) {
    let Some(known) = releases.get_mut(&new.release) else {
        let mut new = new;
        new.digests.truncate(MAX_DIGESTS);
        releases.insert(new.release.clone(), new);
        return;
    };
    known.place = std::mem::take(&mut known.place).or_better(new.place);
    known.vex = first(known.vex, new.vex);
    known.reachability = first(known.reachability, new.reachability);
    let others = new.digests.into_iter().filter(|digest| !known.digests.contains(digest));
    let others: Vec<_> = others.take(MAX_DIGESTS.saturating_sub(known.digests.len())).collect();
    known.digests.extend(others);
}

/// The first in order of those that are known.
fn first<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    one.into_iter().chain(other).min()
}

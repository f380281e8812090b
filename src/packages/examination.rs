//! The package under examination: its stored state, and the news in its document.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    settings::Settings,
    turn::{self, Turn},
};
use crate::{
    model::{Observation, Package, ReleaseId, files_fingerprint},
    registry::{Known, Registry, RegistryRelease},
    store::{Outcome, PackageRow, VersionState},
    upkeep::WallClock,
};

/// How many of a package's latest releases are looked at.
pub const LATEST_RELEASES: usize = 500;

/// What looking at a package came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// Releases recorded.
    pub releases: usize,
    /// Of these, how many raised an alert, or its severity.
    pub alerts: usize,
    /// Of which could not be checked whole.
    pub unchecked: usize,
    /// Releases of which something is still to be read in the turns that follow.
    pub pending: usize,
}

/// What is stored of the package that is looked at.
pub struct Examination<'a> {
    pub package: &'a Package,
    pub registry: &'a dyn Registry,
    pub row: Option<PackageRow>,
    pub stored: BTreeMap<String, VersionState>,
    pub now: DateTime<Utc>,
    pub turn: &'a Turn,
    /// Whether a feed announced something of it.
    pub is_announced: bool,
    /// What was published before this is history: [`history_ends`].
    pub history_ends: DateTime<Utc>,
}

/// Until when a package's releases are its history: a while before it was first seen, or, if it is seen for the first time
/// `now`, before the time as others have it.
pub fn history_ends(
    row: Option<&PackageRow>,
    now: DateTime<Utc>,
    wall_clock: &WallClock,
    settings: &Settings,
) -> DateTime<Utc> {
    let first_seen = row.map(|row| row.first_seen.min(now));
    first_seen.unwrap_or_else(|| wall_clock.corrected(now)) - settings.judge_since
}

/// Whether what a package did before is known when a release is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// As far as it can be.
    Read,
    /// It is being read; the release is judged again when that is done.
    Unread,
}

impl Examination<'_> {
    pub fn first_sight(&self) -> bool {
        self.row.as_ref().is_none_or(|row| row.backfilled_at.is_none())
    }

    /// Whether the first look is over, and its history is still being read.
    pub fn is_between_portions(&self) -> bool {
        self.row.as_ref().is_some_and(|row| row.backfilled_at.is_none() && row.history.is_some())
    }

    /// Whether the document is asked for whole though it may not have changed: of a registry without a feed nothing else
    /// would ever show that its validators stay while its documents change. The first look of a day is enough.
    pub fn is_asked_whole(&self) -> bool {
        let is_new_day = |at: DateTime<Utc>| at.date_naive() != self.now.date_naive();
        !self.package.is_public() && self.row.as_ref().and_then(|row| row.checked_at).is_none_or(is_new_day)
    }

    /// Versions that need not be described again: stored, readable, and not waiting for another look.
    pub fn settled(&self) -> Known {
        let settled = |stored: &VersionState| stored.outcome != Outcome::Unreadable && !self.is_due(stored);
        let settled = self.stored.iter().filter(|(_, stored)| settled(stored));
        settled.map(|(version, stored)| (version.clone(), stored.files.clone())).collect()
    }

    /// Versions whose evidence is to be asked for again now.
    pub fn due(&self) -> impl Iterator<Item = &str> {
        self.stored.iter().filter(|(_, stored)| self.is_due(stored)).map(|(version, _)| version.as_str())
    }

    pub fn is_due(&self, stored: &VersionState) -> bool {
        stored.recheck_at.is_some_and(|at| at <= self.now)
    }

    /// Whether a described release brings something that is not stored yet: itself in a readable form, another file, or
    /// another look at evidence that could not be had.
    pub fn is_news(&self, release: &RegistryRelease) -> bool {
        self.stored.get(release.id.version()).is_none_or(|stored| {
            stored.outcome == Outcome::Unreadable
                || self.is_due(stored)
                || stored.files != files_fingerprint(&release.files)
        })
    }

    /// Whether a release is to be looked at whatever its files are: for the first time, again, or because it could not be read.
    pub fn is_awaited(&self, release: &ReleaseId) -> bool {
        let stored = self.stored.get(release.version());
        stored.is_none_or(|stored| stored.outcome == Outcome::Unreadable || self.is_due(stored))
    }

    /// Whether a release was checked whole, has no new file, and is looked at again for what is around it.
    pub fn is_only_due(&self, release: &Observation) -> bool {
        self.stored.get(release.purl.version()).is_some_and(|stored| {
            let was_whole = stored.unchecked.is_empty() && stored.outcome != Outcome::Unreadable;
            was_whole && self.is_due(stored) && stored.files == files_fingerprint(&release.files)
        })
    }

    /// Whether the baseline has learned from a release.
    pub fn has_taught(&self, release: &ReleaseId) -> bool {
        self.stored.get(release.version()).is_some_and(|stored| stored.in_baseline)
    }

    /// How often a release was looked at in vain.
    pub fn attempts(&self, release: &ReleaseId) -> u32 {
        self.attempts_at(release.version())
    }

    pub fn attempts_at(&self, version: &str) -> u32 {
        let waiting = self.stored.get(version).filter(|stored| stored.recheck_at.is_some());
        // A look that goes on is the same look.
        waiting.map_or(0, |stored| stored.attempts + u32::from(!turn::is_pending(&stored.unchecked)))
    }

    /// Whether the look at a release began in an earlier turn and is not over.
    pub fn goes_on(&self, release: &ReleaseId) -> bool {
        self.stored.get(release.version()).is_some_and(|stored| turn::is_pending(&stored.unchecked))
    }

    /// Whether a release, or a file of it, was never judged.
    pub fn is_unseen(&self, release: &RegistryRelease) -> bool {
        let stored = self.stored.get(release.id.version());
        stored.is_none_or(|stored| stored.files != files_fingerprint(&release.files))
    }
}

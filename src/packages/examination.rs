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

/// How many of a package's latest releases are considered.
pub const LATEST_RELEASES: usize = 500;

/// The result of checking a package.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// Releases recorded.
    pub releases: usize,
    /// How many of these raised an alert, or raised its severity.
    pub alerts: usize,
    /// How many of these could not be fully checked.
    pub unchecked: usize,
    /// Releases whose remaining evidence the following turns read.
    pub pending: usize,
}

/// The stored state of the package that is being checked.
pub struct Examination<'a> {
    pub package: &'a Package,
    pub registry: &'a dyn Registry,
    pub row: Option<PackageRow>,
    pub stored: BTreeMap<String, VersionState>,
    pub now: DateTime<Utc>,
    pub turn: &'a Turn,
    /// Whether a feed announced a change of it.
    pub is_announced: bool,
    /// Releases that were published before this are history: [`history_ends`].
    pub history_ends: DateTime<Utc>,
}

/// The end of a package's history: a while before it was first seen, or, if it is first seen `now`, before the
/// corrected time.
pub fn history_ends(
    row: Option<&PackageRow>,
    now: DateTime<Utc>,
    wall_clock: &WallClock,
    settings: &Settings,
) -> DateTime<Utc> {
    let first_seen = row.map(|row| row.first_seen.min(now));
    first_seen.unwrap_or_else(|| wall_clock.corrected(now)) - settings.judge_since
}

/// Whether the package's history is known when a release is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// It is read, as far as it can be.
    Read,
    /// It is being read; the release is judged again afterwards.
    Unread,
}

impl Examination<'_> {
    pub fn first_sight(&self) -> bool {
        self.row.as_ref().is_none_or(|row| row.backfilled_at.is_none())
    }

    /// Whether the first check is over, and the history is still being read.
    pub fn is_between_portions(&self) -> bool {
        self.row.as_ref().is_some_and(|row| row.backfilled_at.is_none() && row.history.is_some())
    }

    /// Whether the document is requested unconditionally: without a feed, nothing else would show that the registry
    /// keeps its validators while its documents change. The first check of a day is enough.
    pub fn is_asked_whole(&self) -> bool {
        let is_new_day = |at: DateTime<Utc>| at.date_naive() != self.now.date_naive();
        !self.package.is_public() && self.row.as_ref().and_then(|row| row.checked_at).is_none_or(is_new_day)
    }

    /// Versions that need no new description: stored, readable, and not due for a re-check.
    pub fn settled(&self) -> Known {
        let settled = |stored: &VersionState| stored.outcome != Outcome::Unreadable && !self.is_due(stored);
        let settled = self.stored.iter().filter(|(_, stored)| settled(stored));
        settled.map(|(version, stored)| (version.clone(), stored.files.clone())).collect()
    }

    /// Versions whose evidence is due to be requested again.
    pub fn due(&self) -> impl Iterator<Item = &str> {
        self.stored.iter().filter(|(_, stored)| self.is_due(stored)).map(|(version, _)| version.as_str())
    }

    pub fn is_due(&self, stored: &VersionState) -> bool {
        stored.recheck_at.is_some_and(|at| at <= self.now)
    }

    /// Whether a described release has something that is not stored yet: the release itself in a readable form, another
    /// file, or a due re-check of unavailable evidence.
    pub fn is_news(&self, release: &RegistryRelease) -> bool {
        self.stored.get(release.id.version()).is_none_or(|stored| {
            stored.outcome == Outcome::Unreadable
                || self.is_due(stored)
                || stored.files != files_fingerprint(&release.files)
        })
    }

    /// Whether a release is checked whatever its files are: for the first time, as a re-check, or because it could not
    /// be read.
    pub fn is_awaited(&self, release: &ReleaseId) -> bool {
        let stored = self.stored.get(release.version());
        stored.is_none_or(|stored| stored.outcome == Outcome::Unreadable || self.is_due(stored))
    }

    /// Whether a release was fully checked, has no new file, and is re-checked for its release context.
    pub fn is_only_due(&self, release: &Observation) -> bool {
        self.stored.get(release.purl.version()).is_some_and(|stored| {
            let was_whole = stored.unchecked.is_empty() && stored.outcome != Outcome::Unreadable;
            was_whole && self.is_due(stored) && stored.files == files_fingerprint(&release.files)
        })
    }

    /// Whether the baseline includes a release.
    pub fn has_taught(&self, release: &ReleaseId) -> bool {
        self.stored.get(release.version()).is_some_and(|stored| stored.in_baseline)
    }

    /// How many checks of a release failed.
    pub fn attempts(&self, release: &ReleaseId) -> u32 {
        self.attempts_at(release.version())
    }

    pub fn attempts_at(&self, version: &str) -> u32 {
        let waiting = self.stored.get(version).filter(|stored| stored.recheck_at.is_some());
        // A check that continues counts once.
        waiting.map_or(0, |stored| stored.attempts + u32::from(!turn::is_pending(&stored.unchecked)))
    }

    /// Whether the check of a release began in an earlier turn and is not over.
    pub fn goes_on(&self, release: &ReleaseId) -> bool {
        self.stored.get(release.version()).is_some_and(|stored| turn::is_pending(&stored.unchecked))
    }

    /// Whether a release, or a file of it, was never judged.
    pub fn is_unseen(&self, release: &RegistryRelease) -> bool {
        let stored = self.stored.get(release.id.version());
        stored.is_none_or(|stored| stored.files != files_fingerprint(&release.files))
    }
}

//! Bounds the publish times that a registry claims. The time of a release is a statement in a document: it may be
//! wrong, and an attacker who can choose it must gain nothing. Releases that were there at the first check of a package
//! are history; later ones are judged, whatever time they claim, and their time is bounded by what provwatch saw
//! itself.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    clock::{horizon, past},
    model::{Observation, files_fingerprint},
    packages::examination::Examination,
    registry::RegistryRelease,
    store::{Outcome, VersionState},
    text::minute_utc,
};

/// The most that a registry's clock may be ahead of ours.
const AHEAD: TimeDelta = TimeDelta::hours(1);
/// The most that the caches in front of a registry may hide a release, which is longer than they ever do.
const LAG: TimeDelta = TimeDelta::days(1);

/// The possible times of a release that was not there at the last check of its package.
struct Bounds {
    /// The last check, minus the time that caches may hide a release. `None`: there was no check yet, and any release
    /// may have been there.
    earliest: Option<DateTime<Utc>>,
    latest: DateTime<Utc>,
    now: DateTime<Utc>,
}

impl Bounds {
    /// `may_be_older`: it may have been there at the first check, whose history is still being read.
    fn of(subject: &Examination<'_>, may_be_older: bool) -> Self {
        let row = subject.row.as_ref().filter(|row| row.backfilled_at.is_some() || !may_be_older);
        let last_look = past(row.and_then(|row| row.checked_at), subject.now);
        let earliest = last_look.and_then(|at| at.checked_sub_signed(LAG));
        Self { earliest, latest: horizon(subject.now, AHEAD), now: subject.now }
    }

    fn hold(&self, at: DateTime<Utc>) -> bool {
        at <= self.latest && self.earliest.is_none_or(|earliest| at >= earliest)
    }
}

/// Replaces impossible times: for a release that is new to us with the time of this check, for a stored one with the
/// stored time; `before` has those, by version. The registry's claim stays in `claimed_at`.
pub fn bound_times(
    subject: &Examination<'_>,
    before: &BTreeMap<String, Observation>,
    releases: &mut [RegistryRelease],
) {
    for release in releases {
        let version = release.id.version();
        let stored = subject.stored.contains_key(version);
        let was_there = subject.row.as_ref().is_none_or(|row| row.may_be_history(version));
        let bounds = Bounds::of(subject, was_there && !stored);
        match before.get(version) {
            Some(before) => bound_stored(release, before, &bounds),
            None if stored => bound_new(release, &Bounds { earliest: None, ..bounds }),
            None => bound_new(release, &bounds),
        }
        if let Some(claimed_at) = release.claimed_at {
            tracing::warn!(release = %release.id, %claimed_at, taken = %release.published_at, "its publish time cannot be");
        }
    }
}

/// Whether a release belongs to the history of a package before it was watched. After the first check these are only
/// releases that were stored then: re-checked because their evidence was unavailable, or readable now. Until then a
/// history is read in portions, and only releases that the first check found are part of it: not a release or a file
/// that is added meanwhile.
pub fn is_history(subject: &Examination<'_>, release: &RegistryRelease) -> bool {
    if release.facts.replaced.is_some() {
        return false;
    }
    let is_old = last_change(release) < subject.history_ends;
    let stored = subject.stored.get(release.id.version());
    let row = subject.row.as_ref();
    let Some(backfilled_at) = row.and_then(|row| row.backfilled_at) else {
        let was_there = row.is_none_or(|row| row.may_be_history(release.id.version()));
        return is_old && was_there && !stored.is_some_and(|stored| is_changed(stored, release));
    };
    is_old && stored.is_some_and(|stored| stored.observed_at <= backfilled_at && !is_changed(stored, release))
}
/// Whether a stored release has different files than before, if those could be read.
fn is_changed(stored: &VersionState, release: &RegistryRelease) -> bool {
    let was_never_read = stored.outcome == Outcome::Unreadable && stored.files == files_fingerprint(&[]);
    !was_never_read && stored.files != files_fingerprint(&release.files)
}

/// The last time the publisher changed the release: a file that is added late counts, however old the release.
fn last_change(release: &RegistryRelease) -> DateTime<Utc> {
    release.files.iter().filter_map(|file| file.uploaded_at).fold(release.published_at, DateTime::max)
}

fn bound_new(release: &mut RegistryRelease, bounds: &Bounds) {
    if !bounds.hold(release.published_at) {
        release.claimed_at = Some(release.published_at);
        release.published_at = bounds.now;
    }
    for file in &mut release.files {
        file.uploaded_at = file.uploaded_at.map(|at| if bounds.hold(at) { at } else { bounds.now });
    }
}

/// A release does not get older. A file that it did not have came since the last check.
fn bound_stored(release: &mut RegistryRelease, before: &Observation, bounds: &Bounds) {
    let said = release.published_at;
    if said < before.published_at || said > bounds.latest {
        release.published_at = before.published_at;
        let is_far = said > bounds.latest || before.published_at - said > LAG;
        release.claimed_at = is_far.then_some(said);
    }
    for file in &mut release.files {
        let Some(at) = file.uploaded_at else { continue };
        let known = before.files.iter().find(|known| known.name == file.name).and_then(|known| known.uploaded_at);
        let is_plausible = if known.is_some() { at <= bounds.latest } else { bounds.hold(at) };
        if !is_plausible {
            release.claimed_at.get_or_insert(at);
            file.uploaded_at = Some(known.unwrap_or(bounds.now));
        }
    }
}

/// The sentence of an alert about an impossible time.
pub fn unusual_time(claimed_at: DateTime<Utc>, taken: DateTime<Utc>) -> String {
    format!(
        " Its time is unusual: the registry says {}, which cannot be, for it was not there at the last look or lies ahead; it \
         is taken as of {}.",
        minute_utc(claimed_at),
        minute_utc(taken)
    )
}

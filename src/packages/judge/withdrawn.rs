//! Finds the normal versions that were yanked or unpublished within a day of a release with a token.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::{AuthMethod, Observation, ReleaseStatus},
    packages::examination::Examination,
    store::{Outcome, Store, StoreError, VersionState},
};

/// How long before or after the release a withdrawal belongs to it.
const NEAR: TimeDelta = TimeDelta::days(1);

/// Most versions that a release names.
const MOST: usize = 200;

/// The older, normal versions that may have been withdrawn within a day of a release with a token, each with its publish
/// time. The feed of crates.io does not announce withdrawals: one happened at some time since the check before. An outage
/// of provwatch delays both sights, so that the first sight of the release counts like its publication.
///
/// # Errors
/// The store failed.
pub fn withdrawn_beside(
    store: &Store,
    release: &Observation,
    seen_at: DateTime<Utc>,
) -> Result<Option<BTreeMap<String, DateTime<Utc>>>, StoreError> {
    if release.auth.method != AuthMethod::Token {
        return Ok(None);
    }
    let at = release.published_at;
    let seen = store.withdrawals(release.purl.package(), at - NEAR, at.max(seen_at) + NEAR)?;
    let older = seen.into_iter().filter(|(version, then)| version != release.purl.version() && *then < at);
    let withdrawn: BTreeMap<_, _> = older.take(MOST).collect();
    Ok(Some(withdrawn).filter(|withdrawn| !withdrawn.is_empty()))
}

/// Notes that a version was withdrawn, if it was normal, or restored. Returns whether it was withdrawn.
///
/// # Errors
/// The store failed.
pub fn note(
    store: &Store,
    subject: &Examination<'_>,
    version: &str,
    status: ReleaseStatus,
) -> Result<bool, StoreError> {
    let release = subject.package.at(version);
    match status {
        ReleaseStatus::Published => store.forget_withdrawal(&release)?,
        ReleaseStatus::Yanked | ReleaseStatus::Unpublished if subject.stored.get(version).is_some_and(was_normal) => {
            let published_at = store.release(&release)?.and_then(|row| row.published_at);
            if let Some(published_at) = published_at {
                store.note_withdrawal(&release, published_at, (last_check(subject), subject.now))?;
                return Ok(true);
            }
        }
        ReleaseStatus::Yanked | ReleaseStatus::Unpublished | ReleaseStatus::Quarantined => {}
    }
    Ok(false)
}

fn was_normal(stored: &VersionState) -> bool {
    stored.status == ReleaseStatus::Published && matches!(stored.outcome, Outcome::Learned | Outcome::Clean)
}

/// The check before this one.
fn last_check(subject: &Examination<'_>) -> DateTime<Utc> {
    subject.row.as_ref().and_then(|row| row.checked_at).map_or(subject.now, |at| at.min(subject.now))
}

/// Has the releases of the last day before the check before judged again, beside the versions that were withdrawn since.
///
/// # Errors
/// The store failed.
pub fn judge_again(
    store: &Store,
    subject: &Examination<'_>,
    is_there: impl Fn(&str) -> bool,
) -> Result<(), StoreError> {
    let is_recent = |stored: &VersionState| {
        last_check(subject) - stored.observed_at <= NEAR
            && !matches!(stored.outcome, Outcome::Learned | Outcome::Unreadable)
    };
    for (version, _) in subject.stored.iter().filter(|(version, stored)| is_recent(stored) && is_there(version)) {
        store.judge_again(&subject.package.at(version.as_str()), subject.now)?;
    }
    Ok(())
}

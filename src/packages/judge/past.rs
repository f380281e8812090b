//! Queries about the stored releases before a given one.

use chrono::{DateTime, Utc};

use crate::{
    model::{ReleaseId, ReleaseStatus},
    packages::examination::Examination,
    store::{Store, StoreError},
};

/// The last release before a given one that is known to be normal and can still be installed.
pub fn last_good(store: &Store, release: &ReleaseId, until: DateTime<Utc>) -> Result<Option<ReleaseId>, StoreError> {
    let before = store.normal_before(release, until)?;
    Ok(before.filter(|row| row.status == ReleaseStatus::Published).map(|row| row.purl))
}

/// Whether a release that cannot be read was never readable and existed before the package was watched. Old documents
/// have many of those, and a release that became unreadable now was not published now.
pub fn is_old_oddity(store: &Store, subject: &Examination<'_>, release: &ReleaseId) -> Result<bool, StoreError> {
    let Some(row) = &subject.row else { return Ok(true) };
    let Some(backfilled_at) = row.backfilled_at else { return Ok(row.may_be_history(release.version())) };
    let stored = store.release(release)?;
    Ok(stored.is_some_and(|row| row.observation.is_none() && row.observed_at <= backfilled_at))
}

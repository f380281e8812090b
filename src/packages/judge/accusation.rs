//! Reads the open alert that a release has already raised.

use crate::{
    model::{Alert, AlertStatus, Fingerprint, ReleaseId},
    store::{Store, StoreError},
};

/// The alert that a release raised, unless it is settled.
///
/// # Errors
/// The store cannot be read.
pub fn accusation(store: &Store, release: &ReleaseId) -> Result<Option<Alert>, StoreError> {
    let raised = raised(store, release)?;
    Ok(raised.and_then(|(alert, settled)| (!settled).then_some(alert)))
}

/// The alert that a release raised, and whether it is settled: resolved, or acknowledged for a release that the
/// operator accepted. A later finding about such a release reopens its alert.
///
/// # Errors
/// The store cannot be read.
pub fn raised(store: &Store, release: &ReleaseId) -> Result<Option<(Alert, bool)>, StoreError> {
    let Some(alert) = store.alert(&Fingerprint::of_release(release))? else { return Ok(None) };
    let settled = match alert.status {
        AlertStatus::Resolved => true,
        AlertStatus::Acknowledged => store.acceptance(release)?.is_some(),
        AlertStatus::Open | AlertStatus::Snoozed => false,
    };
    Ok(Some((alert, settled)))
}

//! Finds the open alert that an alert repeats.

use crate::{
    detect::{Alerted, repeats},
    model::{Alert, AlertId, AlertStatus, Observation},
    store::{Store, StoreError},
};

/// Most open alerts of a package that an alert is compared with, the latest first.
pub const COMPARED: usize = 20;

/// The open alert that an alert about a release repeats. `None`: the alert tells something new, or was announced before.
///
/// # Errors
/// The store cannot be read.
pub fn repeated_by(store: &Store, release: &Observation, alert: &Alert) -> Result<Option<AlertId>, StoreError> {
    if store.alert(&alert.fingerprint)?.is_some_and(|own| own.repeats.is_none()) {
        return Ok(None);
    }
    for known in store.repeatable_alerts(release.purl.package(), COMPARED)? {
        if is_settled(store, &known)? {
            continue;
        }
        let row = known.purl.as_ref().map(|purl| store.release(purl)).transpose()?.flatten();
        let Some(before) = row.and_then(|row| row.observation) else { continue };
        if repeats(Alerted { alert: &known, release: &before }, Alerted { alert, release }) {
            return Ok(Some(known.id));
        }
    }
    Ok(None)
}

/// Whether an operator made the release of an acknowledged alert normal: that alert is no longer theirs to watch.
fn is_settled(store: &Store, known: &Alert) -> Result<bool, StoreError> {
    let Some(release) = known.purl.as_ref().filter(|_| known.status == AlertStatus::Acknowledged) else {
        return Ok(false);
    };
    Ok(store.acceptance(release)?.is_some())
}

//! The open alerts by the packages that they are about.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::{
    model::{Alert, AlertStatus, Package},
    store::{AlertFilter, Store, StoreError},
};

/// The open alerts about packages. Those of a campaign are alerts of their own.
pub(crate) fn open_alerts(store: &Store, now: DateTime<Utc>) -> Result<BTreeMap<Package, Vec<Alert>>, StoreError> {
    let open = AlertFilter {
        status: Some(AlertStatus::Open),
        by_clock: Some(now),
        limit: usize::MAX,
        ..AlertFilter::default()
    };
    let mut by_package = BTreeMap::<Package, Vec<Alert>>::new();
    for alert in store.alerts(&open)? {
        if let Some(package) = alert.of_package().cloned() {
            by_package.entry(package).or_default().push(alert);
        }
    }
    Ok(by_package)
}

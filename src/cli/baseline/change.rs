//! Changes a baseline while a daemon is running.

use crate::{
    cli::{context::Context, exit::CliError},
    model::Package,
    store::{BaselineChange, Store, StoreError, StoredBaseline},
};

/// How often a change is tried again when the daemon wrote first.
pub(super) const TRIES: usize = 5;

/// Changes a baseline beside a daemon that may change it too: after a change by another writer it is read again. Gives
/// the number of added steps; `None` where `change` finds nothing to do.
pub(super) fn change(
    store: &Store,
    package: &Package,
    change: impl Fn(StoredBaseline) -> Option<BaselineChange>,
) -> Result<Option<usize>, CliError> {
    let mut tries = 1;
    loop {
        let Some(change) = change(store.baseline(package)?) else { return Ok(None) };
        match store.change_baseline(&change, Context::clock().now()) {
            Err(StoreError::BaselineMoved { .. }) if tries < TRIES => tries += 1,
            changed => return Ok(Some(changed?)),
        }
    }
}

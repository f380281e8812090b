//! Gathers the health snapshot from outside the daemon.

use chrono::{DateTime, Utc};

use crate::{
    app,
    cli::{context::Context, exit::CliError, on_disk::OnDisk},
    daemon::lock_state,
    health::Snapshot,
    store::Store,
    upkeep,
};

/// The health of provwatch, as the daemon sees it too, and whether a daemon runs.
///
/// # Errors
/// The store cannot be read.
pub fn snapshot(context: &Context, store: &Store, now: DateTime<Utc>) -> Result<Snapshot, CliError> {
    let watchlist = context.watchlist().ok();
    let runner = upkeep::runner(store, lock_state(store.path()))?;
    let setup = app::setup(&context.config);
    let mut snapshot = upkeep::snapshot(store, &setup, watchlist.as_ref(), runner, now)?;
    let on_disk = OnDisk::of(context).look();
    snapshot.watchlist = on_disk.watchlist;
    snapshot.configuration = on_disk.configuration;
    snapshot.trust_files = on_disk.trust;
    Ok(snapshot)
}

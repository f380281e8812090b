//! Checks the database for damage beside the daemon's loops.

use std::{sync::Arc, time::Duration};

use super::TaskError;
use crate::{
    clock::Clock,
    store::{Store, StoreError},
    text::with_causes,
};

/// How often every row is compared with its checksum, also rows that are never read.
const LOOK_FOR_DAMAGE: chrono::TimeDelta = chrono::TimeDelta::days(1);
/// How soon the daemon ends when the whole file turns out to be damaged.
const DAMAGE_INTERVAL: Duration = Duration::from_secs(5);

/// Checks a database that was not closed, and every row once a day, beside the loops. Ends only when the whole file
/// turns out to be damaged; the work loop sets a damaged row aside.
pub(super) async fn damage(store: Arc<Store>, clock: Arc<dyn Clock>) -> TaskError {
    if let Err(error) = beside(&store, Store::check_if_suspect).await {
        return error;
    }
    let mut looked_at = None;
    loop {
        let now = clock.now();
        if looked_at.is_none_or(|at| now - at >= LOOK_FOR_DAMAGE) {
            looked_at = Some(now);
            if let Err(error) = beside(&store, Store::look_for_damage).await {
                tracing::error!("{}", with_causes(error.as_ref()));
            }
        }
        if let Some(error) = store.structural_damage() {
            return error.into();
        }
        clock.sleep(DAMAGE_INTERVAL).await;
    }
}

async fn beside(store: &Arc<Store>, look: fn(&Store) -> Result<(), StoreError>) -> Result<(), TaskError> {
    let store = Arc::clone(store);
    Ok(tokio::task::spawn_blocking(move || look(&store)).await??)
}

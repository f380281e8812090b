//! The loops that read what a CI leaves in folders: signed files about its runs, and lock files of projects.

use std::{sync::Arc, time::Duration};

use super::{
    TaskFactory,
    loops::{Context, rounds},
};

/// How often the daemon looks.
const INTERVAL: Duration = Duration::from_secs(5);

/// The name of the loop that reads signed files.
pub(super) const ALLOWED: &str = "allowed runs";
/// The name of the loop that reads lock files.
pub(super) const INVENTORY: &str = "inventory";

/// Reads signed files about the runs of one's own release workflow until the daemon stops.
pub(super) fn allowed(context: Context) -> TaskFactory {
    rounds(context, ALLOWED, INTERVAL, |context| Box::pin(async move { Ok(context.app.read_allowed_runs()?) }))
}

/// Reads the lock files of projects until the daemon stops, some at a time, beside the other loops: a large file takes seconds.
pub(super) fn inventory(context: Context) -> TaskFactory {
    rounds(context, INVENTORY, INTERVAL, |context| {
        Box::pin(async move {
            loop {
                let app = Arc::clone(&context.app);
                if !tokio::task::spawn_blocking(move || app.read_inventory()).await?? {
                    return Ok(());
                }
                context.health.heartbeat(INVENTORY, context.app.clock.steady());
            }
        })
    })
}

//! The loops that read what a CI leaves in folders, signed files about its runs and lock files of projects, and the loop
//! that counts what the projects use.

use std::{sync::Arc, time::Duration};

use super::{
    TaskFactory,
    loops::{Context, rounds},
};
use crate::{app::App, store::StoreError};

/// How often the daemon looks.
const INTERVAL: Duration = Duration::from_secs(5);
/// How often the daemon looks for projects to count.
const COUNT_INTERVAL: Duration = Duration::from_mins(1);

/// The name of the loop that reads signed files.
pub(super) const ALLOWED: &str = "allowed runs";
/// The name of the loop that reads lock files.
pub(super) const INVENTORY: &str = "inventory";
/// The name of the loop that counts.
pub(super) const FIGURES: &str = "figures";

/// Reads signed files about the runs of one's own release workflow until the daemon stops.
pub(super) fn allowed(context: Context) -> TaskFactory {
    rounds(context, ALLOWED, INTERVAL, |context| Box::pin(async move { Ok(context.app.read_allowed_runs()?) }))
}

/// Reads the lock files of projects until the daemon stops.
pub(super) fn inventory(context: Context) -> TaskFactory {
    steps(context, INVENTORY, INTERVAL, App::read_inventory)
}

/// Counts what projects use until the daemon stops.
pub(super) fn figures(context: Context) -> TaskFactory {
    steps(context, FIGURES, COUNT_INTERVAL, |app| app.counter.step())
}

/// Rounds of steps that take seconds, beside the other loops, until a step says that no other is due.
fn steps(
    context: Context,
    name: &'static str,
    interval: Duration,
    step: fn(&App) -> Result<bool, StoreError>,
) -> TaskFactory {
    rounds(context, name, interval, move |context| {
        Box::pin(async move {
            loop {
                let app = Arc::clone(&context.app);
                if !tokio::task::spawn_blocking(move || step(&app)).await?? {
                    return Ok(());
                }
                context.health.heartbeat(name, context.app.clock.steady());
            }
        })
    })
}

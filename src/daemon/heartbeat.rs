//! The loop that sends heartbeats to others while the daemon is healthy.

use std::sync::Arc;

use super::{
    TaskFactory,
    loops::{Context, rounds},
};
use crate::upkeep::{Change, DeadMansSwitch};

/// The name of the loop.
pub(super) const TASK: &str = "heartbeat";

/// Sends a heartbeat at every interval while the last check of health found nothing that makes `provwatch status` exit
/// with 5. A loop of its own: neither a slow receiver delays others, nor do others delay it.
pub(super) fn heartbeat(context: Context, switch: Arc<DeadMansSwitch>) -> TaskFactory {
    rounds(context, TASK, switch.every(), move |context| {
        let switch = Arc::clone(&switch);
        Box::pin(async move {
            let is_healthy = context.health.is_healthy(context.app.clock.steady());
            switch.beat(is_healthy).await.iter().for_each(log);
            Ok(())
        })
    })
}

fn log(change: &Change) {
    match change {
        Change::Silent => tracing::warn!("no heartbeat is sent while the daemon is not healthy"),
        Change::Resumed => tracing::info!("heartbeats are sent again"),
        Change::Failing(why) => tracing::warn!("a heartbeat is not accepted: {why}"),
        Change::Accepts(receiver) => tracing::info!(receiver, "heartbeats are accepted again"),
    }
}

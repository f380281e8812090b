//! The loop that reads the reports of others, and tells of those about stored releases.

use std::time::Duration;

use super::{
    TaskFactory,
    loops::{Context, rounds},
};

/// The name of the loop.
pub(super) const TASK: &str = "reports";

/// How often the daemon looks for news about stored releases. How often it looks for changed files, the reader knows.
const INTERVAL: Duration = Duration::from_secs(10);

/// The pause between two moments of reading: other tasks need the processor, too.
const PAUSE: Duration = Duration::from_millis(50);

/// Reads moment by moment, and tells of what is new, until the daemon stops.
pub(super) fn reports(context: Context) -> TaskFactory {
    rounds(context, TASK, INTERVAL, |context| {
        Box::pin(async move {
            while context.app.read_some_reports()? {
                context.health.heartbeat(TASK, context.app.clock.steady());
                context.app.clock.sleep(PAUSE).await;
            }
            Ok(())
        })
    })
}

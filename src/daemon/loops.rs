//! The daemon's loops: one for each source, one each for the queue, the safety net below the feeds, the outbox, the trust
//! root and the daemon's own health.
//! Each goes round until it is told to stop, and gives a sign of life on every round.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{Health, TaskError, TaskFactory, systemd};
use crate::pipeline::{Pipeline, PipelineError, Source};

/// How often the queue is looked at. An event is therefore in work within two seconds of its feed's page.
const WORK_INTERVAL: Duration = Duration::from_secs(1);
/// How often the outbox is looked at.
const DELIVER_INTERVAL: Duration = Duration::from_secs(1);
/// How often to look for packages that have gone unread for long.
const RECONCILE_INTERVAL: Duration = Duration::from_mins(10);
/// How often the daemon looks at itself, if systemd does not want it oftener.
const HEALTH_INTERVAL: Duration = Duration::from_secs(30);

/// What every loop has.
#[derive(Clone, Debug)]
pub struct Context {
    /// The pipeline.
    pub pipeline: Arc<Pipeline>,
    /// Where signs of life go.
    pub health: Arc<Health>,
}

/// Reads one feed for ever.
pub fn feed(context: Context, Source { feed, interval }: Source) -> TaskFactory {
    rounds(context, feed.name(), interval, move |context| {
        let feed = Arc::clone(&feed);
        Box::pin(async move {
            match context.pipeline.observe(feed.as_ref()).await {
                // A registry's trouble is recorded with its source and not a failure of the loop: the next round asks again.
                Err(PipelineError::Registry(error)) => {
                    tracing::warn!(source = feed.name(), "{}", crate::pipeline::with_causes(&error));
                    Ok(())
                }
                outcome => Ok(outcome.map(drop)?),
            }
        })
    })
}

/// Works off the queue for ever.
pub fn work(context: Context) -> TaskFactory {
    rounds(context, "work", WORK_INTERVAL, |context| {
        Box::pin(async move { Ok(context.pipeline.work().await.map(drop)?) })
    })
}

/// Compares packages with their registries for ever, each when it has gone unread for long.
pub fn reconcile(context: Context) -> TaskFactory {
    rounds(context, "reconcile", RECONCILE_INTERVAL, |context| {
        Box::pin(async move { Ok(context.pipeline.enqueue_overdue().map(drop)?) })
    })
}

/// Delivers what is due for ever.
pub fn deliver(context: Context) -> TaskFactory {
    rounds(context, "outbox", DELIVER_INTERVAL, |context| {
        Box::pin(async move { Ok(context.pipeline.deliver().await.map(drop)?) })
    })
}

/// Keeps the trust root fresh for ever.
pub fn trust(context: Context, interval: Duration) -> TaskFactory {
    rounds(context, "trust", interval, |context| {
        Box::pin(async move {
            if let Err(error) = context.pipeline.refresh_trust().await {
                tracing::warn!("the trust root stays as it was: {}", crate::pipeline::with_causes(&error));
            }
            Ok(())
        })
    })
}

/// Looks at the sources and at the daemon itself for ever; gives systemd the watchdog's pulse while no loop is stuck.
pub fn health(context: Context) -> TaskFactory {
    let interval = systemd::pulse_interval().map_or(HEALTH_INTERVAL, |pulse| pulse.min(HEALTH_INTERVAL));
    rounds(context, "health", interval, |context| {
        Box::pin(async move {
            let now = context.pipeline.clock().now();
            context.pipeline.watch_sources()?;
            let stuck = context.health.stuck(now);
            if stuck.is_empty() {
                systemd::pulse(&context.health.summary());
            } else {
                tracing::error!(?stuck, "loops no longer move; the watchdog gets no pulse");
            }
            Ok(())
        })
    })
}

type Round = futures::future::BoxFuture<'static, Result<(), TaskError>>;

fn rounds(
    context: Context,
    name: &'static str,
    interval: Duration,
    round: impl Fn(Context) -> Round + Send + Sync + Clone + 'static,
) -> TaskFactory {
    Arc::new(move |stop| {
        let (context, round) = (context.clone(), round.clone());
        Box::pin(go_round(context, name, interval, round, stop))
    })
}

async fn go_round(
    context: Context,
    name: &'static str,
    interval: Duration,
    round: impl Fn(Context) -> Round + Send,
    stop: CancellationToken,
) -> Result<(), TaskError> {
    let clock = Arc::clone(context.pipeline.clock());
    loop {
        context.health.beat(name, clock.now());
        // A round that is cut off by the stop has either committed its transaction or not; nothing is lost either way.
        tokio::select! {
            outcome = round(context.clone()) => outcome?,
            () = stop.cancelled() => return Ok(()),
        }
        context.health.rests(name);
        tokio::select! {
            () = clock.sleep(interval) => {}
            () = stop.cancelled() => return Ok(()),
        }
    }
}

//! The daemon: supervisor, lifecycle, health, systemd.

mod health;
mod lifecycle;
mod lock;
mod loops;
mod supervisor;
mod systemd;

use std::{pin::pin, sync::Arc, time::Duration};

pub use health::{Health, HealthProgress};
pub use lock::{Lock, LockError};
pub use supervisor::{Supervisor, TaskError, TaskFactory};

use self::{
    lifecycle::{Request, Signals},
    loops::Context,
};
use crate::{
    pipeline::Pipeline,
    store::{Store, StoreError},
    text::with_causes,
    watchlist::Watchlist,
};

/// How often every row is compared with its checksum, also those that nobody reads.
const LOOK_FOR_DAMAGE: chrono::TimeDelta = chrono::TimeDelta::days(1);
/// How soon the daemon ends when the file as a whole turns out to be damaged.
const DAMAGE_INTERVAL: Duration = Duration::from_secs(5);

/// What the daemon is started with besides its pipeline.
pub struct Options {
    /// Reads the watchlist again, on SIGHUP.
    pub reload: Box<dyn Fn() -> Result<Watchlist, String> + Send + Sync>,
    /// Where the loops' signs of life are kept.
    pub health: Arc<Health>,
    /// How often to refresh the trust root; `None` where it does not come from TUF.
    pub trust_interval: Option<Duration>,
    /// How long work under way may take to end.
    pub grace: Duration,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("trust_interval", &self.trust_interval).finish_non_exhaustive()
    }
}

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// The signals cannot be listened to, the store fails before the loops run, or it was left by a crash and is damaged.
pub async fn run(pipeline: Arc<Pipeline>, options: Options) -> Result<(), TaskError> {
    let mut signals = Signals::listen()?;
    pipeline.enqueue_unknown()?;
    let supervisor = start(&pipeline, &options);
    let watching = watching(&pipeline.watchlist());
    systemd::ready(&watching);
    tracing::info!(sources = pipeline.sources().len(), "ready, {watching}");
    let end = attend(&pipeline, &options, &mut signals).await;
    systemd::stopping();
    tracing::info!("stopping");
    stop(&supervisor, options.grace, &mut signals).await;
    end
}

/// Does what is asked until that is to stop, or until the database turns out to be damaged.
async fn attend(pipeline: &Arc<Pipeline>, options: &Options, signals: &mut Signals) -> Result<(), TaskError> {
    let mut damage = pin!(damage(Arc::clone(pipeline)));
    loop {
        tokio::select! {
            request = signals.next() => match request {
                Request::Reload => reload(pipeline, options),
                Request::Stop => return Ok(()),
            },
            error = &mut damage => return Err(error),
        }
    }
}

/// Checks a database that was not closed, and every row once a day, beside the loops. Ends only when the file as a whole
/// turns out to be damaged; a damaged row is set aside by the loop that works off the queue.
async fn damage(pipeline: Arc<Pipeline>) -> TaskError {
    let store = pipeline.store();
    if let Err(error) = beside(store, Store::check_if_suspect).await {
        return error;
    }
    let mut looked_at = None;
    loop {
        let now = pipeline.clock().now();
        if looked_at.is_none_or(|at| now - at >= LOOK_FOR_DAMAGE) {
            looked_at = Some(now);
            if let Err(error) = beside(store, Store::look_for_damage).await {
                tracing::error!("{}", with_causes(error.as_ref()));
            }
        }
        if let Some(error) = store.structural_damage() {
            return error.into();
        }
        pipeline.clock().sleep(DAMAGE_INTERVAL).await;
    }
}

async fn beside(store: &Arc<Store>, look: fn(&Store) -> Result<(), StoreError>) -> Result<(), TaskError> {
    let store = Arc::clone(store);
    Ok(tokio::task::spawn_blocking(move || look(&store)).await??)
}

fn start(pipeline: &Arc<Pipeline>, options: &Options) -> Arc<Supervisor> {
    let supervisor = Arc::new(Supervisor::new(Arc::clone(pipeline.clock()), Arc::clone(&options.health)));
    let context = Context { pipeline: Arc::clone(pipeline), health: Arc::clone(&options.health) };
    for source in pipeline.sources() {
        supervisor.keep(source.feed.name(), loops::feed(context.clone(), source.clone()));
    }
    supervisor.keep("work", loops::work(context.clone()));
    supervisor.keep("reconcile", loops::reconcile(context.clone()));
    if pipeline.follows_logs() {
        supervisor.keep("logs", loops::logs(context.clone(), Arc::clone(&supervisor)));
    }
    supervisor.keep("outbox", loops::deliver(context.clone()));
    if let Some(interval) = options.trust_interval {
        supervisor.keep("trust", loops::trust(context.clone(), interval));
    }
    supervisor.keep("health", loops::health(context));
    supervisor
}

/// A second request to stop ends the wait.
async fn stop(supervisor: &Supervisor, grace: Duration, signals: &mut Signals) {
    tokio::select! {
        _ = supervisor.shut_down(grace) => tracing::info!("stopped"),
        () = signals.stop() => tracing::warn!("stopped at once"),
    }
}

/// A list that cannot be read leaves the old one in place.
fn reload(pipeline: &Pipeline, options: &Options) {
    match (options.reload)() {
        Ok(watchlist) => {
            tracing::info!("read the watchlist again, {}", watching(&watchlist));
            pipeline.replace_watchlist(watchlist);
            if let Err(error) = pipeline.enqueue_unknown() {
                tracing::error!("the new packages wait for the next start: {error}");
            }
        }
        Err(error) => tracing::error!("the watchlist stays as it was: {error}"),
    }
    systemd::status(&watching(&pipeline.watchlist()));
}

fn watching(watchlist: &Watchlist) -> String {
    let (packages, patterns) = watchlist.counts();
    let plural = |count| if count == 1 { "" } else { "s" };
    format!("watching {packages} package{} and {patterns} pattern{}", plural(packages), plural(patterns))
}

//! The daemon: supervisor, lifecycle, health, systemd.

mod health;
mod lifecycle;
mod lock;
mod loops;
mod said;
mod supervisor;
mod systemd;

use std::{
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

pub use health::{Health, HealthProgress};
pub use lifecycle::ask_to_reload;
pub use lock::{Lock, LockError, lock_state};
pub use loops::OnDiskNow;
pub use supervisor::{Supervisor, TaskError, TaskFactory};

use self::{
    lifecycle::{Request, Signals},
    loops::Context,
};
use crate::{
    clock::Clock,
    pipeline::Pipeline,
    store::{Store, StoreError},
    text::{counted, plain, with_causes},
    watchlist::Watchlist,
};

/// How often every row is compared with its checksum, also those that nobody reads.
const LOOK_FOR_DAMAGE: chrono::TimeDelta = chrono::TimeDelta::days(1);
/// How soon the daemon ends when the file as a whole turns out to be damaged.
const DAMAGE_INTERVAL: Duration = Duration::from_secs(5);

/// What the daemon is started with besides its pipeline.
pub struct Options {
    /// Reads configuration and watchlist again, on SIGHUP.
    pub reload: Box<dyn Fn(&Pipeline) -> Renewal + Send + Sync>,
    /// Looks at what stands in the operator's files, to see whether it is what the daemon goes by.
    pub on_disk: OnDiskNow,
    /// Where the loops' signs of life are kept.
    pub health: Arc<Health>,
    /// How often to refresh the trust root or to read its files again; `None` where it is built in.
    pub trust_interval: Option<Duration>,
    /// How long work under way may take to end.
    pub grace: Duration,
}

/// What reading configuration and watchlist again gave.
#[derive(Debug)]
pub enum Renewal {
    /// The configuration is the same; this is the watchlist.
    Watchlist(Watchlist),
    /// Another configuration: a pipeline that takes the place of the one at work, over the same store.
    Whole(Box<Renewed>),
    /// It cannot be used. What was at work stays at work, with this watchlist if there is one.
    Refused {
        /// Why, for the log and `systemctl status`.
        why: String,
        /// The watchlist of the configuration at work, read again.
        watchlist: Option<Watchlist>,
    },
}

/// A changed configuration, ready to work.
pub struct Renewed {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// As in [`Options`], for the files that it names.
    pub on_disk: OnDiskNow,
    /// As in [`Options`].
    pub trust_interval: Option<Duration>,
    /// As in [`Options`].
    pub grace: Duration,
    /// Changes that count only from the next start, one sentence each.
    pub restart: Vec<String>,
}

impl std::fmt::Debug for Renewed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Renewed").field("trust_interval", &self.trust_interval).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("trust_interval", &self.trust_interval).finish_non_exhaustive()
    }
}

/// The longest that work under way may take to end when another configuration takes over: nothing is watched meanwhile. What
/// is cut off is done again.
const RELOAD_GRACE: Duration = Duration::from_secs(10);

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// The signals cannot be listened to, the store fails before the loops run, or it was left by a crash and is damaged.
pub async fn run(mut pipeline: Arc<Pipeline>, mut options: Options) -> Result<(), TaskError> {
    let mut signals = Signals::listen()?;
    let mut damage = pin!(damage(Arc::clone(pipeline.store()), Arc::clone(pipeline.clock())));
    loop {
        pipeline.enqueue_unknown()?;
        let context = context(&pipeline, &options);
        context.look_after()?;
        let supervisor = start(&context, &options);
        let watching = describe(&pipeline);
        systemd::ready(&watching);
        tracing::info!(sources = pipeline.sources().len(), "ready, {watching}");
        let renewed = match attend(&context, &options, &mut signals, damage.as_mut()).await {
            Ok(Some(renewed)) => renewed,
            end => {
                systemd::stopping();
                tracing::info!("stopping");
                stop(&supervisor, options.grace, &mut signals).await;
                return end.map(drop);
            }
        };
        systemd::reloading();
        if !stop(&supervisor, options.grace.min(RELOAD_GRACE), &mut signals).await {
            return Ok(());
        }
        let Renewed { pipeline: next, on_disk, trust_interval, grace, restart } = *renewed;
        tracing::info!("the changed configuration is at work");
        for what in restart {
            tracing::warn!("{what}");
        }
        pipeline = Arc::new(next);
        options = Options { on_disk, trust_interval, grace, ..options };
    }
}

/// Does what is asked until that is to stop (`None`) or to work with another configuration, or until the database turns out to
/// be damaged.
async fn attend(
    context: &Context,
    options: &Options,
    signals: &mut Signals,
    mut damage: Pin<&mut impl Future<Output = TaskError>>,
) -> Result<Option<Box<Renewed>>, TaskError> {
    loop {
        tokio::select! {
            request = signals.next() => match request {
                Request::Reload => match (options.reload)(&context.pipeline) {
                    Renewal::Whole(renewed) => return Ok(Some(renewed)),
                    Renewal::Watchlist(watchlist) => taken(context, watchlist),
                    Renewal::Refused { why, watchlist } => refused(context, why, watchlist),
                },
                Request::Stop => return Ok(None),
            },
            error = &mut damage => return Err(error),
        }
    }
}

/// Checks a database that was not closed, and every row once a day, beside the loops. Ends only when the file as a whole
/// turns out to be damaged; a damaged row is set aside by the loop that works off the queue.
async fn damage(store: Arc<Store>, clock: Arc<dyn Clock>) -> TaskError {
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

fn context(pipeline: &Arc<Pipeline>, options: &Options) -> Context {
    let (health, on_disk) = (Arc::clone(&options.health), Arc::clone(&options.on_disk));
    Context { pipeline: Arc::clone(pipeline), health, on_disk }
}

fn start(context: &Context, options: &Options) -> Arc<Supervisor> {
    let pipeline = &context.pipeline;
    let supervisor = Arc::new(Supervisor::new(Arc::clone(pipeline.clock()), Arc::clone(&options.health)));
    for source in pipeline.sources() {
        supervisor.keep(source.feed.name(), loops::feed(context.clone(), source.clone()));
    }
    supervisor.keep("work", loops::work(context.clone()));
    supervisor.keep("reconcile", loops::reconcile(context.clone()));
    if pipeline.follows_logs() {
        supervisor.keep("logs", loops::logs(context.clone(), Arc::clone(&supervisor)));
    }
    supervisor.keep("outbox", loops::deliver(context.clone(), Arc::clone(&supervisor)));
    if let Some(interval) = options.trust_interval {
        supervisor.keep("trust", loops::trust(context.clone(), interval));
    }
    supervisor.keep("health", loops::health(context.clone()));
    supervisor
}

/// A request to stop ends the wait; whether there was none.
async fn stop(supervisor: &Supervisor, grace: Duration, signals: &mut Signals) -> bool {
    tokio::select! {
        _ = supervisor.shut_down(grace) => {
            tracing::info!("stopped");
            true
        }
        () = signals.stop() => {
            tracing::warn!("stopped at once");
            false
        }
    }
}

/// The configuration says the same as the one in use, however it is written now.
fn taken(context: &Context, watchlist: Watchlist) {
    let pipeline = &context.pipeline;
    pipeline.note_reload(Ok(()));
    if let Some(configuration) = (context.on_disk)().configuration.digest {
        pipeline.goes_by(configuration);
    }
    watch(pipeline, watchlist);
    tell(context);
}

/// What cannot be read leaves the old in place.
fn refused(context: &Context, why: String, watchlist: Option<Watchlist>) {
    let pipeline = &context.pipeline;
    tracing::error!("{why}");
    pipeline.note_reload(Err(why));
    if let Some(watchlist) = watchlist {
        watch(pipeline, watchlist);
    }
    tell(context);
}

fn watch(pipeline: &Pipeline, watchlist: Watchlist) {
    tracing::info!("read the watchlist again, {}", watching(&watchlist));
    pipeline.replace_watchlist(watchlist);
    if let Err(error) = pipeline.enqueue_unknown() {
        tracing::error!("the new packages wait for the next start: {error}");
    }
}

/// Whoever asks next is to hear by which files the daemon goes now; the verdict comes to `systemctl status` with the pulse.
fn tell(context: &Context) {
    systemd::status(&describe(&context.pipeline));
    if let Err(error) = context.look_after() {
        tracing::error!("looking after the daemon itself: {}", with_causes(&error));
    }
}

/// What is watched, and whether that is what the disk says.
fn describe(pipeline: &Pipeline) -> String {
    let watching =
        if pipeline.sources().is_empty() { "following logs".to_owned() } else { watching(&pipeline.watchlist()) };
    match pipeline.reload_error() {
        Some(error) => format!("{watching}; {}", plain(&error.why, 300)),
        None => watching,
    }
}

fn watching(watchlist: &Watchlist) -> String {
    let (packages, patterns) = watchlist.counts();
    format!("watching {} and {}", counted(packages, "package"), counted(patterns, "pattern"))
}

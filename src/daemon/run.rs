//! The life of the daemon: start, work, reload and stop.

use std::{
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use super::{
    Supervisor, TaskError,
    damage::damage,
    describe::describe,
    folders, heartbeat,
    loops::{self, Context},
    options::{Options, Renewal, Renewed},
    reload::{refused, taken},
    reports,
    signals::{Request, Signals},
    systemd,
};
use crate::{app::App, text::with_causes};

/// The longest time that current work may take to end when another configuration takes over: nothing is watched
/// meanwhile. Interrupted work is done again.
const RELOAD_GRACE: Duration = Duration::from_secs(10);

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// The signals cannot be received, the store fails before the loops run, or a crash left it damaged.
pub async fn run(mut app: Arc<App>, mut options: Options) -> Result<(), TaskError> {
    let mut signals = Signals::listen()?;
    let mut damage = pin!(damage(Arc::clone(&app.store), Arc::clone(&app.clock)));
    loop {
        app.packages.reconciler.enqueue_unknown()?;
        app.forget_unused_reports()?;
        let context = context(&app, &options);
        app.wake_endpoints()?;
        context.look_after()?;
        let supervisor = start(&context, &options);
        let watching = describe(&app);
        systemd::ready(&watching);
        tracing::info!(sources = app.sources.len(), "ready, {watching}");
        let renewed = match attend(&context, &options, &mut signals, damage.as_mut()).await {
            Ok(Some(renewed)) => renewed,
            end => {
                systemd::stopping();
                tracing::info!("stopping");
                stop(&supervisor, options.grace, &mut signals).await;
                sign(&app);
                return end.map(drop);
            }
        };
        systemd::reloading();
        if !stop(&supervisor, options.grace.min(RELOAD_GRACE), &mut signals).await {
            return Ok(());
        }
        let Renewed { app: next, on_disk, trust_interval, grace, restart } = *renewed;
        tracing::info!("the changed configuration is in use");
        for what in restart {
            tracing::warn!("{what}");
        }
        app = Arc::new(next);
        options = Options { on_disk, trust_interval, grace, ..options };
    }
}

/// Handles requests until one is to stop (`None`) or to use another configuration, or until the database turns out to
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
                Request::Reload => match (options.reload)(&context.app) {
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

fn context(app: &Arc<App>, options: &Options) -> Context {
    let (health, on_disk) = (Arc::clone(&options.health), Arc::clone(&options.on_disk));
    Context { app: Arc::clone(app), health, on_disk }
}

fn start(context: &Context, options: &Options) -> Arc<Supervisor> {
    let app = &context.app;
    let supervisor = Arc::new(Supervisor::new(Arc::clone(&app.clock), Arc::clone(&options.health)));
    for source in &app.sources {
        supervisor.supervise(source.feed.name(), loops::feed(context.clone(), source.clone()));
    }
    supervisor.supervise("work", loops::work(context.clone()));
    supervisor.supervise("reconcile", loops::reconcile(context.clone()));
    if app.logs.settings().enabled {
        supervisor.supervise("logs", loops::logs(context.clone(), Arc::clone(&supervisor)));
    }
    supervisor.supervise("outbox", loops::deliver(context.clone(), Arc::clone(&supervisor)));
    if let Some(interval) = options.trust_interval {
        supervisor.supervise("trust", loops::trust(context.clone(), interval));
    }
    if let Some(switch) = &app.switch {
        supervisor.supervise(heartbeat::TASK, heartbeat::heartbeat(context.clone(), Arc::clone(switch)));
    }
    if app.allow_reader.is_some() {
        supervisor.supervise(folders::ALLOWED, folders::allowed(context.clone()));
    }
    if app.report_reader.is_some() {
        supervisor.supervise(reports::TASK, reports::reports(context.clone()));
    }
    if app.inventory_reader.is_some() {
        supervisor.supervise(folders::INVENTORY, folders::inventory(context.clone()));
    }
    supervisor.supervise(folders::FIGURES, folders::figures(context.clone()));
    supervisor.supervise("keep", loops::keep(context.clone()));
    supervisor.supervise("health", loops::health(context.clone()));
    supervisor
}

/// Signs the head of the history, because nobody may do so for long. The next start signs it if this fails.
fn sign(app: &App) {
    if let Err(error) = app.keeper.sign_now() {
        tracing::error!("the head of the history is not signed: {}", with_causes(&error));
    }
}

/// Stops the tasks; a request to stop ends the wait. Returns whether there was none.
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

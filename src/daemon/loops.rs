//! The loops of the daemon. There is one for each source, one for each transparency log, one for each receiver of
//! alerts, and one each for the queue, the safety net below the feeds, the trust root and the daemon's own health. Each
//! runs until it is stopped, and gives a heartbeat on every round.

use std::{
    collections::BTreeSet,
    error::Error,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{
    Health, Supervisor, TaskError, TaskFactory,
    describe::describe,
    health::{Server, log_task},
    systemd,
};
use crate::{
    app::App,
    deliver::Step,
    dispatch::DispatchError,
    health::Kind,
    logwatch::FollowError,
    packages::{LookError, Source},
    store::{LogRow, StoreError},
    text::with_causes,
    upkeep::OnDisk,
};

/// The wait before the work loop starts again after a failure of the store.
const WORK_INTERVAL: Duration = Duration::from_secs(1);
/// The shortest wait after a failed write to the disk.
const DISK_PAUSE: Duration = Duration::from_secs(5);
/// The longest one: pending writes are made as soon as possible.
const LONGEST_DISK_PAUSE: Duration = Duration::from_secs(30);
/// How often the log repeats that the database cannot be written.
const DISK_REMINDER: Duration = Duration::from_mins(10);
/// How often the outbox is checked.
const DELIVER_INTERVAL: Duration = Duration::from_secs(1);
/// The longest wait of a sink's worker after the store failed.
const LONGEST_STORE_RETRY: Duration = Duration::from_secs(15);
/// The wait before the trust root is requested again after the first failure; the delay doubles up to the usual
/// interval.
const TRUST_RETRY: Duration = Duration::from_mins(5);
/// How often to look for new logs, and for open entries.
const DISCOVERY_INTERVAL: Duration = Duration::from_mins(1);
/// The longest extra wait between polls of a failing log.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);
/// How often the daemon signs or prunes, if there is anything to do.
const KEEP_INTERVAL: Duration = Duration::from_secs(30);
/// How often the daemon checks its own health, unless systemd requires a shorter interval.
const HEALTH_INTERVAL: Duration = Duration::from_secs(30);

/// The shared parts of every loop.
#[derive(Clone)]
pub struct Context {
    pub app: Arc<App>,
    /// Receives heartbeats.
    pub health: Arc<Health>,
    /// Reads the current content of the operator's files.
    pub on_disk: OnDiskNow,
}

/// Reads the operator's files.
pub type OnDiskNow = Arc<dyn Fn() -> OnDisk + Send + Sync>;

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("health", &self.health).finish_non_exhaustive()
    }
}

impl Context {
    /// One line for `systemctl status`: the verdict, the watched packages, the tasks.
    pub fn status(&self) -> String {
        let (verdict, watching) = (self.health.verdict(), describe(&self.app));
        format!("{verdict}; {watching}; {}", self.health.summary())
    }

    /// Checks the health of provwatch: a heartbeat, the alerts about it, a log message when the verdict changes.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn look_after(&self) -> Result<(), StoreError> {
        let steady = self.app.clock.steady();
        let stuck: Vec<String> = self.health.stuck(steady).iter().map(ToString::to_string).collect();
        let findings = self.app.look_after(Kind::Daemon, &(self.on_disk)(), &stuck)?;
        self.health.judged(findings, steady);
        self.tell_forges();
        Ok(())
    }

    /// Reports failing forges, because their callers continue without the answer.
    fn tell_forges(&self) {
        let Some(forges) = self.app.forges.as_deref() else { return };
        for (host, failing) in forges.failing() {
            match failing {
                Some(failing) if failing.last > failing.since => {
                    self.health.failing(Server::Forge, host, &failing.error, failing.last);
                }
                Some(_) => {}
                None => self.health.answers(Server::Forge, host, self.app.clock.now()),
            }
        }
    }

    /// Records the result of the last poll of a log.
    fn tell_log(&self, name: &str, is_troubled: bool) -> Result<(), StoreError> {
        if !is_troubled {
            self.health.answers(Server::Log, name, self.app.clock.now());
            return Ok(());
        }
        let rows = self.app.store.logs()?;
        let of_log = |row: &&LogRow| row.failing_since.is_some() && row.name.starts_with(name);
        let error = rows.iter().find(of_log).and_then(|row| row.last_error.as_deref());
        let why = error.unwrap_or("it did not answer, or did not hold");
        self.health.failed_at(Server::Log, name, why, self.app.clock.now());
        Ok(())
    }
}

/// Reads one feed until the daemon stops.
pub fn feed(context: Context, Source { feed, interval }: Source) -> TaskFactory {
    rounds(context, feed.name(), interval, move |context| {
        let feed = Arc::clone(&feed);
        Box::pin(async move {
            match context.app.packages.feeds.observe(feed.as_ref()).await {
                // A registry's failure is recorded with its source and is not a failure of the loop: the next round
                // tries again.
                Err(LookError::Registry(error)) => {
                    let now = context.app.clock.now();
                    context.health.failed_at(Server::Feed, feed.name(), &with_causes(&error), now);
                }
                outcome => {
                    outcome?;
                    context.health.answers(Server::Feed, feed.name(), context.app.clock.now());
                }
            }
            Ok(())
        })
    })
}

/// Works off the queue until the daemon stops. The transaction of an interrupted turn is committed or not; nothing is
/// lost either way.
pub fn work(context: Context) -> TaskFactory {
    rounds(context, "work", WORK_INTERVAL, |context| {
        Box::pin(async move { match context.app.packages.queue.keep_working().await? {} })
    })
}

/// Compares packages with their registries until the daemon stops, each when it has been unread for long.
pub fn reconcile(context: Context) -> TaskFactory {
    let interval = context.app.packages.reconciler.interval();
    rounds(context, "reconcile", interval, |context| {
        Box::pin(async move { Ok(context.app.packages.reconciler.enqueue_overdue().map(drop)?) })
    })
}

/// Starts a worker for every subscription, also for later ones, and gives up deliveries of removed ones.
pub fn deliver(context: Context, supervisor: Arc<Supervisor>) -> TaskFactory {
    let begun = Begun::default();
    rounds(context, "outbox", DELIVER_INTERVAL, move |context| {
        let (begun, supervisor) = (begun.clone(), Arc::clone(&supervisor));
        Box::pin(async move {
            let names: Vec<String> = context.app.subscriptions.iter().map(|one| one.name.clone()).collect();
            for name in names {
                if begun.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone()) {
                    supervisor.supervise(sink_task(&name), sink(context.clone(), name, begun.clone()));
                }
            }
            Ok(context.app.dispatcher.give_up_unclaimed().map(drop)?)
        })
    })
}

/// The subscriptions that have a worker.
type Begun = Arc<Mutex<BTreeSet<String>>>;

fn sink_task(subscription: &str) -> String {
    format!("sink {subscription}")
}

/// Makes one attempt after another at the due deliveries of one subscription, until the configuration does not have it
/// any more.
fn sink(context: Context, name: String, begun: Begun) -> TaskFactory {
    Arc::new(move |stop| Box::pin(work_sink(context.clone(), name.clone(), begun.clone(), stop)))
}

/// A current attempt is completed when the daemon stops, as far as the grace allows: an interrupted one would be made
/// again, and people would receive it twice. A failed store is tried again soon: the waiting alert may be a takeover.
async fn work_sink(context: Context, name: String, begun: Begun, stop: CancellationToken) -> Result<(), TaskError> {
    let (clock, task) = (Arc::clone(&context.app.clock), sink_task(&name));
    let mut failures = 0_u32;
    while !stop.is_cancelled() {
        context.health.heartbeat(&task, clock.steady());
        let outcome = context.app.dispatcher.deliver_next(&name).await;
        context.health.idle(&task);
        let wait = match outcome {
            Ok(None) => break,
            Ok(Some(made)) => {
                failures = 0;
                if matches!(made, Step::Idle | Step::Held(_) | Step::Disabled) {
                    DELIVER_INTERVAL
                } else {
                    Duration::ZERO
                }
            }
            Err(error) => {
                let (why, wait) =
                    (with_causes(&error), (DELIVER_INTERVAL * (1 << failures.min(4))).min(LONGEST_STORE_RETRY));
                tracing::error!(task, retry_in = ?wait, "{why}");
                context.health.failed(&task, &why, clock.steady());
                context.health.idle(&task);
                failures += 1;
                wait
            }
        };
        if !wait.is_zero() {
            tokio::select! {
                () = clock.sleep(wait) => {}
                () = stop.cancelled() => {}
            }
        }
    }
    begun.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
    Ok(())
}

/// Starts a worker for every followed log, also for logs that the trust root names only later.
pub fn logs(context: Context, supervisor: Arc<Supervisor>) -> TaskFactory {
    let begun = Arc::new(Mutex::new(BTreeSet::new()));
    rounds(context, "logs", DISCOVERY_INTERVAL, move |context| {
        let (begun, supervisor) = (Arc::clone(&begun), Arc::clone(&supervisor));
        Box::pin(async move {
            for followed in context.app.logs.followed_logs() {
                let name = followed.name().to_owned();
                if begun.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone()) {
                    supervisor.supervise(log_task(&name), log(context.clone(), name));
                }
            }
            context.app.logs.look_up_own_runs().await?;
            context.app.logs.judge_entries()?;
            Ok(context.app.logs.check_named_entries().await?)
        })
    })
}

/// Polls one log until the daemon stops; less often while it fails.
fn log(context: Context, name: String) -> TaskFactory {
    let interval = context.app.logs.settings().interval;
    let task = log_task(&name);
    let troubled = Arc::new(AtomicU32::new(0));
    rounds(context, task.clone(), interval, move |context| {
        let (name, task, troubled) = (name.clone(), task.clone(), Arc::clone(&troubled));
        Box::pin(async move {
            let Some(followed) = context.app.logs.followed_log(&name) else { return Ok(()) };
            let troubled_trees = context.app.logs.poll_log(&followed).await?.troubled;
            context.tell_log(&name, troubled_trees > 0)?;
            if troubled_trees == 0 {
                troubled.store(0, Ordering::Relaxed);
                return Ok(());
            }
            let times = troubled.fetch_add(1, Ordering::Relaxed).min(8);
            context.health.idle(&task);
            context.app.clock.sleep((interval * times).min(LONGEST_PAUSE)).await;
            Ok(())
        })
    })
}

/// Signs the history and deletes old rows until the daemon stops, step by step.
pub fn keep(context: Context) -> TaskFactory {
    rounds(context, "keep", KEEP_INTERVAL, |context| Box::pin(async move { Ok(context.app.keeper.step()?) }))
}

/// How often the log repeats that the trust root is not refreshed.
const REMINDED: Duration = Duration::from_hours(1);

/// Keeps the trust root fresh until the daemon stops.
pub fn trust(context: Context, interval: Duration) -> TaskFactory {
    rounds(context, "trust", interval, move |context| {
        Box::pin(async move {
            let mut delay = TRUST_RETRY.min(interval);
            let mut told_at = None;
            while let Err(error) = context.app.trust.refresh().await {
                let now = context.app.clock.steady();
                if told_at.is_none_or(|at| now.saturating_sub(at) >= REMINDED) {
                    told_at = Some(now);
                    tracing::warn!(retry_in = ?delay, "the trust root stays as it was: {}", with_causes(&error));
                }
                context.health.idle("trust");
                context.app.clock.sleep(delay).await;
                context.health.heartbeat("trust", context.app.clock.steady());
                delay = (2 * delay).min(interval);
            }
            if told_at.is_some() {
                tracing::info!("the trust root is refreshed again");
            }
            Ok(())
        })
    })
}

/// Checks the sources and the daemon itself until it stops; gives systemd the watchdog's pulse while no loop is stuck.
pub fn health(context: Context) -> TaskFactory {
    let interval = systemd::pulse_interval().map_or(HEALTH_INTERVAL, |pulse| pulse.min(HEALTH_INTERVAL));
    rounds(context, "health", interval, |context| {
        Box::pin(async move {
            context.look_after()?;
            let stuck = context.health.stuck(context.app.clock.steady());
            let status = context.status();
            if stuck.is_empty() {
                systemd::pulse(&status);
            } else {
                tracing::error!(?stuck, "loops are stalled; the watchdog gets no heartbeat");
                systemd::status(&status);
            }
            Ok(())
        })
    })
}

fn is_of_the_disk(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = store_error(error) {
            return error.is_of_the_disk();
        }
        cause = error.source();
    }
    false
}

/// The store's error behind that of a service. Such an error has its cause's message and its cause's source.
fn store_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a StoreError> {
    if let Some(error) = error.downcast_ref() {
        return Some(error);
    }
    if let Some(LookError::Store(error)) = error.downcast_ref() {
        return Some(error);
    }
    if let Some(FollowError::Store(error)) = error.downcast_ref() {
        return Some(error);
    }
    match error.downcast_ref()? {
        DispatchError::Store(error) => Some(error),
        DispatchError::Outbox(_) => None,
    }
}

type Round = futures::future::BoxFuture<'static, Result<(), TaskError>>;

pub(super) fn rounds(
    context: Context,
    name: impl Into<Arc<str>>,
    interval: Duration,
    round: impl Fn(Context) -> Round + Send + Sync + Clone + 'static,
) -> TaskFactory {
    Loop { name: name.into(), interval, disk: Arc::default() }.supervise(context, round)
}

/// The parameters of a loop.
#[derive(Clone)]
struct Loop {
    name: Arc<str>,
    /// The wait between rounds.
    interval: Duration,
    /// The last time when the log reported that the database cannot be written.
    disk: Arc<Mutex<Option<Duration>>>,
}

impl Loop {
    fn supervise(
        self,
        context: Context,
        round: impl Fn(Context) -> Round + Send + Sync + Clone + 'static,
    ) -> TaskFactory {
        Arc::new(move |stop| Box::pin(self.clone().go_round(context.clone(), round.clone(), stop)))
    }

    /// Obstacles of the database are temporary: the next round tries again soon, so that waiting alerts are sent as
    /// soon as there is room again. The supervisor handles any other failure. Returns the wait before the next round.
    fn pass_over(&self, context: &Context, outcome: Result<(), TaskError>) -> Result<Duration, TaskError> {
        let mut said = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        let Err(error) = outcome else {
            if said.take().is_some() {
                tracing::info!(task = &*self.name, "the database can be written again");
            }
            return Ok(self.interval);
        };
        if !is_of_the_disk(error.as_ref()) {
            return Err(error);
        }
        let (steady, why) = (context.app.clock.steady(), with_causes(error.as_ref()));
        let wait = self.interval.clamp(DISK_PAUSE, LONGEST_DISK_PAUSE);
        if said.is_none_or(|said| steady.saturating_sub(said) >= DISK_REMINDER) {
            tracing::error!(task = &*self.name, retry_in = ?wait, "{why}");
            *said = Some(steady);
        }
        context.health.failed(&self.name, &why, steady);
        Ok(wait)
    }

    async fn go_round(
        self,
        context: Context,
        round: impl Fn(Context) -> Round + Send,
        stop: CancellationToken,
    ) -> Result<(), TaskError> {
        let clock = Arc::clone(&context.app.clock);
        loop {
            context.health.heartbeat(&self.name, clock.steady());
            // The transaction of an interrupted round is committed or not; nothing is lost either way.
            let wait = tokio::select! {
                outcome = round(context.clone()) => self.pass_over(&context, outcome)?,
                () = stop.cancelled() => return Ok(()),
            };
            context.health.idle(&self.name);
            tokio::select! {
                () = clock.sleep(wait) => {}
                () = stop.cancelled() => return Ok(()),
            }
        }
    }
}

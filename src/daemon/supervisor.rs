//! Spawns and supervises all tasks of the daemon. A task that fails or panics is reported and started again, after a
//! delay that doubles up to a cap and starts from the beginning when the task has run well for a while.

use std::{fmt, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::health::Health;
use crate::{clock::Clock, panic::panic_text, text::with_causes};

/// The first delay before a task is started again.
const FIRST_DELAY: Duration = Duration::from_secs(1);
/// The longest delay.
const LONGEST_DELAY: Duration = Duration::from_mins(5);
/// A task that ran this long before it failed starts again with the first delay.
const WELL_AFTER: Duration = Duration::from_mins(10);

/// The error of a task: any error, printed with its causes.
pub type TaskError = Box<dyn std::error::Error + Send + Sync>;

/// Makes the task's future for every start.
pub type TaskFactory = Arc<dyn Fn(CancellationToken) -> BoxFuture<'static, Result<(), TaskError>> + Send + Sync>;

/// Keeps tasks running until it is stopped.
#[derive(Debug)]
pub struct Supervisor {
    clock: Arc<dyn Clock>,
    health: Arc<Health>,
    tracker: TaskTracker,
    stop: CancellationToken,
    abort: CancellationToken,
}

impl Supervisor {
    /// A supervisor without tasks.
    pub fn new(clock: Arc<dyn Clock>, health: Arc<Health>) -> Self {
        Self {
            clock,
            health,
            tracker: TaskTracker::new(),
            stop: CancellationToken::new(),
            abort: CancellationToken::new(),
        }
    }

    /// Starts a task and keeps it running.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
    pub fn supervise(&self, name: impl Into<Arc<str>>, factory: TaskFactory) {
        let name = name.into();
        let keeper = Keeper {
            name: Arc::clone(&name),
            factory,
            clock: Arc::clone(&self.clock),
            health: Arc::clone(&self.health),
            stop: self.stop.clone(),
        };
        let abort = self.abort.clone();
        self.tracker.spawn(async move {
            tokio::select! {
                () = keeper.run() => {}
                () = abort.cancelled() => tracing::warn!(task = &*name, "stopped before it had finished"),
            }
        });
    }

    /// Requests all tasks to stop, waits for `grace`, then stops those that still run. Returns whether all ended by
    /// themselves.
    pub async fn shut_down(&self, grace: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::select! {
            () = self.tracker.wait() => return true,
            () = self.clock.sleep(grace) => {}
        }
        self.abort.cancel();
        self.tracker.wait().await;
        false
    }
}

struct Keeper {
    name: Arc<str>,
    factory: TaskFactory,
    clock: Arc<dyn Clock>,
    health: Arc<Health>,
    stop: CancellationToken,
}

impl Keeper {
    async fn run(self) {
        let mut delay = FIRST_DELAY;
        while !self.stop.is_cancelled() {
            let started = self.clock.steady();
            let Err(failure) = self.attempt().await else { break };
            if self.clock.steady().saturating_sub(started) >= WELL_AFTER {
                delay = FIRST_DELAY;
            }
            tracing::error!(task = &*self.name, retry_in = ?delay, "{failure}");
            self.health.failed(&self.name, &failure.to_string(), self.clock.steady());
            tokio::select! {
                () = self.clock.sleep(delay) => {}
                () = self.stop.cancelled() => break,
            }
            delay = (delay * 2).min(LONGEST_DELAY);
        }
        self.health.idle(&self.name);
    }

    async fn attempt(&self) -> Result<(), TaskFailure> {
        let task = (self.factory)(self.stop.child_token());
        match AssertUnwindSafe(task).catch_unwind().await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(TaskFailure::Error(error)),
            Err(panic) => Err(TaskFailure::Panic(panic_text(panic.as_ref()))),
        }
    }
}

enum TaskFailure {
    Error(TaskError),
    Panic(String),
}

impl fmt::Display for TaskFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panic(text) => write!(f, "the task panicked: {text}"),
            Self::Error(error) => f.write_str(&with_causes(error.as_ref())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::clock::ManualClock;

    fn supervisor() -> (Supervisor, Arc<ManualClock>, Arc<Health>) {
        let clock = Arc::new(ManualClock::at_text("2026-01-01T00:00:00Z"));
        let health = Arc::new(Health::default());
        (Supervisor::new(clock.clone(), Arc::clone(&health)), clock, health)
    }

    #[tokio::test]
    async fn a_task_that_panics_or_fails_is_started_again_with_growing_delays() {
        let (supervisor, clock, health) = supervisor();
        let starts = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&starts);
        supervisor.supervise(
            "fickle",
            Arc::new(move |stop| {
                let start = counter.fetch_add(1, Ordering::SeqCst);
                Box::pin(async move {
                    match start {
                        0 => panic!("a malformed document"),
                        1..=3 => Err("no route to host".into()),
                        _ => {
                            stop.cancelled().await;
                            Ok(())
                        }
                    }
                })
            }),
        );
        while starts.load(Ordering::SeqCst) < 5 {
            tokio::task::yield_now().await;
        }
        let waited = clock.now() - "2026-01-01T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        assert_eq!(waited.num_seconds(), 1 + 2 + 4 + 8);
        let said = health.summary();
        assert!(said.contains("4 failed so far, the last was fickle"), "{said}");
        assert!(supervisor.shut_down(Duration::from_secs(5)).await, "it stops when asked");
    }

    #[tokio::test]
    async fn a_task_that_does_not_stop_is_stopped() {
        let (supervisor, ..) = supervisor();
        supervisor.supervise("deaf", Arc::new(|_| Box::pin(std::future::pending())));
        tokio::task::yield_now().await;
        assert!(!supervisor.shut_down(Duration::from_secs(5)).await);
    }
}

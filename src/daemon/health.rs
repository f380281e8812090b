//! What the daemon knows of its own tasks: failures, and whether each still moves.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    clock::Clock,
    deliver::plain,
    model::{Alert, ReleaseId},
    pipeline::{Progress, Step},
    store::Outcome,
};

/// A loop that has not moved for this long within a round is stuck, whatever it waits for: the time-outs of the HTTP
/// client and of the sinks are far below.
const STUCK_AFTER: TimeDelta = TimeDelta::minutes(15);

/// The state of every task.
#[derive(Debug, Default)]
pub struct Health(Mutex<BTreeMap<Arc<str>, TaskHealth>>);

#[derive(Clone, Debug, Default)]
struct TaskHealth {
    beat: Option<DateTime<Utc>>,
    failures: u32,
    last_failure: Option<String>,
}

impl Health {
    /// A task moved: it went once round its loop.
    pub fn beat(&self, task: &str, now: DateTime<Utc>) {
        self.with(task, |health| health.beat = Some(now));
    }

    /// A task failed and will be started again.
    pub fn failed(&self, task: &str, why: &str, now: DateTime<Utc>) {
        self.with(task, |health| {
            health.beat = Some(now);
            health.failures += 1;
            health.last_failure = Some(why.to_owned());
        });
    }

    /// A task waits for its next round, or ended: no move is expected of it.
    pub fn rests(&self, task: &str) {
        self.with(task, |health| health.beat = None);
    }

    /// How often a task has failed.
    pub fn failures(&self, task: &str) -> u32 {
        self.lock().get(task).map_or(0, |health| health.failures)
    }

    /// The tasks that no longer move.
    pub fn stuck(&self, now: DateTime<Utc>) -> Vec<Arc<str>> {
        let stuck = |health: &TaskHealth| health.beat.is_some_and(|beat| now - beat > STUCK_AFTER);
        self.lock().iter().filter(|(_, health)| stuck(health)).map(|(task, _)| Arc::clone(task)).collect()
    }

    /// One line for `systemctl status`.
    pub fn summary(&self) -> String {
        let tasks = self.lock();
        let failures: u32 = tasks.values().map(|health| health.failures).sum();
        let last = tasks.iter().filter_map(|(task, health)| Some((task, health.last_failure.as_ref()?))).next_back();
        match last {
            None => format!("{} tasks, none has failed", tasks.len()),
            Some((task, why)) => {
                format!("{} tasks, {failures} failed so far, the last was {task}: {why:.120}", tasks.len())
            }
        }
    }

    fn with(&self, task: &str, change: impl FnOnce(&mut TaskHealth)) {
        let mut tasks = self.lock();
        match tasks.get_mut(task) {
            Some(health) => change(health),
            None => change(tasks.entry(task.into()).or_default()),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Arc<str>, TaskHealth>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Takes what the queue says every second as a sign of life of the work loop, which goes on for as long as the daemon, and
/// tells the log what an operator wants to see pass by.
#[derive(Debug)]
pub struct HealthProgress {
    /// Where the signs of life go.
    pub health: Arc<Health>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Progress for HealthProgress {
    fn report(&self, step: &Step<'_>) {
        match step {
            Step::Working { .. } | Step::Portion { .. } => self.health.beat("work", self.clock.now()),
            Step::Downloaded { log, .. } | Step::Polling { log } => {
                self.health.beat(&log_task(log), self.clock.now());
            }
            Step::LookingUp { .. } => self.health.beat("logs", self.clock.now()),
            _ => {}
        }
        log(step);
    }
}

/// What the worker of a log is called among the tasks.
pub fn log_task(log: &str) -> String {
    format!("log {log}")
}

/// Where what the pipeline does is logged.
const PIPELINE: &str = "provwatch::pipeline";

/// What a publisher or registry may have written goes through [`plain`].
fn log(step: &Step<'_>) {
    match step {
        Step::Page { source, events, new } => {
            tracing::debug!(target: PIPELINE, source, events, new, "read a page");
        }
        Step::Downloaded { log, size } => tracing::debug!(target: PIPELINE, log, size, "downloaded entries"),
        Step::Gap { source, why } => {
            tracing::warn!(target: PIPELINE, source, "lost its place, comparing all watched packages: {}", plain(why, 1000));
        }
        Step::Postponed { package, why } => {
            tracing::warn!(target: PIPELINE, %package, "not looked at yet: {}", plain(why, 1000));
        }
        Step::Portion { package, portions } => {
            let (done, total) = (portions.done, portions.total);
            tracing::info!(target: PIPELINE, %package, "its history is being read: {done} of {total} releases");
        }
        Step::Examined { package, releases: 0 } => tracing::debug!(target: PIPELINE, %package, "nothing new"),
        Step::Examined { package, releases } => tracing::info!(target: PIPELINE, %package, releases, "looked at"),
        Step::Recorded { release, outcome, unchecked, alert, .. } => {
            log_release(release, *outcome, unchecked, *alert);
        }
        // The feed's loop tells of its failures; that something is being looked at is no news.
        Step::SourceFailed { .. }
        | Step::Examining { .. }
        | Step::Working { .. }
        | Step::Polling { .. }
        | Step::LookingUp { .. } => {}
    }
}

fn log_release(release: &ReleaseId, outcome: Outcome, unchecked: &[String], alert: Option<&Alert>) {
    let release = plain(&release.to_string(), 200);
    if let Some(alert) = alert {
        tracing::warn!(target: PIPELINE, release, severity = %alert.severity, alert = alert.id, "{}", plain(&alert.title, 300));
    } else if let Some(reason) = unchecked.first() {
        tracing::info!(target: PIPELINE, release, "could not check: {}", plain(reason, 1000));
    } else {
        tracing::debug!(target: PIPELINE, release, ?outcome, "recorded");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_stuck_when_it_has_not_moved_for_long() {
        let health = Health::default();
        let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        health.beat("feed", start);
        health.beat("outbox", start);
        health.rests("outbox");
        assert!(health.stuck(start + TimeDelta::minutes(15)).is_empty());
        assert_eq!(health.stuck(start + TimeDelta::minutes(16)), ["feed".into()]);
        health.failed("feed", "reset", start + TimeDelta::minutes(16));
        assert!(health.stuck(start + TimeDelta::minutes(17)).is_empty(), "a restart is a move");
        assert_eq!(health.summary(), "2 tasks, 1 failed so far, the last was feed: reset");
    }
}

//! The daemon's knowledge of its own tasks: failures, and the last progress of each.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};

use super::said::Said;
use crate::{
    clock::Clock,
    health::{Finding, Level, level},
    logwatch::how_far,
    model::{Alert, Package, ReleaseId, Severity},
    progress::{Progress, Step},
    store::Outcome,
    text::{plain, span},
};

/// A loop without progress for this long within a round is stuck: the time-outs of the HTTP client and of the sinks are
/// far shorter. It is measured by the steady time, since setting the clock does not affect a loop.
const STUCK_AFTER: Duration = Duration::from_mins(15);

/// A health check that has not ended for this long is overdue: it is made every half minute.
const OVERDUE: Duration = Duration::from_mins(3);

/// The state of every task, the last verdict, and the failing servers.
#[derive(Debug, Default)]
pub struct Health {
    tasks: Mutex<BTreeMap<Arc<str>, TaskHealth>>,
    findings: Mutex<Option<Vec<Finding>>>,
    /// The time of the last health check, by [`Clock::steady`].
    judged_at: Mutex<Option<Duration>>,
    said: Said,
}

/// A server that can fail for all packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// A registry's feed.
    Feed,
    /// A registry's documents.
    Documents,
    /// A registry's evidence.
    Evidence,
    /// A transparency log.
    Log,
    /// A forge.
    Forge,
}

#[derive(Clone, Debug, Default)]
struct TaskHealth {
    /// The time of its last progress, by [`Clock::steady`].
    heartbeat: Option<Duration>,
    failures: u32,
    last_failure: Option<String>,
}

impl Health {
    /// Records progress of a task: one round of its loop.
    pub fn heartbeat(&self, task: &str, steady: Duration) {
        self.with(task, |health| health.heartbeat = Some(steady));
    }

    /// Records that a task failed and will be started again.
    pub(crate) fn failed(&self, task: &str, why: &str, steady: Duration) {
        self.with(task, |health| {
            health.heartbeat = Some(steady);
            health.failures += 1;
            health.last_failure = Some(why.to_owned());
        });
    }

    /// Records that a task waits for its next round, or ended: no progress is expected of it.
    pub(crate) fn idle(&self, task: &str) {
        self.with(task, |health| health.heartbeat = None);
    }

    /// The tasks without progress.
    pub(crate) fn stuck(&self, steady: Duration) -> Vec<Arc<str>> {
        let stuck = |health: &TaskHealth| {
            health.heartbeat.is_some_and(|heartbeat| steady.saturating_sub(heartbeat) > STUCK_AFTER)
        };
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

    /// Takes the findings of the health check. Changes are logged.
    pub fn judged(&self, findings: Vec<Finding>, steady: Duration) {
        *self.judged_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(steady);
        let mut before = self.findings.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        tell_change(before.as_deref(), &findings);
        *before = Some(findings);
    }

    /// Whether the last health check found nothing that makes `provwatch status` exit with 5, no loop is stuck, and the
    /// check is not overdue.
    pub(crate) fn is_healthy(&self, steady: Duration) -> bool {
        let judged_at = *self.judged_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_fresh = judged_at.is_some_and(|at| steady.saturating_sub(at) <= OVERDUE);
        let findings = self.findings.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_unhealthy = findings.as_deref().is_none_or(|found| level(found) == Some(Level::Unhealthy));
        is_fresh && !is_unhealthy && self.stuck(steady).is_empty()
    }

    /// The verdict in a few words, with the first finding.
    pub fn verdict(&self) -> String {
        let findings = self.findings.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let findings = findings.as_deref().unwrap_or_default();
        match (level(findings), findings.first()) {
            (Some(Level::Unhealthy), Some(worst)) => format!("NOT healthy: {:.160}", worst.sentence),
            (Some(Level::Limited), _) => "healthy, but limited".to_owned(),
            _ => "healthy".to_owned(),
        }
    }

    /// Records a failure of a server: it is logged from the second failure on.
    pub(crate) fn failed_at(&self, server: Server, name: &str, why: &str, now: DateTime<Utc>) {
        if let Some(lasts) = self.said.failed(&key(server, name), now) {
            warn(server, name, why, lasts);
        }
    }

    /// Records that a server has failed more than once by its own account.
    pub fn failing(&self, server: Server, name: &str, why: &str, last: DateTime<Utc>) {
        if !self.said.is_told(&key(server, name)) {
            self.failed_at(server, name, why, last);
        }
        self.failed_at(server, name, why, last);
    }

    /// Records that a server answers.
    pub fn answers(&self, server: Server, name: &str, now: DateTime<Utc>) {
        if let Some(lasted) = self.said.succeeded(&key(server, name), now) {
            answers_again(server, name, lasted);
        }
    }

    /// Records that a part of a server answers.
    fn partly_answers(&self, server: Server, name: &str, now: DateTime<Utc>) {
        if let Some(lasted) = self.said.partly_succeeded(&key(server, name), now) {
            answers_again(server, name, lasted);
        }
    }

    /// Records that a package could not be checked. While its registry is known to fail, only the registry is reported.
    fn postponed(&self, package: &Package, why: &str, now: DateTime<Utc>) {
        let registry = package.registry().title();
        self.failed_at(Server::Documents, &registry, why, now);
        let is_known = self.said.is_told(&key(Server::Documents, &registry));
        if !is_known && self.said.failed(&package.to_string(), now).is_some() {
            tracing::warn!(target: PIPELINE, %package, "cannot be checked: {}", plain(why, 1000));
        } else {
            tracing::debug!(target: PIPELINE, %package, "not checked yet: {}", plain(why, 1000));
        }
    }

    fn examined(&self, package: &Package, now: DateTime<Utc>) {
        self.partly_answers(Server::Documents, &package.registry().title(), now);
        if self.said.succeeded(&package.to_string(), now).is_some() {
            tracing::info!(target: PIPELINE, %package, "can be checked again");
        }
    }

    /// Records whether evidence was available for a release, if it was requested.
    fn evidence(&self, release: &ReleaseId, outcome: Outcome, unchecked: &[String], now: DateTime<Utc>) {
        let registry = release.package().registry().title();
        match unchecked.first() {
            Some(why) if outcome == Outcome::Unchecked => self.failed_at(Server::Evidence, &registry, why, now),
            None if outcome == Outcome::Clean => self.partly_answers(Server::Evidence, &registry, now),
            _ => {}
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
        self.tasks.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// ` for 3 min`; empty for a moment.
fn in_words(word: &str, length: TimeDelta) -> String {
    if length < TimeDelta::seconds(2) { String::new() } else { format!(" {word} {}", span(length)) }
}

fn key(server: Server, name: &str) -> String {
    format!("{server:?} {name}")
}

fn warn(server: Server, name: &str, why: &str, lasts: TimeDelta) {
    let (why, lasts) = (plain(why, 1000), in_words("for", lasts));
    match server {
        Server::Feed => tracing::warn!(target: PIPELINE, source = name, "cannot be read{lasts}: {why}"),
        Server::Documents => {
            tracing::warn!(target: PIPELINE, registry = name, "documents cannot be fetched{lasts}: {why}");
        }
        Server::Evidence => {
            tracing::warn!(target: PIPELINE, registry = name, "releases cannot be checked{lasts}: {why}");
        }
        Server::Log => tracing::warn!(target: PIPELINE, log = name, "cannot be read{lasts}: {why}"),
        Server::Forge => tracing::warn!(target: PIPELINE, forge = name, "does not answer{lasts}: {why}"),
    }
}

fn answers_again(server: Server, name: &str, lasted: TimeDelta) {
    let lasted = in_words("after", lasted);
    match server {
        Server::Feed => tracing::info!(target: PIPELINE, source = name, "read again{lasted}"),
        Server::Documents => {
            tracing::info!(target: PIPELINE, registry = name, "documents are there again{lasted}");
        }
        Server::Evidence => {
            tracing::info!(target: PIPELINE, registry = name, "releases can be checked again{lasted}");
        }
        Server::Log => tracing::info!(target: PIPELINE, log = name, "read again{lasted}"),
        Server::Forge => tracing::info!(target: PIPELINE, forge = name, "answers again{lasted}"),
    }
}

/// Logs a changed verdict, and each new reason for being unhealthy.
fn tell_change(before: Option<&[Finding]>, now: &[Finding]) {
    let (was, is) = (before.map(level), level(now));
    if was != Some(is) {
        let sentences: Vec<String> = now.iter().map(|finding| plain(&finding.sentence, 400)).collect();
        match is {
            None => tracing::info!("provwatch is healthy"),
            Some(Level::Limited) => tracing::info!("provwatch is healthy, but limited: {}", sentences.join("; ")),
            Some(Level::Unhealthy) => tracing::error!("provwatch is NOT healthy: {}", sentences.join("; ")),
        }
        return;
    }
    let is_known = |finding: &Finding| {
        let mut known = before.unwrap_or_default().iter();
        known.any(|known| (known.id, &known.subject) == (finding.id, &finding.subject))
    };
    for finding in now.iter().filter(|finding| finding.level == Level::Unhealthy && !is_known(finding)) {
        tracing::error!("provwatch is NOT healthy: {}", plain(&finding.sentence, 400));
    }
}

/// Takes the queue's report of every second as a heartbeat of the work loop, which runs as long as the daemon, and logs
/// the events that interest an operator.
#[derive(Debug)]
pub struct HealthProgress {
    /// Receives the heartbeats.
    pub health: Arc<Health>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Progress for HealthProgress {
    fn report(&self, step: &Step<'_>) {
        match step {
            Step::Working { .. } | Step::Portion { .. } => self.health.heartbeat("work", self.clock.steady()),
            Step::Downloaded { log, .. } | Step::Polling { log } => {
                self.health.heartbeat(&log_task(log), self.clock.steady());
            }
            Step::LookingUp { .. } => self.health.heartbeat("logs", self.clock.steady()),
            _ => {}
        }
        log(step);
        self.tell(step);
    }
}

impl HealthProgress {
    /// Records the state of the servers behind a step.
    fn tell(&self, step: &Step<'_>) {
        let now = self.clock.now();
        match step {
            Step::Postponed { package, why } => self.health.postponed(package, why, now),
            Step::Examined { package, .. } => self.health.examined(package, now),
            Step::Recorded { release, outcome, unchecked, .. } => {
                self.health.evidence(release, *outcome, unchecked, now);
            }
            _ => {}
        }
    }
}

/// The name of a log's worker among the tasks.
pub fn log_task(log: &str) -> String {
    format!("log {log}")
}

/// The log target of the services' events.
const PIPELINE: &str = "provwatch::pipeline";

/// Text that a publisher or registry may have written goes through [`plain`].
fn log(step: &Step<'_>) {
    match step {
        Step::Page { source, events, new } => {
            tracing::debug!(target: PIPELINE, source, events, new, "read a page");
        }
        Step::Downloaded { log, progress } => {
            tracing::debug!(target: PIPELINE, log, size = progress.next, "downloaded entries");
        }
        Step::CatchingUp { log, progress } => {
            tracing::info!(target: PIPELINE, log, "catching up: {}", how_far(progress));
        }
        Step::Gap { source, why } => {
            tracing::warn!(target: PIPELINE, source, "cursor gap, comparing all watched packages: {}", plain(why, 1000));
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
        Step::LogAlert { alert } | Step::NameAlert { alert } => log_alert(alert),
        // A failure is logged with its server; the start of a check is not news.
        Step::SourceFailed { .. }
        | Step::Postponed { .. }
        | Step::Examining { .. }
        | Step::Working { .. }
        | Step::GivenUp { .. }
        | Step::Polling { .. }
        | Step::LookingUp { .. } => {}
    }
}

/// Logs an alert about a log. An informational one has the level of information.
fn log_alert(alert: &Alert) {
    let (id, severity, title) = (alert.id.to_string(), alert.severity, plain(&alert.title, 300));
    if severity > Severity::Info {
        tracing::warn!(target: PIPELINE, %severity, alert = id, "{title}");
    } else {
        tracing::info!(target: PIPELINE, %severity, alert = id, "{title}");
    }
}

fn log_release(release: &ReleaseId, outcome: Outcome, unchecked: &[String], alert: Option<&Alert>) {
    let release = plain(&release.to_string(), 200);
    if let Some((alert, of)) = alert.and_then(|alert| Some((alert, alert.repeats?))) {
        let of = of.to_string();
        tracing::info!(target: PIPELINE, release, severity = %alert.severity, repeats = of, "{}", plain(&alert.title, 300));
    } else if let Some(alert) = alert {
        tracing::warn!(target: PIPELINE, release, severity = %alert.severity, alert = alert.id.to_string(), "{}", plain(&alert.title, 300));
    } else if let Some(reason) = unchecked.first() {
        tracing::info!(target: PIPELINE, release, "could not check: {}", plain(reason, 1000));
    } else {
        tracing::debug!(target: PIPELINE, release, ?outcome, "recorded");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn a_task_is_stuck_when_it_has_not_moved_for_long() {
        let health = Health::default();
        let minutes = Duration::from_mins;
        health.heartbeat("feed", minutes(0));
        health.heartbeat("outbox", minutes(0));
        health.idle("outbox");
        assert!(health.stuck(minutes(15)).is_empty());
        assert_eq!(health.stuck(minutes(16)), ["feed".into()]);
        health.failed("feed", "reset", minutes(16));
        assert!(health.stuck(minutes(17)).is_empty(), "a restart is a move");
        assert_eq!(health.summary(), "2 tasks, 1 failed so far, the last was feed: reset");
    }

    #[test]
    fn it_is_healthy_only_by_a_recent_check_that_found_it_so() {
        let (health, minutes) = (Health::default(), Duration::from_mins);
        assert!(!health.is_healthy(minutes(0)), "nothing is known yet");
        health.judged(Vec::new(), minutes(0));
        assert!(health.is_healthy(minutes(3)) && !health.is_healthy(minutes(4)), "the check is overdue");
        health.judged(vec![finding(Level::Limited)], minutes(10));
        assert!(health.is_healthy(minutes(10)));
        health.judged(vec![finding(Level::Limited), finding(Level::Unhealthy)], minutes(11));
        assert!(!health.is_healthy(minutes(11)));
        health.judged(Vec::new(), minutes(40));
        health.heartbeat("feed", minutes(20));
        assert!(!health.is_healthy(minutes(40)), "a loop is stuck");
    }

    fn finding(level: Level) -> Finding {
        Finding {
            id: crate::health::Id::NoDaemon,
            level,
            subject: String::new(),
            sentence: "a sentence".to_owned(),
            next: String::new(),
            alert: None,
        }
    }

    #[test]
    fn a_clock_that_is_set_neither_stops_a_loop_nor_hides_one_that_stands() {
        let clock = Arc::new(ManualClock::at_text("2026-01-01T00:00:00Z"));
        let health = Arc::new(Health::default());
        let progress = HealthProgress { health: Arc::clone(&health), clock: Arc::clone(&clock) as Arc<dyn Clock> };
        for by in [TimeDelta::days(365), TimeDelta::days(-400)] {
            progress.report(&Step::Working { packages: 1 });
            clock.set(clock.now() + by);
            clock.advance(Duration::from_mins(14));
            assert!(health.stuck(clock.steady()).is_empty(), "{by}");
            clock.advance(Duration::from_mins(2));
            assert_eq!(health.stuck(clock.steady()), ["work".into()], "{by}");
        }
    }
}

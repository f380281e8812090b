//! Gathers the services' state for the health check, and raises or resolves `operation` alerts from its findings.
//! `provwatch status` prints the same findings.

use super::App;
use crate::{
    enrich::Forges,
    health::{Facts, FailingForge, Finding, Kind, LogNotFollowed, Refused},
    logwatch::NotFollowed,
    store::{LogRow, StoreError},
    upkeep::OnDisk,
};

impl App {
    /// Gives a heartbeat, checks the health of provwatch, raises an alert for every problem that has lasted for too
    /// long and resolves those whose cause is gone. Returns the findings, the worst first. They include a database that
    /// cannot be written.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn look_after(&self, kind: Kind, on_disk: &OnDisk, stuck: &[String]) -> Result<Vec<Finding>, StoreError> {
        let followed = self.logs.followed_rows()?;
        let known = self.facts(&followed, stuck)?;
        let findings = self.caretaker.look_after(kind, on_disk, known)?;
        let now = self.clock.now();
        for row in &followed {
            self.caretaker.noting(now, self.logs.check_standing(row, now))?;
        }
        Ok(findings)
    }

    /// As [`App::look_after`] within a pass.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn check_health(&self) -> Result<(), StoreError> {
        self.look_after(Kind::Once, &OnDisk::default(), &[]).map(drop)
    }

    /// Lets endpoints be tried again that are disabled: all of them if the configuration is not that of the last process,
    /// else those that were gone only for that process. To be called before the first heartbeat.
    ///
    /// # Errors
    /// The store failed.
    pub fn wake_endpoints(&self) -> Result<(), StoreError> {
        let is_new = self.caretaker.is_configured_anew()?;
        let is_of_process = |name: &str| self.subscriptions.get(name).is_some_and(|one| one.sink.is_of_the_process());
        self.caretaker.wake_endpoints(|name| is_new || is_of_process(name))
    }

    /// A pass begins: other processes then see that a process is running.
    pub(super) fn begin_pass(&self) -> Result<(), StoreError> {
        self.wake_endpoints()?;
        self.caretaker.begin_pass(self.facts(&self.logs.followed_rows()?, &[])?)
    }

    /// A pass has ended, which counts when no process is running any more.
    pub(super) fn end_pass(&self) -> Result<(), StoreError> {
        self.caretaker.end_pass(self.facts(&self.logs.followed_rows()?, &[])?)
    }

    /// The services' facts about their own health.
    fn facts(&self, followed: &[LogRow], stuck: &[String]) -> Result<Facts, StoreError> {
        let now = self.clock.now();
        let known = self.caretaker.last_facts()?;
        let logs = self.logs.facts(followed, known, now)?;
        Ok(Facts {
            logs: logs.logs,
            configured_logs: logs.configured_logs,
            left_logs: logs.left_logs,
            trust_root: Some(self.trust.standing()),
            not_followed: self.note_not_followed(),
            forges: self.failing_forges(),
            stuck: stuck.to_vec(),
            told: self.switch.as_ref().map(|switch| switch.told()).unwrap_or_default(),
            refused: self.reload.error().map(|error| Refused { since: error.since, why: error.why }),
            ..Facts::default()
        })
    }

    fn note_not_followed(&self) -> Vec<LogNotFollowed> {
        let logs = if self.logs.settings().enabled { self.logs.logs_not_followed() } else { Vec::new() };
        let note = |log: NotFollowed| LogNotFollowed { name: log.name(), why: log.why, next: log.next };
        logs.into_iter().map(note).collect()
    }

    fn failing_forges(&self) -> Vec<FailingForge> {
        let failing = self.forges.as_deref().into_iter().flat_map(Forges::failing).filter_map(|(host, failing)| {
            let failing = failing?;
            Some(FailingForge { host: host.to_owned(), since: failing.since, last: failing.last, error: failing.error })
        });
        failing.collect()
    }
}

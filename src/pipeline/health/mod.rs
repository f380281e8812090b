//! Health is data: what [`crate::health`] finds of provwatch itself becomes an alert of the kind `operation`, raised once,
//! and resolved when its cause is gone. The same findings are what `provwatch status` prints.

mod gather;
mod memory;
mod setup;

use std::process;

use chrono::{DateTime, Utc};

pub use gather::{OnDisk, runner, snapshot};
pub(super) use memory::Memory;
pub use memory::Moving;
pub use setup::{Setup, setup};

use super::{
    Pipeline, PipelineError,
    logs::{NotFollowed, logs_of},
    operation::Trouble,
};
use crate::{
    enrich::Forges,
    health::{
        Check, Facts, FailingForge, Finding, Heartbeat, InUse, Kind, LockState, LogNotFollowed, Refused, Runner,
        Snapshot, Verdict, checks, judge,
    },
    store::{LogRow, RunnerRow, StoreError},
};

/// Passes of `run --once` whose times are kept.
const PASSES: usize = 4;

impl Pipeline {
    /// Gives a sign of life, judges how provwatch fares, raises an alert for everything that has lasted for too long and
    /// resolves those whose cause is gone. What was found, the worst first. That the database cannot be written is among
    /// what is found.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn look_after(&self, kind: Kind, on_disk: &OnDisk, stuck: &[String]) -> Result<Vec<Finding>, PipelineError> {
        let now = self.clock.now();
        let followed = self.followed_rows()?;
        if let Some(failure) = self.store.write_failure() {
            self.memory.writes_fail(failure.error, now);
        }
        let facts = self.facts(kind, &followed, stuck)?;
        let heartbeat = self.heartbeat(kind, facts, now);
        self.noting(now, self.write_beat(&heartbeat))?;
        let mut snapshot = self.snapshot(heartbeat, on_disk, now)?;
        for check in checks(&snapshot, now) {
            self.noting(now, self.apply(&check, now))?;
        }
        snapshot.storage.write_failure = self.memory.write_failure();
        for row in &followed {
            self.noting(now, self.check_standing(row, now))?;
        }
        Ok(judge(&snapshot, now))
    }

    /// As [`Pipeline::look_after`] within a pass.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn check_health(&self) -> Result<(), PipelineError> {
        self.look_after(Kind::Once, &OnDisk::default(), &[]).map(drop)
    }

    /// Says by which configuration this process goes, as a digest that can be compared with that of the file.
    pub fn goes_by(&self, configuration: String) {
        self.memory.goes_by(configuration);
    }

    /// A pass begins: whoever asks meanwhile is told that a process is at work.
    pub(super) fn begin_pass(&self) -> Result<(), PipelineError> {
        let now = self.clock.now();
        self.memory.begin_pass(now);
        let facts = self.facts(Kind::Once, &self.followed_rows()?, &[])?;
        self.write_beat(&self.heartbeat(Kind::Once, facts, now))
    }

    /// A pass has ended, which is what counts when nobody is at work any more.
    pub(super) fn end_pass(&self) -> Result<(), PipelineError> {
        let now = self.clock.now();
        let mut facts = self.facts(Kind::Once, &self.followed_rows()?, &[])?;
        facts.passes.push(now);
        let surplus = facts.passes.len().saturating_sub(PASSES);
        facts.passes.drain(..surplus);
        self.write_beat(&self.heartbeat(Kind::Once, facts, now))
    }

    fn snapshot(&self, heartbeat: Heartbeat, on_disk: &OnDisk, now: DateTime<Utc>) -> Result<Snapshot, StoreError> {
        let runner = Runner { lock: LockState::Held, heartbeat: Some(heartbeat) };
        let mut snapshot = snapshot(&self.store, &self.setup, Some(&self.watchlist.now()), runner, now)?;
        snapshot.storage.write_failure = self.memory.write_failure();
        snapshot.watchlist = on_disk.watchlist.clone();
        snapshot.configuration = on_disk.configuration.clone();
        snapshot.trust_files = on_disk.trust.clone();
        Ok(snapshot)
    }

    /// What only this process knows.
    fn facts(&self, kind: Kind, followed: &[LogRow], stuck: &[String]) -> Result<Facts, PipelineError> {
        let before = runner(&self.store, LockState::Held)?.heartbeat;
        let now = self.clock.now();
        // A restart is not a move.
        let moved_before = before.as_ref().and_then(|before| before.facts.moved_at).filter(|at| *at <= now);
        let known = before.as_ref().map(|before| before.facts.clone()).unwrap_or_default();
        let logs = logs_of(self, followed, known, now)?;
        let passes = before.filter(|before| before.kind == Kind::Once).map(|before| before.facts.passes);
        let in_use = InUse {
            watchlist: Some(self.memory.fingerprint(&self.watchlist.now())),
            configuration: self.memory.configuration(),
        };
        Ok(Facts {
            passes: passes.filter(|_| kind == Kind::Once).unwrap_or_default(),
            moved_at: self.memory.moved_at().max(moved_before),
            write_failure: self.memory.write_failure(),
            in_use,
            logs: logs.logs,
            configured_logs: logs.configured_logs,
            left_logs: logs.left_logs,
            trust_root: Some(self.trust.standing()),
            not_followed: self.note_not_followed(),
            forges: self.failing_forges(),
            stuck: stuck.to_vec(),
            refused: self.reload_error().map(|error| Refused { since: error.since, why: error.why }),
            clock: self.wall_clock.compared(),
        })
    }

    fn note_not_followed(&self) -> Vec<LogNotFollowed> {
        let logs = if self.follows_logs() { self.logs_not_followed() } else { Vec::new() };
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

    fn heartbeat(&self, kind: Kind, facts: Facts, now: DateTime<Utc>) -> Heartbeat {
        let started_at = match kind {
            Kind::Daemon => self.wall_clock.began(),
            Kind::Once => self.memory.pass_began().unwrap_or(now),
        };
        let stored = self.store.runner().ok().flatten();
        let first_at = stored.map_or(started_at, |row| row.first_at.min(started_at));
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Heartbeat { kind, pid: process::id(), version, first_at, started_at, beat_at: now, facts }
    }

    fn write_beat(&self, heartbeat: &Heartbeat) -> Result<(), PipelineError> {
        let row = RunnerRow {
            kind: heartbeat.kind.as_str().to_owned(),
            pid: heartbeat.pid,
            version: heartbeat.version.clone(),
            first_at: heartbeat.first_at,
            started_at: heartbeat.started_at,
            beat_at: heartbeat.beat_at,
            facts: serde_json::to_string(&heartbeat.facts).unwrap_or_default(),
        };
        Ok(self.store.beat(&row)?)
    }

    /// Takes note of a write that failed. Only damage of the whole file ends more than this look.
    fn noting(&self, now: DateTime<Utc>, outcome: Result<(), PipelineError>) -> Result<(), PipelineError> {
        match outcome {
            // Whoever works off the queue sets it aside and tells of it; the next look finds it sound.
            Err(PipelineError::Store(StoreError::DamagedRow { .. })) => Ok(()),
            Err(PipelineError::Store(error)) if !matches!(error, StoreError::Damaged { .. }) => {
                self.memory.write_failed(&error, now);
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Raises or resolves what a check says.
    fn apply(&self, Check { key, verdict }: &Check, now: DateTime<Utc>) -> Result<(), PipelineError> {
        match verdict {
            Verdict::Found(finding) => {
                if let Some(alarm) = &finding.alert {
                    self.troubles.record(&trouble(key, alarm), now)?;
                }
            }
            Verdict::Unclear => {}
            Verdict::Over(reason) => self.troubles.resolve_subject(key, reason, now)?,
        }
        Ok(())
    }
}

fn trouble(key: &str, alarm: &crate::health::Alarm) -> Trouble {
    Trouble {
        subject: key.to_owned(),
        severity: alarm.severity,
        confidence: alarm.confidence,
        title: alarm.title.clone(),
        argument: alarm.argument.clone(),
    }
}

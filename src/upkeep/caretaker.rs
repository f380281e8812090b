//! Writes the heartbeat of a process, and turns findings of [`crate::health`] into alerts of the kind `operation`. An
//! alert is raised once, and resolved when its cause is gone.

use std::{process, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    gather::{OnDisk, runner, snapshot},
    issues::{OperationalIssue, OperationalIssues},
    memory::Memory,
    setup::Setup,
    wall_clock::WallClock,
};
use crate::{
    clock::Clock,
    health::{Check, Facts, Finding, Heartbeat, InUse, Kind, LockState, Runner, Snapshot, Verdict, checks, judge},
    store::{RunnerRow, Store, StoreError},
    watchlist,
};

/// Passes of `run --once` whose times are kept.
const PASSES: usize = 4;

/// Looks after provwatch itself. The facts of other services about their health come as [`Facts`]; the passes, the last
/// progress, the last failed write, the files in use and the clock are filled in here.
#[derive(Debug)]
pub struct Caretaker {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub watchlist: Arc<watchlist::InUse>,
    pub setup: Setup,
    pub memory: Memory,
    pub issues: Arc<OperationalIssues>,
    pub wall_clock: Arc<WallClock>,
}

impl Caretaker {
    /// Gives a heartbeat, judges the health of provwatch, raises an alert for every problem that has lasted for too
    /// long and resolves those whose cause is gone. Returns the findings, the worst first. A database that cannot be
    /// written is one of them.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn look_after(&self, kind: Kind, on_disk: &OnDisk, known: Facts) -> Result<Vec<Finding>, StoreError> {
        let now = self.clock.now();
        if let Some(failure) = self.store.write_failure() {
            self.memory.writes_fail(failure.error, now);
        }
        let heartbeat = self.heartbeat(kind, known, now)?;
        self.noting(now, self.write_beat(&heartbeat))?;
        self.noting(now, self.store.open_what_ended(now).map(drop))?;
        let mut snapshot = self.snapshot(heartbeat, on_disk, now)?;
        for check in checks(&snapshot, now) {
            self.noting(now, self.apply(&check, now))?;
        }
        snapshot.storage.write_failure = self.memory.write_failure();
        Ok(judge(&snapshot, now))
    }

    /// Sets the configuration that this process uses, as a digest that can be compared with that of the file.
    pub fn goes_by(&self, configuration: String) {
        self.memory.goes_by(configuration);
    }

    /// Whether the configuration is not that of the last process: an operator may have corrected an address. To be asked
    /// before the first heartbeat.
    ///
    /// # Errors
    /// The store failed.
    pub fn is_configured_anew(&self) -> Result<bool, StoreError> {
        let (before, now) = (self.last_facts()?.in_use.configuration, self.memory.configuration());
        Ok(before.is_some() && now.is_some() && before != now)
    }

    /// Lets disabled endpoints be tried again, those of subscriptions with such a name.
    ///
    /// # Errors
    /// The store failed.
    pub fn wake_endpoints(&self, which: impl Fn(&str) -> bool) -> Result<(), StoreError> {
        for subscription in self.store.wake_endpoints(which, self.clock.now())? {
            tracing::info!(subscription, "its endpoint was disabled, and is tried again");
        }
        Ok(())
    }

    /// Stores that a pass begins, so that `status` reports a working process meanwhile.
    ///
    /// # Errors
    /// The store failed.
    pub fn begin_pass(&self, known: Facts) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.memory.begin_pass(now);
        self.write_beat(&self.heartbeat(Kind::Once, known, now)?)
    }

    /// Stores that a pass has ended, which counts while no process works.
    ///
    /// # Errors
    /// The store failed.
    pub fn end_pass(&self, known: Facts) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut heartbeat = self.heartbeat(Kind::Once, known, now)?;
        let passes = &mut heartbeat.facts.passes;
        passes.push(now);
        let surplus = passes.len().saturating_sub(PASSES);
        passes.drain(..surplus);
        self.write_beat(&heartbeat)
    }

    /// The facts of the last heartbeat, of this process or another.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn last_facts(&self) -> Result<Facts, StoreError> {
        Ok(self.last_beat()?.map(|before| before.facts).unwrap_or_default())
    }

    /// Notes a failed write. Only damage of the whole file is returned as an error.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn noting(&self, now: DateTime<Utc>, outcome: Result<(), StoreError>) -> Result<(), StoreError> {
        match outcome {
            // The process that works on the queue sets the row aside and reports it; the next check finds it sound.
            Err(StoreError::DamagedRow { .. }) => Ok(()),
            Err(error) if !matches!(error, StoreError::Damaged { .. }) => {
                self.memory.write_failed(&error, now);
                Ok(())
            }
            outcome => outcome,
        }
    }

    fn last_beat(&self) -> Result<Option<Heartbeat>, StoreError> {
        Ok(runner(&self.store, LockState::Held)?.heartbeat)
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

    fn heartbeat(&self, kind: Kind, known: Facts, now: DateTime<Utc>) -> Result<Heartbeat, StoreError> {
        let before = self.last_beat()?;
        let started_at = match kind {
            Kind::Daemon => self.wall_clock.began(),
            Kind::Once => self.memory.pass_began().unwrap_or(now),
        };
        let first_at = before.as_ref().map_or(started_at, |before| before.first_at.min(started_at));
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let facts = self.facts(kind, known, before, now);
        Ok(Heartbeat { kind, pid: process::id(), version, first_at, started_at, beat_at: now, facts })
    }

    /// The given facts, with those that only this process and the heartbeat before have.
    fn facts(&self, kind: Kind, known: Facts, before: Option<Heartbeat>, now: DateTime<Utc>) -> Facts {
        // A restart is not progress.
        let moved_before = before.as_ref().and_then(|before| before.facts.moved_at).filter(|at| *at <= now);
        let of_passes = before.filter(|before| kind == Kind::Once && before.kind == Kind::Once);
        Facts {
            passes: of_passes.map(|before| before.facts.passes).unwrap_or_default(),
            moved_at: self.memory.moved_at().max(moved_before),
            write_failure: self.memory.write_failure(),
            in_use: InUse {
                watchlist: Some(self.memory.fingerprint(&self.watchlist.now())),
                configuration: self.memory.configuration(),
            },
            clock: self.wall_clock.compared(),
            ..known
        }
    }

    fn write_beat(&self, heartbeat: &Heartbeat) -> Result<(), StoreError> {
        self.store.beat(&RunnerRow {
            kind: heartbeat.kind.as_str().to_owned(),
            pid: heartbeat.pid,
            version: heartbeat.version.clone(),
            first_at: heartbeat.first_at,
            started_at: heartbeat.started_at,
            beat_at: heartbeat.beat_at,
            facts: serde_json::to_string(&heartbeat.facts).unwrap_or_default(),
        })
    }

    /// Raises or resolves the alert of a check.
    fn apply(&self, Check { key, verdict }: &Check, now: DateTime<Utc>) -> Result<(), StoreError> {
        match verdict {
            Verdict::Found(finding) => {
                if let Some(alarm) = &finding.alert {
                    self.issues.record_beside(alarm.about.as_deref(), &OperationalIssue::of(key, alarm), now)?;
                }
            }
            Verdict::Unclear => {}
            Verdict::Over(reason) => self.issues.resolve_subject(key, reason, now)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, time::Duration};

    use super::*;
    use crate::{
        app::setup,
        clock::ManualClock,
        config::Config,
        deliver::Subscriptions,
        health::{FailingForge, Id},
        http::{Client, ScriptedTransport},
        model::{Alert, AlertAction, AlertKind, AlertStatus, Confidence, Fingerprint, Resolution, Severity},
        progress::NoProgress,
        store::Acting,
        upkeep::memory::Moving,
        watchlist::Watchlist,
    };

    fn caretaker(clock: &Arc<ManualClock>) -> Caretaker {
        let config = Config::parse("[trust]\nsource = \"embedded\"", Path::new("test.toml")).unwrap();
        let store = Arc::new(Store::in_memory().unwrap());
        let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
        let http = Client::new(Arc::new(ScriptedTransport::new()), Arc::clone(&clock));
        let moving = Moving::over(Arc::new(NoProgress), Arc::clone(&clock));
        Caretaker {
            watchlist: Arc::new(watchlist::InUse::new(Watchlist::default())),
            setup: setup(&config),
            memory: Memory::of(&moving),
            issues: Arc::new(OperationalIssues::new(Arc::clone(&store), Arc::new(Subscriptions::default()))),
            wall_clock: Arc::new(WallClock::starting(Arc::clone(&store), Arc::clone(&clock), http)),
            store,
            clock,
        }
    }

    fn noon() -> Arc<ManualClock> {
        Arc::new(ManualClock::at_text("2026-06-01T12:00:00Z"))
    }

    #[test]
    fn what_a_service_knows_is_judged_told_and_resolved_when_it_is_over() {
        let caretaker = caretaker(&noon());
        let status = || {
            let fingerprint = Fingerprint::of(AlertKind::Operation, "stuck loops");
            caretaker.store.alert(&fingerprint).unwrap().map(|alert| alert.status)
        };
        let look = |stuck: &[&str]| {
            let known = Facts { stuck: stuck.iter().map(ToString::to_string).collect(), ..Facts::default() };
            let found = caretaker.look_after(Kind::Daemon, &OnDisk::default(), known).unwrap();
            found.iter().any(|finding| finding.id == Id::LoopStuck)
        };
        assert!(!look(&[]));
        assert_eq!(status(), None);
        assert!(look(&["work"]));
        assert_eq!(status(), Some(AlertStatus::Open));
        assert!(!look(&[]));
        assert_eq!(status(), Some(AlertStatus::Resolved));
    }

    #[test]
    fn a_sign_of_life_says_what_was_handed_over_and_when_the_last_passes_ended() {
        let clock = noon();
        let caretaker = caretaker(&clock);
        caretaker.goes_by("a digest".to_owned());
        let since = clock.now();
        let forges =
            vec![FailingForge { host: "forge.example".to_owned(), since, last: since, error: "503".to_owned() }];
        let known = Facts { forges: forges.clone(), ..Facts::default() };
        let mut ends = Vec::new();
        for _ in 0..=PASSES {
            caretaker.begin_pass(known.clone()).unwrap();
            clock.advance(Duration::from_mins(1));
            ends.push(clock.now());
            caretaker.end_pass(known.clone()).unwrap();
        }
        let beat = caretaker.last_beat().unwrap().unwrap();
        assert_eq!((beat.kind, beat.first_at, beat.started_at), (Kind::Once, since, ends[PASSES - 1]));
        assert_eq!(beat.facts.passes, ends[1..]);
        assert_eq!(beat.facts.forges, forges);
        assert_eq!(beat.facts.in_use.configuration.as_deref(), Some("a digest"));
    }

    #[test]
    fn dead_letters_are_told_of_once_until_they_are_sent_again_or_laid_aside() {
        let clock = Arc::new(ManualClock::at_text("2026-06-01T12:00:00Z"));
        let caretaker = caretaker(&clock);
        let store = &caretaker.store;
        let fingerprint = Fingerprint::of(AlertKind::Operation, "dead letters desk");
        let round = |known: &str| {
            clock.advance(Duration::from_mins(1));
            if !known.is_empty() {
                let alert = Alert::about(
                    AlertKind::Release,
                    known,
                    Severity::High,
                    Confidence::High,
                    known.to_owned(),
                    clock.now(),
                );
                store.record_alert(&alert, &["desk".to_owned()], clock.now()).unwrap();
                store.give_up_all("desk", clock.now(), "it is no longer in the configuration").unwrap();
                clock.advance(Duration::from_mins(1));
            }
            caretaker.look_after(Kind::Daemon, &OnDisk::default(), Facts::default()).unwrap();
            store.alert(&fingerprint).unwrap().map(|alert| (alert.status, alert.title))
        };
        let one = "1 alert was never delivered to the subscription desk".to_owned();
        assert_eq!(round(""), None);
        assert_eq!(round("a"), Some((AlertStatus::Open, one.clone())));
        let two = round("b").unwrap();
        assert_eq!((two.0, two.1.starts_with("2 alerts were never")), (AlertStatus::Open, true), "the same alert");
        let action = AlertAction {
            category: Some(Resolution::Expected),
            ..AlertAction::new(AlertStatus::Resolved, "ada", "not needed", clock.now())
        };
        store.act_on(&[fingerprint], &action).unwrap();
        assert_eq!(round("").unwrap().0, AlertStatus::Resolved, "they were laid aside");
        assert_eq!(round("c"), Some((AlertStatus::Open, one)), "another one is told of");
        let acting = Acting { by: "ada".to_owned(), at: clock.now(), reason: None };
        store.retry_deliveries(&[1, 2, 3], &["desk".to_owned()].into(), &acting).unwrap();
        assert_eq!(round("").unwrap().0, AlertStatus::Resolved, "they are sent again");
    }

    #[test]
    fn a_configuration_is_new_if_the_last_process_had_another() {
        let clock = Arc::new(ManualClock::at_text("2026-06-01T12:00:00Z"));
        let caretaker = caretaker(&clock);
        let mut found = Vec::new();
        for configuration in ["a digest", "a digest", "another digest", "another digest"] {
            caretaker.goes_by(configuration.to_owned());
            found.push(caretaker.is_configured_anew().unwrap());
            caretaker.look_after(Kind::Daemon, &OnDisk::default(), Facts::default()).unwrap();
        }
        assert_eq!(found, [false, false, true, false]);
    }
}

//! Passes over what is due: the queue of packages, and everything once.

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, stream};

use super::{Examined, Pipeline, PipelineError, Source, Step, health::MANY, logs::Poll, operation, panic::caught};
use crate::{
    clock::{horizon, is_due},
    model::Package,
    registry::RegistryError,
    store::{LONGEST_WAIT, StoreError, Work},
};

/// How long to wait before a package is tried again after a failure, by how often it has failed.
const RETRY_MINUTES: [i64; 6] = [1, 3, 10, 30, 120, 360];
/// The registries' replicas lag their feeds by up to ten seconds or so.
const STALE_SECONDS: [i64; 4] = [1, 3, 10, 30];

/// From so many failures on, and after about three quarters of an hour, a package that cannot be looked at is an alert.
const FAILING: u32 = 5;
const FAILING_FOR: TimeDelta = TimeDelta::minutes(40);
/// No wait that a server asks for is shorter or longer than this: it must neither be asked without pause nor silence a
/// package.
const ASKED_SECONDS: (i64, i64) = (10, LONGEST_WAIT.num_seconds());

/// Most releases whose evidence is asked for again in one pass.
const RECHECKS: usize = 1000;

/// What a pass over the queue came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkPass {
    /// Packages looked at.
    pub packages: usize,
    /// Releases and alerts.
    pub examined: Examined,
    /// Packages put off because something failed.
    pub postponed: usize,
}

/// What one full pass came to.
#[derive(Clone, Debug, Default)]
pub struct PassSummary {
    /// The queue.
    pub work: WorkPass,
    /// Sources that could not be read, with the reason.
    pub failed_sources: Vec<(&'static str, String)>,
    /// What came of the logs, by name.
    pub logs: Vec<(String, Poll)>,
    /// Alerts delivered.
    pub delivered: usize,
    /// Deliveries that failed and will be tried again, or were given up.
    pub undelivered: usize,
}

impl Pipeline {
    /// Queues every package that the watchlist names and the store does not know yet.
    ///
    /// # Errors
    /// The store failed.
    pub fn enqueue_unknown(&self) -> Result<usize, PipelineError> {
        let now = self.clock.now();
        let known: BTreeSet<Package> = self.store.packages()?.into_iter().map(|row| row.package).collect();
        let watchlist = self.watchlist();
        let unknown: Vec<Package> = watchlist
            .packages()
            .map(|(package, _)| package)
            .filter(|package| self.registries.contains_key(&package.ecosystem()) && !known.contains(package))
            .cloned()
            .collect();
        self.store.remind(&unknown, "first sight", now)?;
        Ok(unknown.len())
    }

    /// Looks at every package that is due, several at a time, until none is.
    ///
    /// # Errors
    /// The store failed.
    pub async fn work(&self) -> Result<WorkPass, PipelineError> {
        let mut pass = WorkPass::default();
        loop {
            self.follow_clock()?;
            self.enqueue_rechecks()?;
            let due = self.store.due_work(self.clock.now(), 4 * self.settings.concurrency)?;
            if due.is_empty() {
                return Ok(pass);
            }
            self.examine_all(due, &mut pass).await?;
        }
    }

    /// Looks at these packages now, whatever else is queued.
    ///
    /// # Errors
    /// The store failed.
    pub async fn work_on(&self, packages: &BTreeSet<Package>, reason: &str) -> Result<WorkPass, PipelineError> {
        let now = self.clock.now();
        self.store.enqueue(&packages.iter().cloned().collect::<Vec<_>>(), reason, now)?;
        let mut due = self.store.due_work(now, usize::MAX)?;
        due.retain(|work| packages.contains(&work.package));
        let mut pass = WorkPass::default();
        self.examine_all(due, &mut pass).await?;
        Ok(pass)
    }

    async fn examine_all(&self, due: Vec<Work>, pass: &mut WorkPass) -> Result<(), PipelineError> {
        let mut outcomes = stream::iter(due)
            .map(|work| async move { self.try_examine(&work).await })
            .buffer_unordered(self.settings.concurrency);
        while let Some(outcome) = outcomes.next().await {
            match outcome? {
                Some(examined) => pass.add(examined),
                None => pass.postponed += 1,
            }
        }
        Ok(())
    }

    /// Looks at a package; a registry's failure, or a panic, puts it off and is not an error.
    async fn try_examine(&self, work: &Work) -> Result<Option<Examined>, PipelineError> {
        let error = match caught(self.examine(work)).await {
            Ok(examined) => {
                self.note_recovery(work)?;
                return Ok(Some(examined));
            }
            Err(error) if concerns_package_only(&error) => error,
            Err(error) => return Err(error),
        };
        let why = super::with_causes(&error);
        let now = self.clock.now();
        self.store.postpone(work, again_at(&error, work.attempts, now), &why)?;
        self.progress.report(&Step::Postponed { package: &work.package, why: &why });
        if !matches!(error, PipelineError::Registry(RegistryError::Stale { .. })) {
            self.note_failure(work, &why)?;
        }
        Ok(None)
    }

    fn note_failure(&self, work: &Work, why: &str) -> Result<(), PipelineError> {
        let now = self.clock.now();
        let attempts = work.attempts.saturating_add(1);
        let is_outage = self.store.work_summary(now)?.failing >= MANY;
        if attempts < FAILING || now - work.since < FAILING_FOR || is_outage {
            return Ok(());
        }
        self.record_operation(&operation::unreadable_package(&work.package, attempts, why), now)
    }

    fn note_recovery(&self, work: &Work) -> Result<(), PipelineError> {
        let trouble = operation::unreadable_package(&work.package, work.attempts, "");
        self.resolve_operation(&trouble, "it was looked at", self.clock.now())
    }

    /// Queues every watched package that was not compared with its registry for long: a net below the feeds.
    ///
    /// # Errors
    /// The store failed.
    pub fn enqueue_overdue(&self) -> Result<usize, PipelineError> {
        let now = self.clock.now();
        let watchlist = self.watchlist();
        let after = self.settings.reconcile_after;
        let overdue = |at: Option<DateTime<Utc>>| at.is_none_or(|at| is_due(horizon(at, after), now, after));
        let rows = self.store.packages()?.into_iter().filter(|row| overdue(row.checked_at));
        let packages: Vec<Package> = rows
            .map(|row| row.package)
            .filter(|package| {
                self.registries.contains_key(&package.ecosystem()) && watchlist.matches(package).is_some()
            })
            .collect();
        self.store.remind(&packages, "compared once in a while", now)?;
        Ok(packages.len())
    }

    fn enqueue_rechecks(&self) -> Result<(), PipelineError> {
        let now = self.clock.now();
        let due = self.store.due_rechecks(now, self.settings.longest_recheck(), RECHECKS)?;
        let packages: Vec<Package> = due.iter().map(|recheck| recheck.purl.package().clone()).collect();
        Ok(self.store.remind(&packages, "evidence could not be checked", now)?)
    }

    /// Reads every source, looks at everything that is due, looks at every log, delivers what is due.
    ///
    /// # Errors
    /// The store failed. A source's or sink's failure is part of the summary.
    pub async fn pass(&self) -> Result<PassSummary, PipelineError> {
        self.store.check_if_suspect()?;
        self.follow_clock()?;
        let mut summary = PassSummary::default();
        self.enqueue_unknown()?;
        self.enqueue_overdue()?;
        for Source { feed, .. } in &self.sources {
            match self.observe(feed.as_ref()).await {
                Ok(_) => {}
                Err(PipelineError::Store(error)) => return Err(error.into()),
                Err(error) => summary.failed_sources.push((feed.name(), super::with_causes(&error))),
            }
        }
        summary.work = self.work().await?;
        if self.follows_logs() {
            summary.logs = self.poll_logs().await?;
            self.judge_entries()?;
            self.check_named_entries().await?;
        }
        self.check_health()?;
        let delivered = self.deliver().await?;
        summary.delivered = delivered.delivered;
        summary.undelivered = delivered.retried + delivered.given_up;
        Ok(summary)
    }
}

impl WorkPass {
    fn add(&mut self, examined: Examined) {
        self.packages += 1;
        self.examined.releases += examined.releases;
        self.examined.alerts += examined.alerts;
        self.examined.unchecked += examined.unchecked;
    }
}

/// Whether an error is one package's matter. Any other failure of the store is everybody's.
fn concerns_package_only(error: &PipelineError) -> bool {
    match error {
        // The operator changed the baseline meanwhile: judging again is all that is needed. What cannot be stored is said
        // with the package that it belongs to, and does not keep the others waiting.
        PipelineError::Store(error) => {
            matches!(error, StoreError::BaselineMoved { .. } | StoreError::Unstorable { .. })
        }
        _ => true,
    }
}

fn again_at(error: &PipelineError, attempts: u32, now: DateTime<Utc>) -> DateTime<Utc> {
    let attempts = attempts as usize;
    match error {
        PipelineError::Registry(RegistryError::Http { source, .. }) => {
            now + source.retry_after().map_or_else(|| retry_after(attempts), asked)
        }
        PipelineError::Store(StoreError::BaselineMoved { .. }) => now,
        PipelineError::Registry(RegistryError::Stale { .. }) => match STALE_SECONDS.get(attempts) {
            Some(seconds) => now + TimeDelta::seconds(*seconds),
            None => now + retry_after(attempts - STALE_SECONDS.len()),
        },
        _ => now + retry_after(attempts),
    }
}

/// The wait that a server asks for, within reason.
fn asked(wait: Duration) -> TimeDelta {
    let (shortest, longest) = ASKED_SECONDS;
    TimeDelta::seconds(i64::try_from(wait.as_secs()).unwrap_or(longest).clamp(shortest, longest))
}

fn retry_after(attempts: usize) -> TimeDelta {
    TimeDelta::minutes(RETRY_MINUTES[attempts.min(RETRY_MINUTES.len() - 1)])
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use futures::future::BoxFuture;
    use url::Url;

    use super::*;
    use crate::{
        attest::{TrustMaterial, Verifier},
        clock::{Clock, ManualClock},
        config::Config,
        http::{Client, HttpError, ScriptedTransport},
        model::{Ecosystem, ReleaseId},
        pipeline::{NoProgress, Parts, assemble},
        registry::{Evidence, PackageState, Question, Registry},
        store::Store,
        watchlist::Watchlist,
    };

    /// Panics over one package, and has no other.
    #[derive(Debug)]
    struct Fragile;

    impl Registry for Fragile {
        fn ecosystem(&self) -> Ecosystem {
            Ecosystem::Npm
        }

        fn package<'a>(
            &'a self,
            _: &'a Client,
            package: &'a Package,
            _: Question<'a>,
        ) -> BoxFuture<'a, Result<PackageState, RegistryError>> {
            Box::pin(async move {
                assert_ne!(package.name(), "bomb", "a document of {} bytes", 17);
                Ok(PackageState::Gone)
            })
        }

        fn evidence<'a>(
            &'a self,
            _: &'a Client,
            _: &'a Evidence,
        ) -> BoxFuture<'a, Result<Option<bytes::Bytes>, RegistryError>> {
            Box::pin(async { Ok(None) })
        }

        fn page(&self, _: &ReleaseId) -> Url {
            "https://npm.example/".parse().unwrap()
        }
    }

    fn fragile(folder: &Path, clock: &Arc<ManualClock>) -> Pipeline {
        let watched = r#"packages = ["pkg:npm/bomb", "pkg:npm/gadget", "pkg:npm/widget"]"#;
        let config = "[trust]\nsource = \"embedded\"\n[forges]\nenabled = false\n[logs]\nenabled = false\n[daemon]\nconcurrency = 1";
        let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
        let parts = Parts {
            store: Arc::new(Store::open(&folder.join("provwatch.db")).unwrap()),
            watchlist: Watchlist::parse(watched, Path::new("watchlist.toml")).unwrap(),
            http: Client::new(Arc::new(ScriptedTransport::new()), Arc::clone(&clock)),
            verifier: Verifier::new(&TrustMaterial::embedded()),
            clock,
            progress: Arc::new(NoProgress),
        };
        let mut pipeline = assemble(&Config::parse(config, Path::new("test.toml")).unwrap(), parts).unwrap();
        pipeline.registries.insert(Ecosystem::Npm, Arc::new(Fragile));
        pipeline
    }

    #[tokio::test]
    async fn a_panic_over_one_package_puts_that_package_off_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at_text("2026-06-01T12:00:00Z"));
        let pipeline = fragile(folder.path(), &clock);
        pipeline.enqueue_unknown().unwrap();
        let pass = pipeline.work().await.unwrap();
        assert_eq!((pass.packages, pass.postponed), (2, 1));
        for attempts in 1..=6 {
            let failing = pipeline.store.failing_work(10).unwrap();
            assert_eq!((failing.len(), failing[0].attempts), (1, attempts));
            let error = failing[0].last_error.as_deref().unwrap();
            assert!(error.starts_with("internal error"), "{error}");
            assert!(error.contains("a document of 17 bytes"), "{error}");
            clock.advance(Duration::from_hours(7));
            assert_eq!(pipeline.work().await.unwrap().postponed, 1);
        }
        let alerts = pipeline.store.alerts(&crate::store::AlertFilter::default()).unwrap();
        assert_eq!(alerts.iter().map(|alert| &*alert.title).collect::<Vec<_>>(), ["pkg:npm/bomb cannot be looked at"]);
    }

    #[test]
    fn a_server_that_names_a_time_is_asked_again_then() {
        let now: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        let url = || "https://npm.example/".parse().unwrap();
        let status = |seconds: Option<u64>| HttpError::Status {
            url: url(),
            status: 503,
            attempts: 1,
            hint: String::new(),
            retry_after: seconds.map(Duration::from_secs),
        };
        let paused = |seconds| HttpError::Paused { url: url(), wait: Duration::from_secs(seconds) };
        for (error, attempts, seconds) in [
            (status(None), 0, 60),
            (status(None), 99, 6 * 60 * 60),
            (status(Some(90)), 0, 90),
            (status(Some(90)), 99, 90),
            (status(Some(0)), 0, 10),
            (status(Some(u64::MAX)), 0, 24 * 60 * 60),
            (paused(300), 2, 300),
        ] {
            let error: PipelineError = RegistryError::Http { registry: "npm", source: Box::new(error) }.into();
            assert_eq!((again_at(&error, attempts, now) - now).num_seconds(), seconds, "{error:?} {attempts}");
            assert!(again_at(&error, attempts, now) - now <= LONGEST_WAIT, "{error:?} {attempts}");
        }
    }
}

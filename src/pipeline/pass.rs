//! One pass over everything that is due, and what makes packages due that no feed announced.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{Pipeline, PipelineError, Source, WorkPass, logs::Poll};
use crate::{
    clock::{horizon, is_due},
    model::Package,
    text::with_causes,
};

/// How often packages that were not compared for long are looked for.
const RECONCILE_MOST: std::time::Duration = std::time::Duration::from_mins(10);
const RECONCILE_LEAST: std::time::Duration = std::time::Duration::from_secs(30);

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
    /// Deliveries that failed or were left for the next pass, or were given up.
    pub undelivered: usize,
}

impl Pipeline {
    /// Queues every package that the watchlist names and the store does not know yet.
    ///
    /// # Errors
    /// The store failed.
    pub fn enqueue_unknown(&self) -> Result<usize, PipelineError> {
        let now = self.clock.now();
        let forgotten = self.store.forget_work_of_others(&self.registries.keys().cloned().collect::<Vec<_>>())?;
        if forgotten > 0 {
            tracing::info!(
                packages = forgotten,
                "no longer queued: their registry is not in the configuration any more"
            );
        }
        let known: BTreeSet<Package> = self.store.packages()?.into_iter().map(|row| row.package).collect();
        let watchlist = self.watchlist.now();
        let unknown: Vec<Package> = watchlist
            .packages()
            .map(|(package, _)| package)
            .filter(|package| self.registries.has(package) && !known.contains(package))
            .cloned()
            .collect();
        self.store.remind(&unknown, "first sight", now)?;
        Ok(unknown.len())
    }

    /// Queues every watched package that was not compared with its registry for long: a net below the feeds.
    ///
    /// # Errors
    /// The store failed.
    pub fn enqueue_overdue(&self) -> Result<usize, PipelineError> {
        let now = self.clock.now();
        let watchlist = self.watchlist.now();
        let usual = self.settings.reconcile_after;
        let of_registry =
            |package: &Package| self.registries.polled().get(&package.registry()).map_or(usual, |polled| polled.every);
        let after = |package: &Package| if package.is_public() { usual } else { of_registry(package) };
        let overdue = |at: Option<DateTime<Utc>>, after| at.is_none_or(|at| is_due(horizon(at, after), now, after));
        let rows = self.store.packages()?.into_iter().filter(|row| overdue(row.checked_at, after(&row.package)));
        let packages: Vec<Package> = rows
            .map(|row| row.package)
            .filter(|package| self.registries.has(package) && watchlist.matches(package).is_some())
            .collect();
        self.store.remind(&packages, "compared once in a while", now)?;
        Ok(packages.len())
    }

    /// How often to look for what is overdue: several times in the shortest interval of a registry without a feed.
    pub fn reconcile_interval(&self) -> std::time::Duration {
        let shortest = self.registries.polled().values().map(|polled| polled.every).min();
        let shortest = shortest.and_then(|every| every.to_std().ok()).map_or(RECONCILE_MOST, |every| every / 3);
        shortest.clamp(RECONCILE_LEAST, RECONCILE_MOST)
    }

    /// Reads every source, looks at everything that is due, looks at every log, delivers what is due.
    ///
    /// # Errors
    /// The store failed. A source's or sink's failure is part of the summary.
    pub async fn pass(&self) -> Result<PassSummary, PipelineError> {
        self.store.check_if_suspect()?;
        self.wall_clock.follow()?;
        self.begin_pass()?;
        let mut summary = PassSummary::default();
        self.enqueue_unknown()?;
        self.enqueue_overdue()?;
        for Source { feed, .. } in &self.sources {
            match self.observe(feed.as_ref()).await {
                Ok(_) => {}
                Err(PipelineError::Store(error)) => return Err(error.into()),
                Err(error) => summary.failed_sources.push((feed.name(), with_causes(&error))),
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
        summary.undelivered = delivered.retried + delivered.given_up + delivered.left;
        if self.mender.mend()? > 0 {
            summary.delivered += self.deliver().await?.delivered;
        }
        self.end_pass()?;
        Ok(summary)
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc, time::Duration};

    use futures::future::BoxFuture;
    use url::Url;

    use super::*;
    use crate::{
        attest::{TrustMaterial, Verifier},
        clock::{Clock, ManualClock},
        config::Config,
        http::{Client, ScriptedTransport},
        model::{Ecosystem, ReleaseId},
        pipeline::{NoProgress, Parts, assembly::assemble_with, registries::Registries},
        registry::{Evidence, PackageState, Question, Registry, RegistryError},
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
        let fragile: Arc<dyn Registry> = Arc::new(Fragile);
        let registries = Registries::new([(Ecosystem::Npm.into(), fragile)].into(), [].into());
        assemble_with(&Config::parse(config, Path::new("test.toml")).unwrap(), parts, registries).unwrap()
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
}

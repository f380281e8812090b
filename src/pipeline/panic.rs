//! A panic while one thing is worked on is that thing's trouble: it is caught, named, and put off like any other failure.

use std::{any::Any, panic::AssertUnwindSafe};

use futures::FutureExt;

use super::PipelineError;

/// Does some work; a panic becomes [`PipelineError::Panic`]. Nothing half done stays behind: the store rolls back what was
/// not committed.
pub(super) async fn caught<T>(work: impl Future<Output = Result<T, PipelineError>>) -> Result<T, PipelineError> {
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    outcome.unwrap_or_else(|panic| Err(PipelineError::Panic(panic_text(panic.as_ref()))))
}

/// What a panic said.
pub fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc, time::Duration};

    use futures::future::BoxFuture;
    use url::Url;

    use crate::{
        attest::{TrustMaterial, Verifier},
        clock::{Clock, ManualClock},
        config::Config,
        http::{Client, ScriptedTransport},
        model::{Ecosystem, Package, ReleaseId},
        pipeline::{NoProgress, Parts, Pipeline, assembly::assemble_with, registries::Registries},
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

//! From the configuration to a pipeline over the real network.

use std::{io, sync::Arc};

use tokio::runtime::Runtime;

use super::{context::Context, exit::Failure, output, words};
use crate::{
    config::LogFormat,
    daemon::Lock,
    pipeline::{self, NoProgress, Parts, Pipeline, Progress},
    store::Store,
    telemetry::Logging,
    text::with_causes,
    watchlist::Watchlist,
};

impl Context {
    /// Puts the pipeline together, with the store open to write.
    ///
    /// # Errors
    /// The configuration or the watchlist is wrong, or the store cannot be used.
    pub fn pipeline(&self, progress: Arc<dyn Progress>) -> Result<Pipeline, Failure> {
        self.assembled(self.store()?, self.watchlist()?, progress)
    }

    /// A pipeline to look at logs with, which makes no store where there is none.
    ///
    /// # Errors
    /// As [`Context::pipeline`].
    pub fn pipeline_to_look(&self, watchlist: Watchlist) -> Result<Pipeline, Failure> {
        self.assembled(self.store_if_any()?, watchlist, Arc::new(NoProgress))
    }

    fn assembled(
        &self,
        store: Arc<Store>,
        watchlist: Watchlist,
        progress: Arc<dyn Progress>,
    ) -> Result<Pipeline, Failure> {
        let clock = Self::clock();
        let http = pipeline::client(&self.config, Arc::clone(&clock)).map_err(wrong)?;
        let verifier = pipeline::verifier(&self.config).map_err(wrong)?;
        let parts = Parts { store, watchlist, http, verifier, clock, progress };
        pipeline::assemble(&self.config, parts).map_err(wrong)
    }

    /// The right to be the only one that works on the database: two would tell everybody everything twice.
    ///
    /// # Errors
    /// Another process has it.
    pub fn lock(&self) -> Result<Lock, Failure> {
        Lock::take(&self.store_place()?).map_err(|error| {
            Failure::failed(error).next(
                "stop the other one first, or give this one a database of its own ([store] path); every command but \
                 `run` and `logs start` works beside a daemon",
            )
        })
    }

    /// Sends logs to standard error, as `[log]` says.
    ///
    /// # Errors
    /// The level is not one.
    pub fn start_logs(&self) -> Result<(), Failure> {
        let log = &self.config.log;
        Logging::usual(&log.level, log.format == LogFormat::Json).install().map_err(Failure::usage)
    }
}

fn wrong(error: pipeline::AssemblyError) -> Failure {
    Failure::usage(error).next("correct the configuration; `provwatch doctor` checks all of it")
}

/// What asynchronous work runs on.
///
/// # Errors
/// The operating system gives no threads.
pub fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// Refreshes the trust root before a pass. The pass goes on without: what was signed with newer keys is then said to be
/// unverifiable, not clean.
pub async fn refresh_trust(pipeline: &Pipeline) {
    if let Err(error) = pipeline.refresh_trust().await {
        output::note(format!("warning: {}", words::sentence(with_causes(&error))));
    }
}

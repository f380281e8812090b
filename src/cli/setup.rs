//! Builds the program over the real network from a configuration file.

use std::{io, sync::Arc};

use tokio::runtime::Runtime;

use super::{context::Context, exit::CliError, output, words};
use crate::{
    app::{self, App, Parts},
    attest::Verifier,
    clock::Clock,
    config::{Finding, FindingLevel, LogFormat},
    daemon::{Lock, LockError},
    detect,
    http::Client,
    progress::{NoProgress, Progress},
    store::Store,
    telemetry::Logging,
    text::with_causes,
    watchlist::Watchlist,
};

/// Everything that the program needs except the store, already validated. Nothing on the disk has changed yet: an error
/// in a secret or a list must leave the store unchanged.
pub struct Prepared {
    /// The watchlist.
    pub watchlist: Watchlist,
    pub http: Client,
    /// The verifier of signatures at the start.
    pub verifier: Verifier,
    pub clock: Arc<dyn Clock>,
}

impl Context {
    /// Reads everything that the configuration names: the watchlist, the secrets, the keys.
    ///
    /// # Errors
    /// The configuration, the watchlist or a secret is wrong.
    pub fn prepare(&self) -> Result<Prepared, CliError> {
        self.prepare_for(self.watchlist()?)
    }

    /// The same with another watchlist.
    ///
    /// # Errors
    /// The configuration or a secret is wrong.
    pub fn prepare_for(&self, watchlist: Watchlist) -> Result<Prepared, CliError> {
        let clock = Self::clock();
        let http = app::client(&self.config, Arc::clone(&clock)).map_err(wrong)?;
        let verifier = app::verifier(&self.config).map_err(wrong)?;
        app::rehearse(&self.config, &http, &clock).map_err(wrong)?;
        self.refuse_errors()?;
        Ok(Prepared { watchlist, http, verifier, clock })
    }

    /// Refuses to start with the errors that `provwatch doctor` reports.
    fn refuse_errors(&self) -> Result<(), CliError> {
        let findings = self.findings();
        let errors: Vec<String> =
            findings.iter().filter(|one| one.level == FindingLevel::Error).map(ToString::to_string).collect();
        if errors.is_empty() { Ok(()) } else { Err(wrong(errors.join("\n"))) }
    }

    /// Refuses the errors in the configuration itself, which the daemon refuses too. Secrets and other files may be readable
    /// for the daemon alone.
    ///
    /// # Errors
    /// There are such errors.
    pub fn refuse_mistakes(&self) -> Result<(), CliError> {
        let detectors: Vec<&str> = detect::abouts().map(|about| about.id).collect();
        let mistakes: Vec<String> = self.config.mistakes(&detectors).iter().map(ToString::to_string).collect();
        if mistakes.is_empty() { Ok(()) } else { Err(wrong(mistakes.join("\n"))) }
    }

    /// The errors and warnings about the configuration. A missing watchlist is reported where it is read.
    pub fn findings(&self) -> Vec<Finding> {
        let detectors: Vec<&str> = detect::abouts().map(|about| about.id).collect();
        let mut findings = self.config.check(&detectors);
        findings.retain(|finding| !finding.key.starts_with("watchlist.files"));
        findings
    }

    /// Puts the program together, with the store open to write.
    ///
    /// # Errors
    /// The configuration or the watchlist is wrong, or the store cannot be used.
    pub fn app(&self, progress: Arc<dyn Progress>) -> Result<App, CliError> {
        self.app_of(self.prepare()?, progress)
    }

    /// The same from prepared parts.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn app_of(&self, prepared: Prepared, progress: Arc<dyn Progress>) -> Result<App, CliError> {
        self.app_over(prepared, self.store()?, progress)
    }

    /// A program that only reads logs: it neither changes nor creates a store.
    ///
    /// # Errors
    /// As [`Context::app`].
    pub fn app_to_look(&self, watchlist: Watchlist) -> Result<App, CliError> {
        let prepared = self.prepare_for(watchlist)?;
        self.app_over(prepared, self.store_to_look()?, Arc::new(NoProgress))
    }

    /// The same from prepared parts, with an open store.
    ///
    /// # Errors
    /// As [`Context::app`].
    pub fn app_over(
        &self,
        Prepared { watchlist, http, verifier, clock }: Prepared,
        store: Arc<Store>,
        progress: Arc<dyn Progress>,
    ) -> Result<App, CliError> {
        let parts = Parts { store, watchlist, http, verifier, clock, progress };
        app::assemble(&self.config, parts).map_err(wrong)
    }

    /// The exclusive lock on the database: two processes would send every alert twice.
    ///
    /// # Errors
    /// Another process has it.
    pub fn lock(&self) -> Result<Lock, CliError> {
        Lock::take(&self.store_place()?).map_err(|error| match error {
            LockError::Taken { .. } => CliError::failed(error).next(
                "stop the other one first, or give this one a database of its own ([store] path); every command but \
                 `run` and `logs start` works beside a daemon",
            ),
            LockError::NotOurs { .. } | LockError::Failed { .. } => CliError::failed(error),
        })
    }

    /// Sends logs to standard error, as `[log]` configures.
    ///
    /// # Errors
    /// The level is not one.
    pub fn start_logs(&self) -> Result<(), CliError> {
        let log = &self.config.log;
        Logging::usual(&log.level, log.format == LogFormat::Json).install().map_err(CliError::usage)
    }

    /// Logs at the level of `[log]` from now on.
    ///
    /// # Errors
    /// The level is not one.
    pub fn change_log_level(&self) -> Result<(), CliError> {
        let log = &self.config.log;
        Logging::usual(&log.level, log.format == LogFormat::Json).change_level().map_err(CliError::usage)
    }

    /// Logs the files that other users may change or read and should not.
    pub fn log_exposures(&self) {
        for exposure in self.config.exposures(self.file.as_deref()) {
            tracing::warn!("{exposure}");
        }
    }
}

fn wrong(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> CliError {
    CliError::usage(error).next("correct the configuration; `provwatch doctor` checks all of it")
}

/// The runtime of asynchronous work.
///
/// # Errors
/// The operating system gives no threads.
pub fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// Refreshes the trust root before a pass. The pass goes on if that fails: signatures with newer keys are then reported
/// as unverifiable, not clean.
pub async fn refresh_trust(app: &App) {
    if let Err(error) = app.trust.refresh().await {
        output::note(format!("warning: {}", words::sentence(with_causes(&error))));
    }
}

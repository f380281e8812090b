//! Sets up a folder with configuration, watchlist, trust root and store, and runs the program on it for the demo.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use super::Scene;
use crate::{
    app::{App, Parts, PassSummary, assemble, client_over, verifier},
    cli::{context::Context, exit::CliError},
    clock::{Clock, ManualClock},
    http::Transport,
    progress::Progress,
    store::Store,
};

/// The place of the demo: a folder with a configuration, a watchlist, a trust root and a store, and the real program on
/// them. Only the network and the clock are replaced.
#[derive(Debug)]
pub struct Stage {
    clock: Arc<ManualClock>,
    app: App,
}

/// The trust root for the recording's signatures.
#[derive(Clone, Debug)]
pub struct Trust {
    /// `trusted_root.json`.
    pub root: String,
    /// npm's signing keys.
    pub npm_keys: String,
}

impl Trust {
    /// The trust root of the recording in the program.
    pub fn embedded() -> Self {
        Self {
            root: include_str!("../../../demo/trusted_root.json").to_owned(),
            npm_keys: include_str!("../../../demo/npm_keys.json").to_owned(),
        }
    }
}

/// The configuration file in the stage's folder; it names the others.
pub(super) fn config_file(folder: &Path) -> PathBuf {
    folder.join("provwatch.toml")
}

impl Stage {
    /// Sets the stage in an existing, empty folder.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn set(
        folder: &Path,
        trust: &Trust,
        transport: Arc<dyn Transport>,
        progress: impl FnOnce(&Arc<Store>) -> Arc<dyn Progress>,
    ) -> Result<Self, CliError> {
        furnish(folder, trust)?;
        let context = Context::load(Some(&config_file(folder)))?;
        let clock = Arc::new(ManualClock::at(DateTime::<Utc>::UNIX_EPOCH));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let store = context.store()?;
        let parts = Parts {
            progress: progress(&store),
            store,
            watchlist: context.watchlist()?,
            http: client_over(&context.config, transport, Arc::clone(&shared))?,
            verifier: verifier(&context.config)?,
            clock: shared,
        };
        Ok(Self { clock, app: assemble(&context.config, parts)? })
    }

    /// Runs the pass of a scene.
    ///
    /// # Errors
    /// The store failed, or the recording lacks a requested document.
    pub async fn play(&self, scene: &Scene) -> Result<PassSummary, CliError> {
        self.clock.set(scene.at);
        let summary = self.app.pass().await?;
        match summary.failed_sources.first() {
            Some((source, why)) => Err(CliError::failed(format!("reading {source}: {why}"))),
            None if summary.work.postponed > 0 => Err(CliError::failed("a package could not be checked")),
            None => Ok(summary),
        }
    }

    /// The program.
    pub fn app(&self) -> &App {
        &self.app
    }
}

fn furnish(folder: &Path, trust: &Trust) -> std::io::Result<()> {
    fs::write(config_file(folder), include_str!("../../../demo/provwatch.toml"))?;
    fs::write(folder.join("watchlist.toml"), include_str!("../../../demo/watchlist.toml"))?;
    fs::write(folder.join("trusted_root.json"), &trust.root)?;
    fs::write(folder.join("npm_keys.json"), &trust.npm_keys)
}

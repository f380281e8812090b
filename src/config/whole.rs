//! The configuration file as a whole: its reading, and the paths that follow from it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    DaemonSection, DetectorSection, ForgesSection, HeartbeatSection, HttpSection, InventorySection, LogSection,
    LogsSection, OsvSection, OwnSection, RdapSection, RegistriesSection, StoreSection, Subscription, TrustSection,
    WatchlistSection, formats, paths, routing, sinks::Section,
};
use crate::strict_toml::{self, Problems, ReadError};

/// Most bytes of a configuration file.
const MAX_BYTES: u64 = 1024 * 1024;

/// The commented file that `provwatch init` writes.
pub const TEMPLATE: &str = include_str!("template.toml");

/// The commented file that `provwatch init --service` writes: `systemd/provwatch.toml`.
pub const SERVICE_TEMPLATE: &str = include_str!("../../systemd/provwatch.toml");

/// The JSON schema of the configuration: `schema/config.schema.json`.
pub fn json_schema() -> serde_json::Value {
    strict_toml::schema::<Config>()
}

/// The configuration: everything that an operator may decide. Every key has a default, an empty file is valid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The database: releases, baselines, alerts and deliveries.
    pub store: StoreSection,
    /// Timeouts, limits and permissions on the network.
    pub http: HttpSection,
    /// The package registries.
    pub registries: RegistriesSection,
    /// The forges (GitHub, GitLab) that provwatch asks about repositories, commits, tags and runs.
    pub forges: ForgesSection,
    /// The registries of top-level domains that provwatch asks about maintainers' e-mail domains.
    pub rdap: RdapSection,
    /// The trust root: the keys and certificates that provwatch verifies signatures with.
    pub trust: TrustSection,
    /// The transparency logs that provwatch follows.
    pub logs: LogsSection,
    /// Reports of others that releases are malicious.
    pub osv: OsvSection,
    /// The packages that provwatch watches.
    pub watchlist: WatchlistSection,
    /// Your own packages and signers.
    pub own: OwnSection,
    /// The projects that use the packages.
    pub inventory: InventorySection,
    /// The receivers of alerts: one `[[subscriptions]]` table for each.
    pub subscriptions: Vec<Subscription>,
    /// Who is told regularly that the daemon is healthy.
    pub heartbeat: HeartbeatSection,
    /// Intervals and concurrency of the daemon.
    pub daemon: DaemonSection,
    /// Settings of one detector, under its id: `[detectors.odd-hours]`. `provwatch detectors list` prints the ids.
    pub detectors: BTreeMap<String, DetectorSection>,
    /// The program's own log on standard error.
    pub log: LogSection,
}

/// The reason why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("reading the configuration{}", if .0.is_not_found() { "; `provwatch init` writes one" } else { "" })]
    Read(#[source] ReadError),
    /// The file is readable but wrong.
    #[error("the configuration is not usable\n{0}")]
    Problems(Problems),
}

impl Config {
    /// Reads a configuration file. Relative paths in it are taken from its folder.
    ///
    /// # Errors
    /// No readable file of at most 1 MiB, or all errors in it.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = strict_toml::read_text(path, MAX_BYTES).map_err(ConfigError::Read)?;
        let mut config = Self::parse(&text, path).map_err(ConfigError::Problems)?;
        config.resolve(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// Parses a configuration. `origin` is the file that messages name; paths stay as they are written.
    ///
    /// # Errors
    /// All errors in it.
    pub fn parse(text: &str, origin: &Path) -> Result<Self, Problems> {
        let config: Self = strict_toml::parse(text, origin, formats::ALL)?;
        let matches: Vec<&str> = config.logs.matches.iter().map(|one| one.name.as_str()).collect();
        routing::check(&config.subscriptions, &matches, text, origin)?;
        Ok(config)
    }

    /// The database file: as configured, or below systemd's state folder, `/var/lib` for root, the user's data folder.
    pub(crate) fn store_path(&self) -> PathBuf {
        self.store.path.clone().unwrap_or_else(paths::default_store)
    }

    /// The watchlist files to read. If every registry is disabled, no package can be watched, and a missing file is not
    /// an error.
    pub(crate) fn watchlists(&self) -> Vec<PathBuf> {
        let mut files = self.watchlist.files.clone();
        files.retain(|file| self.registries.is_any_enabled() || file.exists());
        files
    }

    /// The default configuration file: `/etc/provwatch/provwatch.toml` for root, otherwise below the user's
    /// configuration folder.
    pub(crate) fn default_path() -> PathBuf {
        paths::default_config()
    }

    /// The configuration file of the service, which is root's.
    pub(crate) fn system_path() -> &'static Path {
        Path::new(paths::SYSTEM)
    }

    /// Takes relative paths from `folder`.
    fn resolve(&mut self, folder: &Path) {
        let lists = self.watchlist.files.iter_mut();
        let sections = self.store.paths_mut().chain(self.http.ca_file.as_mut());
        let trust = self.trust.paths_mut();
        let logs = self.logs.paths_mut().chain(self.forges.paths_mut()).chain(self.registries.paths_mut());
        let sinks = self.subscriptions.iter_mut().filter_map(|one| one.sink.section_mut());
        let secrets = sinks.flat_map(Section::paths_mut);
        let heartbeat = self.heartbeat.paths_mut().chain(self.own.paths_mut());
        let others = self.inventory.folder.iter_mut().chain(heartbeat).chain(&mut self.osv.source);
        for path in lists.chain(sections).chain(trust).chain(logs).chain(secrets).chain(others) {
            *path = folder.join(&*path);
        }
    }
}

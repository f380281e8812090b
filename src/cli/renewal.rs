//! Reads configuration and watchlist again while the daemon runs.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use sha2::{Digest, Sha256};

use super::{context::Context, exit::CliError, on_disk::OnDisk, setup::Prepared};
use crate::{
    app::{self, App, Parts},
    bounded,
    config::{Config, TrustSource},
    daemon::{Renewal, Renewed},
    model::Secret,
    progress::Progress,
    watchlist::Watchlist,
};

/// Most bytes that are read of a trusted file.
const MAX_TRUSTED: u64 = 16 << 20;

/// The configuration of a daemon, and its source.
pub struct Renewer {
    named: Option<PathBuf>,
    progress: Arc<dyn Progress>,
    at_work: Mutex<AtWork>,
}

/// A configuration with its files, as they were when it was loaded.
struct AtWork {
    config: Config,
    secrets: Vec<Option<Secret>>,
    trust: Vec<Option<Vec<u8>>>,
}

impl AtWork {
    fn of(config: Config) -> Self {
        // A file that was restored may have the same age and length as the one before.
        let digest = |path: &Path| Some(Sha256::digest(bounded::read(path, MAX_TRUSTED).ok()??).to_vec());
        Self {
            secrets: config.secrets().map(|secret| secret.read().ok()).collect(),
            trust: config.trust_files().map(digest).collect(),
            config,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        self.config == other.config && self.secrets == other.secrets && self.trust == other.trust
    }

    /// Whether the client of one is usable for the other. The client knows the pauses that hosts requested.
    fn has_client_of(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.config, &other.config);
        ours.http == theirs.http && ours.registries == theirs.registries && self.trust == other.trust
    }

    /// Whether the trust root of one, which may have been refreshed, is usable for the other.
    fn has_trust_of(&self, other: &Self) -> bool {
        self.config.trust == other.config.trust && self.trust == other.trust
    }
}

impl Renewer {
    /// For the configuration that the daemon starts with; `named` is its file on the command line.
    pub fn new(named: Option<&Path>, config: &Config, progress: Arc<dyn Progress>) -> Self {
        Self { named: named.map(Path::to_owned), progress, at_work: Mutex::new(AtWork::of(config.clone())) }
    }

    /// Reads everything again.
    pub fn read(&self, app: &App) -> Renewal {
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        let context = match Context::load(self.named.as_deref()) {
            Ok(context) => context,
            Err(failure) => {
                let watchlist = Watchlist::load(&at_work.config.watchlists()).ok();
                return Renewal::Refused { why: stays("configuration", &failure), watchlist };
            }
        };
        let watchlist = match context.watchlist() {
            Ok(watchlist) => watchlist,
            Err(failure) => return Renewal::Refused { why: stays("watchlist", &failure), watchlist: None },
        };
        let now = AtWork::of(context.config.clone());
        if now.is_same(&at_work) {
            return Renewal::Watchlist(watchlist);
        }
        match self.renew(&context, app, &at_work, &now) {
            Ok(renewed) => {
                context.log_exposures();
                *at_work = now;
                Renewal::Whole(Box::new(renewed))
            }
            Err(failure) => Renewal::Refused { why: stays("configuration", &failure), watchlist: Some(watchlist) },
        }
    }

    fn renew(&self, context: &Context, app: &App, old: &AtWork, new: &AtWork) -> Result<Renewed, CliError> {
        let on_disk = OnDisk::of(context);
        let Prepared { watchlist, http, verifier, clock } = context.prepare()?;
        let parts = Parts {
            store: Arc::clone(&app.store),
            watchlist,
            http: if new.has_client_of(old) { app.http.clone() } else { http },
            verifier: if new.has_trust_of(old) { app.trust.verifier().as_ref().clone() } else { verifier },
            clock,
            progress: Arc::clone(&self.progress),
        };
        let app = app::assemble(&context.config, parts)?;
        context.change_log_level()?;
        let config = &context.config;
        if let Some(configuration) = on_disk.look_beside(&app.watchlist.now()).configuration.digest {
            app.caretaker.goes_by(configuration);
        }
        Ok(Renewed {
            app,
            on_disk: Arc::new(move || on_disk.look()),
            trust_interval: trust_interval(config),
            grace: config.daemon.shutdown_grace.duration(),
            restart: needs_restart(&old.config, config),
        })
    }
}

/// How often the trust root is refreshed, or its files are read again; `None` where it is built in.
pub fn trust_interval(config: &Config) -> Option<std::time::Duration> {
    let trust = &config.trust;
    let is_read_again = trust.source != TrustSource::Embedded || trust.npm_keys.is_some();
    is_read_again.then(|| trust.refresh_interval.duration())
}

/// The changed settings that need a restart.
fn needs_restart(old: &Config, new: &Config) -> Vec<String> {
    let changes = [
        (old.store_path() != new.store_path(), "[store] path"),
        (old.log.format != new.log.format, "[log] format"),
        (old.trust.cache != new.trust.cache && old.store_path() != new.store_path(), "[trust] cache"),
    ];
    let keys = changes.into_iter().filter_map(|(is_changed, key)| is_changed.then_some(key));
    keys.map(|key| format!("{key} was changed and counts from the next start: restart the daemon")).collect()
}

fn stays(what: &str, failure: &CliError) -> String {
    let why = failure.to_string();
    let why: Vec<_> = why.lines().map(|line| line.trim().trim_start_matches("because: ")).collect();
    format!("the {what} stays as it was: {}", why.join(": "))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn parse(text: &str) -> Config {
        Config::parse(text, Path::new("provwatch.toml")).unwrap()
    }

    #[test]
    fn what_counts_only_from_the_next_start_is_named() {
        let old = parse("[store]\npath = \"/a/provwatch.db\"");
        for (new, keys) in [
            ("[store]\npath = \"/a/provwatch.db\"\n[http]\ncontact = \"a@b.example\"", &[][..]),
            ("[store]\npath = \"/b/provwatch.db\"", &["[store] path"]),
            ("[store]\npath = \"/a/provwatch.db\"\n[log]\nformat = \"json\"", &["[log] format"]),
        ] {
            let named = needs_restart(&old, &parse(new));
            assert_eq!(named.len(), keys.len(), "{named:?}");
            assert!(named.iter().zip(keys).all(|(said, key)| said.starts_with(key)), "{named:?}");
        }
    }

    #[test]
    fn a_secret_that_changed_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("provwatch.toml");
        fs::write(&path, "[forges]\ngithub_token_file = \"token\"\n").unwrap();
        let read = |token: &str| {
            fs::write(folder.path().join("token"), token).unwrap();
            AtWork::of(Config::load(&path).unwrap())
        };
        let (old, same, new) = (read("a"), read("a"), read("b"));
        assert!(old.is_same(&same) && !old.is_same(&new));
        assert!(new.has_client_of(&old) && new.has_trust_of(&old));
    }
}

//! Opens the configuration, the store and the watchlist that most commands need.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{exit::CliError, output};
use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    detect,
    store::{Store, StoreError},
    watchlist::Watchlist,
};

/// The configuration and where it came from.
#[derive(Debug)]
pub struct Context {
    /// The configuration.
    pub config: Config,
    /// Its file; `None` where there is none and the defaults hold.
    pub file: Option<PathBuf>,
}

impl Context {
    /// Reads the configuration: the named file, or the usual one if it exists, or the defaults.
    ///
    /// # Errors
    /// A named file that does not exist, or any that cannot be used.
    pub fn load(named: Option<&Path>) -> Result<Self, CliError> {
        let usual = Config::default_path();
        let file = match named {
            Some(path) => Some(path.to_owned()),
            None if usual.exists() => Some(usual),
            None => {
                hint_at_the_service(&usual, Config::system_path()).into_iter().for_each(output::note);
                None
            }
        };
        let config = file.as_deref().map_or_else(|| Ok(Config::default()), Config::load).map_err(CliError::usage)?;
        Ok(Self { config, file })
    }

    /// The store, to read beside the running daemon.
    ///
    /// # Errors
    /// There is none yet, or it cannot be used.
    pub fn store_to_read(&self) -> Result<Store, CliError> {
        Ok(Store::open_read_only(&self.config.store_path())?)
    }

    /// The store, to write; it is made if there is none.
    ///
    /// # Errors
    /// It cannot be made or used.
    pub fn store(&self) -> Result<Arc<Store>, CliError> {
        Ok(Arc::new(Store::open(&self.store_place()?)?))
    }

    /// The store to read, or an empty one in memory if there is none, or only one of an older version: for commands
    /// that only read, and must neither leave a database behind nor migrate one.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn store_to_look(&self) -> Result<Arc<Store>, CliError> {
        match Store::open_read_only(&self.config.store_path()) {
            Err(StoreError::Missing { .. } | StoreError::Older { .. }) => Ok(Arc::new(Store::in_memory()?)),
            opened => Ok(Arc::new(opened?)),
        }
    }

    /// The place of the store; its folder is created.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn store_place(&self) -> Result<PathBuf, CliError> {
        let path = self.config.store_path();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| CliError::failed(format!("cannot make the folder {}: {error}", folder.display())))?;
        }
        Ok(path)
    }

    /// The existing store, to change its content.
    ///
    /// # Errors
    /// There is none yet, or it cannot be used.
    pub fn store_to_change(&self) -> Result<Store, CliError> {
        let path = self.config.store_path();
        if !path.exists() {
            return Err(StoreError::Missing { path }.into());
        }
        Ok(Store::open(&path)?)
    }

    /// The watchlist.
    ///
    /// # Errors
    /// A file of it is missing or wrong.
    pub fn watchlist(&self) -> Result<Watchlist, CliError> {
        let watchlist = Watchlist::load(&self.config.watchlists()).map_err(CliError::usage)?;
        check_policies(&watchlist)?;
        Ok(watchlist)
    }

    pub fn clock() -> Arc<dyn Clock> {
        Arc::new(SystemClock)
    }
}

/// Tells an operator who is not root about the service's configuration: without it they would find an empty store.
fn hint_at_the_service(usual: &Path, system: &Path) -> Option<String> {
    let hint =
        || format!("{} does not exist; for the service's store: `--config {}`.", usual.display(), system.display());
    (usual != system && system.exists()).then(hint)
}

/// Whether every detector that a policy suppresses exists.
///
/// # Errors
/// One does not.
pub fn check_policies(watchlist: &Watchlist) -> Result<(), CliError> {
    let unknown = watchlist.quiet().find(|quiet| detect::about(&quiet.detector).is_none());
    unknown.map_or(Ok(()), |quiet| {
        let what = format!("the watchlist suppresses {:?}, which is not a detector", quiet.detector);
        Err(CliError::usage(what).next("`provwatch detectors list` has their names"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_not_root_is_told_of_the_service() {
        let folder = tempfile::tempdir().unwrap();
        let (mine, service) = (folder.path().join("mine.toml"), folder.path().join("service.toml"));
        assert_eq!(hint_at_the_service(&mine, &service), None, "there is none");
        std::fs::write(&service, "").unwrap();
        assert!(hint_at_the_service(&mine, &service).unwrap().contains(&format!("`--config {}`", service.display())));
        assert_eq!(hint_at_the_service(&service, &service), None, "root has it");
    }
}

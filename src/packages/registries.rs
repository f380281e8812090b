//! The configured registries with their readers, feeds and check intervals.

use super::error::LookError;
use std::{collections::BTreeMap, sync::Arc};

use chrono::TimeDelta;

use crate::{
    http::Client,
    model::{Package, RegistryKey},
    registry::{Feed, Known, PackageState, Question, Registry, RegistryError},
    watchlist::Watchlist,
};

/// A feed, and the wait between reads when there is nothing more to read.
#[derive(Clone, Debug)]
pub struct Source {
    /// The feed.
    pub feed: Arc<dyn Feed>,
    /// The wait.
    pub interval: std::time::Duration,
}

/// A registry without a feed: its packages are checked from time to time.
#[derive(Clone, Debug)]
pub struct Polled {
    /// Its name among the sources.
    pub source: String,
    /// How often each of its packages is checked.
    pub every: TimeDelta,
}

/// The registries that are switched on, by their keys.
#[derive(Debug)]
pub struct Registries {
    readers: BTreeMap<RegistryKey, Arc<dyn Registry>>,
    polled: BTreeMap<RegistryKey, Polled>,
}

impl Registries {
    /// Creates the set; `polled` are the readers without a feed.
    pub fn new(readers: BTreeMap<RegistryKey, Arc<dyn Registry>>, polled: BTreeMap<RegistryKey, Polled>) -> Self {
        Self { readers, polled }
    }

    /// The reader of a registry.
    ///
    /// # Errors
    /// The configuration does not have it, or switches it off.
    pub fn of(&self, key: &RegistryKey) -> Result<&dyn Registry, LookError> {
        let missing = || match key.url() {
            Some(url) => LookError::NoSuchRegistry(url.to_string()),
            None => LookError::SwitchedOff(key.ecosystem().title()),
        };
        self.reader(key).ok_or_else(missing)
    }

    /// The reader of the public registry for this one's ecosystem, unless that is switched off.
    pub fn public_of(&self, key: &RegistryKey) -> Option<&dyn Registry> {
        self.reader(&key.public())
    }

    fn reader(&self, key: &RegistryKey) -> Option<&dyn Registry> {
        self.readers.get(key).map(AsRef::as_ref)
    }

    /// Whether a package belongs to a registry that is switched on.
    pub fn has(&self, package: &Package) -> bool {
        self.readers.contains_key(&package.registry())
    }

    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = &RegistryKey> {
        self.readers.keys()
    }

    /// The registries without a feed.
    pub fn polled(&self) -> &BTreeMap<RegistryKey, Polled> {
        &self.polled
    }

    /// Queries a registry for the first watched package of it. Returns whether the registry has it; `None`: none is
    /// watched.
    ///
    /// # Errors
    /// It does not answer, or its answer is not a document.
    pub async fn ask(
        &self,
        http: &Client,
        key: &RegistryKey,
        watchlist: &Watchlist,
    ) -> Option<(Package, Result<bool, RegistryError>)> {
        let registry = self.reader(key)?;
        let package = watchlist.packages().map(|(package, _)| package).filter(|package| package.is_of(key)).min()?;
        let question = Question { known: &Known::default(), validators: None, revision: None };
        let answer = registry.package(http, package, question).await;
        Some((package.clone(), answer.map(|state| state != PackageState::Gone)))
    }
}

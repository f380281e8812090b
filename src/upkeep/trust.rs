//! Keeps the trust material fresh. The trust root is built in, read from a file, or refreshed through TUF; npm's keys
//! come with it or from a file of their own.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use chrono::{DateTime, Utc};

use crate::{
    attest::{Refreshed, TrustError, TrustMaterial, TrustUpdater, TrustedLog, Verifier},
    clock::Clock,
    http::Client,
    model::RootStanding,
    store::{Store, StoreError},
    text::with_causes,
    tlog::key_id,
};

/// The name of the trust root among the sources.
pub const TRUST_ROOT: &str = "trust-root";
/// The name of npm's keys among the sources. npm's keys are not part of the trust root, and fail separately.
pub const NPM_KEYS: &str = "npm-keys";

/// How the trust root and npm's keys are kept fresh.
#[derive(Debug)]
pub struct Freshness {
    /// The source of the trust root.
    pub root: RootFrom,
    /// The file of npm's keys; `None`: they come with the trust root.
    pub npm_keys: Option<PathBuf>,
}

/// The source from which the trust root is read again.
#[derive(Debug)]
pub enum RootFrom {
    /// None: it is the embedded one.
    Nowhere,
    /// This file.
    File(PathBuf),
    /// The repository that this updater reads.
    Tuf(TrustUpdater),
}

impl Freshness {
    /// The trust material until the first refresh.
    ///
    /// # Errors
    /// A file that cannot be used.
    pub fn first(&self) -> Result<TrustMaterial, TrustError> {
        let material = match &self.root {
            RootFrom::Nowhere => TrustMaterial::embedded(),
            RootFrom::File(root) => TrustMaterial::embedded().with_root(root)?,
            RootFrom::Tuf(updater) => updater.first(),
        };
        match &self.npm_keys {
            Some(keys) => material.with_npm_keys(keys),
            None => Ok(material),
        }
    }

    /// No refresh at all.
    #[cfg(test)]
    pub fn never() -> Self {
        Self { root: RootFrom::Nowhere, npm_keys: None }
    }

    /// Whether there is nothing to refresh.
    fn is_idle(&self) -> bool {
        matches!(self.root, RootFrom::Nowhere) && self.npm_keys.is_none()
    }

    /// Reads everything again. npm's keys do not delay the trust root: where they are unavailable, those in use stay.
    async fn renew(&self, http: &Client, in_use: TrustMaterial, now: DateTime<Utc>) -> Result<Refreshed, TrustError> {
        let refreshed = match &self.root {
            RootFrom::Nowhere => Refreshed::of(in_use),
            RootFrom::File(root) => Refreshed::of(in_use.with_root(root)?),
            RootFrom::Tuf(updater) => updater.refresh(http, now, &in_use).await?,
        };
        let Some(keys) = &self.npm_keys else { return Ok(refreshed) };
        Ok(refreshed.with_keys(|material| material.with_npm_keys(keys)))
    }
}

/// The reason why the trust root was not refreshed. The one in use stays in use.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The repository failed, or its content or a file is invalid.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The trust root in use, which all verification uses, and its refresh.
#[derive(Debug)]
pub struct TrustKeeper {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    http: Client,
    freshness: Freshness,
    verifier: RwLock<Arc<Verifier>>,
}

impl TrustKeeper {
    /// Starts with this verifier.
    pub fn new(
        store: Arc<Store>,
        clock: Arc<dyn Clock>,
        http: Client,
        freshness: Freshness,
        verifier: Verifier,
    ) -> Self {
        Self { store, clock, http, freshness, verifier: RwLock::new(Arc::new(verifier)) }
    }

    /// The verifier in use.
    pub fn verifier(&self) -> Arc<Verifier> {
        Arc::clone(&self.verifier.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the trust root and npm's keys again, where they come from TUF or from files. On a failure those in use
    /// stay in use, and the store has the error.
    ///
    /// # Errors
    /// The repository cannot be reached, or its content or a file cannot be trusted or used.
    pub async fn refresh(&self) -> Result<(), RefreshError> {
        if self.freshness.is_idle() {
            return Ok(());
        }
        let now = self.clock.now();
        let in_use = self.verifier().trust().clone();
        match self.freshness.renew(&self.http, in_use, now).await {
            Ok(Refreshed { material, npm_keys }) => {
                let verifier = Verifier::new(&material);
                tell_changes(&self.verifier(), &verifier);
                self.verify_with(verifier);
                npm_keys.map_or(Ok(()), |outcome| self.note_keys(outcome, now))?;
                Ok(self.store.source_read(TRUST_ROOT, now)?)
            }
            Err(error) => {
                self.store.source_failed(TRUST_ROOT, &with_causes(&error), now)?;
                Err(error.into())
            }
        }
    }

    /// Reads a trust root that no process has read yet, for a command that only reads: only the repository's own
    /// metadata is stored.
    ///
    /// # Errors
    /// The repository cannot be reached, or its content cannot be trusted or used.
    pub async fn have(&self) -> Result<(), TrustError> {
        if self.is_ready() {
            return Ok(());
        }
        let in_use = self.verifier().trust().clone();
        let Refreshed { material, .. } = self.freshness.renew(&self.http, in_use, self.clock.now()).await?;
        self.verify_with(Verifier::new(&material));
        Ok(())
    }

    fn verify_with(&self, verifier: Verifier) {
        *self.verifier.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(verifier);
    }

    /// The source of the trust root in use.
    pub fn standing(&self) -> RootStanding {
        self.verifier().trust().standing()
    }

    /// Whether there is a trust root to verify with. Until then a logged entry cannot be distinguished from a forged
    /// one.
    pub fn is_ready(&self) -> bool {
        self.verifier().is_ready()
    }

    fn note_keys(&self, outcome: Result<(), TrustError>, now: DateTime<Utc>) -> Result<(), StoreError> {
        let Err(error) = outcome else { return self.store.source_read(NPM_KEYS, now) };
        let why = with_causes(&error);
        tracing::warn!(target: "provwatch::pipeline", "npm's keys stay as they were: {why}");
        self.store.source_failed(NPM_KEYS, &why, now)
    }
}

/// Logs which logs a new trust root adds and drops: one that is dropped is no longer followed.
fn tell_changes(before: &Verifier, after: &Verifier) {
    let (old, new) = (before.trusted_logs(), after.trusted_logs());
    let beyond = |logs: &[TrustedLog], others: &[TrustedLog]| -> Vec<String> {
        let is_there = |log: &&TrustedLog| others.iter().all(|other| other.spki != log.spki);
        logs.iter().filter(is_there).map(|log| format!("{} ({})", log.base_url, key_id(&log.spki))).collect()
    };
    for log in beyond(&new, &old) {
        tracing::info!(target: "provwatch::pipeline", "the trust root names a log that is new: {log}");
    }
    for log in beyond(&old, &new) {
        tracing::warn!(target: "provwatch::pipeline", "the trust root no longer names the log {log}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::ManualClock, http::ScriptedTransport};

    fn keeper(freshness: Freshness) -> TrustKeeper {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at_text("2026-06-01T12:00:00Z"));
        let http = Client::new(Arc::new(ScriptedTransport::new()), Arc::clone(&clock));
        let verifier = Verifier::new(&TrustMaterial::embedded());
        TrustKeeper::new(Arc::new(Store::in_memory().unwrap()), clock, http, freshness, verifier)
    }

    #[tokio::test]
    async fn what_is_built_in_is_not_read_again() {
        let keeper = keeper(Freshness { root: RootFrom::Nowhere, npm_keys: None });
        keeper.refresh().await.unwrap();
        assert!(keeper.is_ready());
        assert!(keeper.store.sources().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_root_that_cannot_be_read_again_leaves_the_one_in_use_and_the_store_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = keeper(Freshness { root: RootFrom::File(folder.path().join("root.json")), npm_keys: None });
        let before = keeper.verifier();
        keeper.refresh().await.unwrap_err();
        assert!(Arc::ptr_eq(&before, &keeper.verifier()));
        let sources = keeper.store.sources().unwrap();
        assert_eq!(sources.iter().map(|source| &*source.name).collect::<Vec<_>>(), [TRUST_ROOT]);
        assert!(sources[0].last_error.is_some() && sources[0].last_success.is_none());
    }
}

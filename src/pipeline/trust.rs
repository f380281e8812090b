//! What signatures are verified with: the trust root that is built in, that of a file, or one kept fresh through TUF; and
//! npm's keys, which come with it or from a file of their own.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use chrono::{DateTime, Utc};

use super::{AssemblyError, PipelineError, tuf_cache};
use crate::{
    attest::{Refreshed, TrustError, TrustMaterial, TrustUpdater, TrustedLog, Verifier},
    clock::Clock,
    config::{Config, TrustSource},
    http::Client,
    model::RootStanding,
    store::{Store, StoreError},
    text::with_causes,
    tlog::key_id,
};

/// What the trust root is called among the sources.
pub const TRUST_ROOT: &str = "trust-root";
/// What npm's keys are called there. npm's keys are not part of the trust root, and fail on their own.
pub const NPM_KEYS: &str = "npm-keys";

/// The verifier that the configuration asks for. With TUF it begins with what was last in use, or with what is built in; of a
/// private repository that was never read, with nothing, until the first refresh has fetched something newer.
///
/// # Errors
/// A trust root, a key list or the beginning of a TUF repository that cannot be used.
pub fn verifier(config: &Config) -> Result<Verifier, AssemblyError> {
    // What is read again later must be usable now.
    let Freshness { root, npm_keys } = Freshness::of(config)?;
    let mut material = match root {
        RootFrom::Nowhere => TrustMaterial::embedded(),
        RootFrom::File(root) => TrustMaterial::embedded().with_root(&root).map_err(unusable)?,
        RootFrom::Tuf(updater) => updater.first(),
    };
    if let Some(keys) = &npm_keys {
        material = material.with_npm_keys(keys).map_err(unusable)?;
    }
    Ok(Verifier::new(&material))
}

fn unusable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> AssemblyError {
    AssemblyError::of("the trust root ([trust])")(error)
}

/// How the trust root and npm's keys are kept fresh.
#[derive(Debug)]
pub(super) struct Freshness {
    root: RootFrom,
    npm_keys: Option<PathBuf>,
}

/// Where the trust root is read again.
#[derive(Debug)]
enum RootFrom {
    /// Nowhere: it is the one that is built in.
    Nowhere,
    File(PathBuf),
    Tuf(TrustUpdater),
}

impl Freshness {
    pub fn of(config: &Config) -> Result<Self, AssemblyError> {
        let trust = &config.trust;
        let root = match (trust.source, &trust.trusted_root) {
            (TrustSource::Embedded, _) => RootFrom::Nowhere,
            (TrustSource::File, Some(root)) => RootFrom::File(root.clone()),
            (TrustSource::File, None) => return Err(unusable("source = \"file\" needs trusted_root")),
            (TrustSource::Tuf, _) => RootFrom::Tuf(updater(config)?),
        };
        Ok(Self { root, npm_keys: trust.npm_keys.clone() })
    }

    /// Nothing is read again.
    #[cfg(test)]
    pub fn never() -> Self {
        Self { root: RootFrom::Nowhere, npm_keys: None }
    }

    /// Whether anything is read again at all.
    fn is_idle(&self) -> bool {
        matches!(self.root, RootFrom::Nowhere) && self.npm_keys.is_none()
    }

    /// Reads everything again. npm's keys do not keep the trust root waiting: where they cannot be had, those in use stay.
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

fn updater(config: &Config) -> Result<TrustUpdater, AssemblyError> {
    let (trust, cache) = (&config.trust, tuf_cache(config));
    let url = trust.tuf_url.as_ref().map(|url| url.as_url().clone());
    match (&trust.tuf_root, url) {
        (None, url) => Ok(TrustUpdater::new(url, cache)),
        (Some(root), Some(url)) => TrustUpdater::private(url, root, &cache).map_err(unusable),
        (Some(_), None) => Err(unusable("tuf_root begins a repository of its own: say in tuf_url where it is")),
    }
}

/// The trust root in use: what everybody verifies with, and how it is kept fresh.
#[derive(Debug)]
pub(super) struct TrustKeeper {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    http: Client,
    freshness: Freshness,
    verifier: RwLock<Arc<Verifier>>,
}

impl TrustKeeper {
    /// Begins with this verifier.
    pub fn new(
        store: Arc<Store>,
        clock: Arc<dyn Clock>,
        http: Client,
        freshness: Freshness,
        verifier: Verifier,
    ) -> Self {
        Self { store, clock, http, freshness, verifier: RwLock::new(Arc::new(verifier)) }
    }

    /// What signatures are verified with now.
    pub fn verifier(&self) -> Arc<Verifier> {
        Arc::clone(&self.verifier.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the trust root and npm's keys anew, where they come from TUF or from files. On a failure those in use stay in
    /// use, and the store says so.
    ///
    /// # Errors
    /// The repository cannot be reached, or what it or a file offers cannot be trusted or used.
    pub async fn refresh(&self) -> Result<(), PipelineError> {
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

    /// Reads a trust root that no process has read yet, for a command that only looks: nothing of it is stored but the
    /// repository's own metadata.
    ///
    /// # Errors
    /// The repository cannot be reached, or what it offers cannot be trusted or used.
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

    /// Where the trust root comes from that this process uses.
    pub fn standing(&self) -> RootStanding {
        self.verifier().trust().standing()
    }

    /// Whether there is something to verify with. Until then nothing that is logged can be told from what is forged.
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

/// Says which logs a new trust root brings and drops: one that is dropped is no longer followed.
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

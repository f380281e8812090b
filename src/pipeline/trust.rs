//! What signatures are verified with: the trust root that is built in, that of a file, or one kept fresh through TUF.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError},
};

use chrono::{DateTime, Utc};

use super::{AssemblyError, Pipeline, PipelineError, tuf_cache};
use crate::{
    attest::{TrustError, TrustMaterial, TrustUpdater, Verifier},
    config::{Config, TrustSource},
};

/// What the trust root is called among the sources.
pub const TRUST_ROOT: &str = "trust-root";

/// The verifier that the configuration asks for. With TUF it begins with what is built in, until
/// [`Pipeline::refresh_trust`] has fetched something newer.
///
/// # Errors
/// A trust root or key list that cannot be used.
pub fn verifier(config: &Config) -> Result<Verifier, AssemblyError> {
    let trust = &config.trust;
    let keys = trust.npm_keys.as_deref();
    let material = match (trust.source, trust.trusted_root.as_deref()) {
        (TrustSource::File, Some(root)) => TrustMaterial::from_files(root, keys).map_err(unusable)?,
        (TrustSource::File, None) => return Err(unusable("source = \"file\" needs trusted_root")),
        (TrustSource::Embedded | TrustSource::Tuf, _) => {
            with_keys(TrustMaterial::embedded(), keys).map_err(unusable)?
        }
    };
    Ok(Verifier::new(&material))
}

fn unusable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> AssemblyError {
    AssemblyError::of("the trust root ([trust])")(error)
}

fn with_keys(material: TrustMaterial, keys: Option<&std::path::Path>) -> Result<TrustMaterial, TrustError> {
    keys.map_or(Ok(material.clone()), |keys| material.with_npm_keys(keys))
}

/// How the trust root is kept fresh.
#[derive(Debug)]
pub(super) struct Freshness {
    updater: TrustUpdater,
    npm_keys: Option<PathBuf>,
}

impl Freshness {
    /// `None` where the trust root does not come from TUF.
    pub fn of(config: &Config) -> Option<Self> {
        let trust = &config.trust;
        let mirror = trust.tuf_url.as_ref().map(|url| url.as_url().clone());
        (trust.source == TrustSource::Tuf)
            .then(|| Self { updater: TrustUpdater::new(mirror, tuf_cache(config)), npm_keys: trust.npm_keys.clone() })
    }
}

impl Pipeline {
    /// Fetches the trust root anew, where it comes from TUF. On a failure the one in use stays in use.
    ///
    /// # Errors
    /// The repository cannot be reached, or what it offers cannot be trusted or used.
    pub async fn refresh_trust(&self) -> Result<(), PipelineError> {
        let Some(freshness) = &self.freshness else { return Ok(()) };
        let now = self.clock.now();
        match self.fetch_trust(freshness, now).await {
            Ok(verifier) => {
                *self.verifier.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(verifier);
                Ok(self.store.source_read(TRUST_ROOT, now)?)
            }
            Err(error) => {
                self.store.source_failed(TRUST_ROOT, &super::with_causes(&error), now)?;
                Err(error.into())
            }
        }
    }

    async fn fetch_trust(&self, freshness: &Freshness, now: DateTime<Utc>) -> Result<Verifier, TrustError> {
        let material = freshness.updater.refresh(&self.http, now).await?;
        Ok(Verifier::new(&with_keys(material, freshness.npm_keys.as_deref())?))
    }
}

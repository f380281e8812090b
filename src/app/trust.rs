//! Builds the initial trust material and its refresh from `[trust]`.

use std::path::{Path, PathBuf};

use super::{AssemblyError, error::Anything};
use crate::{
    attest::{TrustUpdater, Verifier},
    config::{Config, TrustSource},
    upkeep::{Freshness, RootFrom},
};

/// The configured verifier. With TUF it begins with the material last used, or with the built-in one; for a private
/// repository that was never read, with none, until the first refresh.
///
/// # Errors
/// A trust root, a key list or the root metadata of a TUF repository that cannot be used.
pub fn verifier(config: &Config) -> Result<Verifier, AssemblyError> {
    // Files that are read again later must be usable now.
    let material = freshness(config)?.first().map_err(unusable)?;
    Ok(Verifier::new(&material))
}

fn unusable(error: impl Into<Anything>) -> AssemblyError {
    AssemblyError::of("the trust root ([trust])")(error)
}

/// The refresh of the trust root and npm's keys.
///
/// # Errors
/// A file that is not named, or the root metadata of a TUF repository that cannot be used.
pub(crate) fn freshness(config: &Config) -> Result<Freshness, AssemblyError> {
    let trust = &config.trust;
    let root = match (trust.source, &trust.trusted_root) {
        (TrustSource::Embedded, _) => RootFrom::Nowhere,
        (TrustSource::File, Some(root)) => RootFrom::File(root.clone()),
        (TrustSource::File, None) => return Err(unusable("source = \"file\" needs trusted_root")),
        (TrustSource::Tuf, _) => RootFrom::Tuf(updater(config)?),
    };
    Ok(Freshness { root, npm_keys: trust.npm_keys.clone() })
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

/// The folder of the TUF metadata: as configured, or `tuf` beside the database.
pub fn tuf_cache(config: &Config) -> PathBuf {
    let beside = || config.store_path().parent().unwrap_or(Path::new("")).join("tuf");
    config.trust.cache.clone().unwrap_or_else(beside)
}

//! Builds what keeps the store fit for years from `[store]`.

use super::{AssemblyError, error::Anything};
use crate::{config::Config, store::HeadSigner, upkeep::Keeping};

/// What `[store]` says about the long life of the store.
///
/// # Errors
/// A signing key that cannot be read or used.
pub(crate) fn keeping(config: &Config) -> Result<Keeping, AssemblyError> {
    Ok(Keeping {
        keep: config.store.keep.delta(),
        keep_addresses: config.store.addresses_kept(),
        signer: head_signer(config)?,
    })
}

/// The key that signs the head of the history, if one is configured.
///
/// # Errors
/// It cannot be read or used.
pub fn head_signer(config: &Config) -> Result<Option<HeadSigner>, AssemblyError> {
    let Some(source) = config.store.signing_key() else { return Ok(None) };
    let read = || -> Result<HeadSigner, Anything> { Ok(HeadSigner::from_pem(source.read_lines()?.expose())?) };
    read().map(Some).map_err(AssemblyError::of(format!("the signing key of [store] ({source})")))
}

//! Builds the folder of signed files about runs from `[own]`.

use super::{AssemblyError, logs::public_key};
use crate::{config::Config, upkeep::AllowFolder};

/// The folder, if one is configured.
///
/// # Errors
/// A key that cannot be read or used.
pub fn allow_folder(config: &Config) -> Result<Option<AllowFolder>, AssemblyError> {
    let Some(path) = config.own.allow_folder.clone() else { return Ok(None) };
    let keys = config.own.allow_keys.iter().map(|file| {
        public_key(file).map_err(AssemblyError::of(format!("the key {} ([own] allow_keys)", file.display())))
    });
    Ok(Some(AllowFolder { path, keys: keys.collect::<Result<_, _>>()? }))
}

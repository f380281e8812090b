//! Errors in reading a feed or checking a package.

use crate::{panic::Panicked, registry::RegistryError, store::StoreError};

/// The reason why a feed could not be read, or a package could not be checked. The affected package stays queued.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The registry failed.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A defect of provwatch.
    #[error(transparent)]
    Panic(#[from] Panicked),
    /// A package of an ecosystem that the configuration switches off.
    #[error("{0} is switched off in the configuration")]
    SwitchedOff(&'static str),
    /// A package of a registry that the configuration does not have.
    #[error("the configuration has no registry at {0}; it may have been taken out, or switched off")]
    NoSuchRegistry(String),
}

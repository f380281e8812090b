//! Why a step failed.

use crate::{attest::TrustError, deliver::OutboxError, registry::RegistryError, store::StoreError};

/// Why a step of the pipeline failed. Whatever it was about stays queued.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// A registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The outbox.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The trust root.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A defect of provwatch. The text is the panic's.
    #[error("internal error, please report it: {0}")]
    Panic(String),
    /// Two processes tail one log into one database.
    #[error("another process tails {0} with the same database; stop one of them")]
    TwoTails(String),
    /// What is stored of a tail does not fit together.
    #[error(
        "the stored position of {0} is damaged; restore the database from a backup, or begin anew with another one"
    )]
    DamagedTail(String),
    /// A package of an ecosystem that the configuration switches off.
    #[error("{0} is switched off in the configuration")]
    SwitchedOff(&'static str),
    /// A package of a registry that the configuration does not have.
    #[error("the configuration has no registry at {0}; it may have been taken out, or switched off")]
    NoSuchRegistry(String),
}

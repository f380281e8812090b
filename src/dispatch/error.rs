//! Errors in making deliveries.

use crate::{deliver::OutboxError, store::StoreError};

/// The reason why deliveries could not be made. Due deliveries stay due.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The outbox.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
}

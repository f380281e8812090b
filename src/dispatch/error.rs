//! Errors in making deliveries.

use crate::{deliver::OutboxError, store::StoreError};

/// Why deliveries could not be made. What is due stays due.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The outbox.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
}

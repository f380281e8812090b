//! Errors in following a log that are not the log's fault.

use crate::store::StoreError;

/// The reason why a log could not be followed, where it is not the log's fault.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Two processes tail one log into one database.
    #[error("another process tails {0} with the same database; stop one of them")]
    TwoTails(String),
    /// The stored state of a tail is inconsistent.
    #[error("the stored position of {0} is damaged; restore the database from a backup, or start over with a new one")]
    DamagedTail(String),
}

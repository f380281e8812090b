//! The reasons why a tree was not read to its end, the log's fault or ours.

use super::error::FollowError;
use crate::tlog::ReadError;

/// Why a tree was not read to its end.
#[derive(Debug)]
pub enum TreeFailure {
    /// The log, or the way to it.
    Read(ReadError),
    /// Our own side.
    Ours(FollowError),
}

impl From<ReadError> for TreeFailure {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl<E: Into<FollowError>> From<E> for TreeFailure {
    fn from(error: E) -> Self {
        Self::Ours(error.into())
    }
}

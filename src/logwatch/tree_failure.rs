//! The reasons why a tree was not read to its end: a failure of the log or of provwatch.

use super::error::FollowError;
use crate::tlog::ReadError;

/// The reason why a tree was not read to its end.
#[derive(Debug)]
pub enum TreeFailure {
    /// The log, or the network.
    Read(ReadError),
    /// A failure of provwatch itself.
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

//! Why a tree was not read to its end: the log's side of it, or ours.

use crate::{tlog::ReadError, upkeep::PipelineError};

/// Why a tree was not read to its end.
#[derive(Debug)]
pub enum Trouble {
    /// The log, or the way to it.
    Read(ReadError),
    /// Our own side.
    App(PipelineError),
}

impl From<ReadError> for Trouble {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl<E: Into<PipelineError>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::App(error.into())
    }
}

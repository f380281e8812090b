//! The reasons why a source or a report cannot be read.

use std::{
    io,
    path::{Path, PathBuf},
};

/// The reason why a folder or a zip file cannot be read. What was read before stays.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file system refused.
    #[error("reading the reports in {path}", path = path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// Neither a folder nor a zip file.
    #[error("{path} is neither a folder nor a zip file with reports of OSV", path = path.display())]
    Other {
        /// The file.
        path: PathBuf,
    },
    /// A zip file in a form that provwatch does not read.
    #[error("the zip file {path} cannot be read: {why}", path = path.display())]
    Zip {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: &'static str,
    },
}

impl SourceError {
    /// An error of the file system, for `map_err`.
    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    pub(super) fn zip(path: &Path, why: &'static str) -> Self {
        Self::Zip { path: path.to_owned(), why }
    }
}

/// The reason why a file is not a report that can be used. It concerns that file alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAReport {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// It is too large.
    #[error("it has more than {0} bytes")]
    TooLarge(u64),
    /// It is not sound JSON.
    #[error("not a report in the form of OSV: {0}")]
    Form(String),
    /// It is the report of another file.
    #[error("its id is not the name of its file")]
    OtherName,
}

//! A file of a source, with the state by which a change of it is noticed.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::entry::Entry;

/// Where a report is within its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    File(PathBuf),
    Entry(Entry),
}

/// A file of a source.
pub(super) struct NamedFile {
    /// Its name without folders.
    pub name: String,
    pub stamp: i64,
    pub place: Place,
}

/// What a step of a walk came upon.
pub(super) enum Next {
    File(NamedFile),
    /// A folder, or something that cannot be a report.
    Other,
    End,
}

impl Next {
    /// A file, if it is one.
    pub fn of(file: Option<NamedFile>) -> Self {
        file.map_or(Self::Other, Self::File)
    }
}

/// A stamp of a file's state.
pub(super) fn stamp(parts: &[u64]) -> i64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.to_be_bytes());
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    i64::from_be_bytes(first)
}

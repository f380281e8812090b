//! Walks through a folder with reports, and the folders in it.

use std::{
    fs::{self, ReadDir},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use super::{
    document::MAX_BYTES,
    error::{NotAReport, SourceError},
    file::{NamedFile, Next, Place, stamp},
};
use crate::bounded;

/// Deepest folder: the reports are in `osv/malicious/npm/@scope/name/`.
const DEPTH: usize = 12;
/// Most folders that wait: each package has one.
const WAITING: usize = 2_000_000;

/// A walk through a folder.
#[derive(Debug)]
pub(super) struct FolderWalk {
    root: PathBuf,
    waiting: Vec<(PathBuf, usize)>,
    open: Option<(ReadDir, usize)>,
}

impl FolderWalk {
    pub fn begin(root: &Path) -> Result<Self, SourceError> {
        let open = Some((fs::read_dir(root).map_err(SourceError::read(root))?, 0));
        Ok(Self { root: root.to_owned(), waiting: Vec::new(), open })
    }

    /// Goes one file or folder further.
    pub fn step(&mut self) -> Result<Next, SourceError> {
        let Some((folder, depth)) = &mut self.open else {
            let Some((next, depth)) = self.waiting.pop() else { return Ok(Next::End) };
            // A folder that went away meanwhile is empty.
            self.open = fs::read_dir(next).ok().map(|open| (open, depth));
            return Ok(Next::Other);
        };
        let depth = *depth;
        let Some(entry) = folder.next() else {
            self.open = None;
            return Ok(Next::Other);
        };
        let entry = entry.map_err(SourceError::read(&self.root))?;
        // Links are not followed: they could lead in a circle, or out of the folder.
        let Ok(kind) = entry.file_type() else { return Ok(Next::Other) };
        if kind.is_dir() && depth < DEPTH && self.waiting.len() < WAITING && !is_hidden(&entry) {
            self.waiting.push((entry.path(), depth + 1));
        }
        Ok(Next::of(if kind.is_file() { file(&entry) } else { None }))
    }
}

/// `.git` has very many files, and no report.
fn is_hidden(entry: &fs::DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

/// A file that another program is writing has a hidden name.
fn file(entry: &fs::DirEntry) -> Option<NamedFile> {
    let name = entry.file_name().into_string().ok()?;
    let about = entry.metadata().ok()?;
    let changed = about.modified().ok()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let stamp = stamp(&[about.len(), changed.as_secs(), u64::from(changed.subsec_nanos())]);
    Some(NamedFile { name, stamp, place: Place::File(entry.path()) })
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, NotAReport> {
    let read = bounded::read(path, MAX_BYTES).map_err(|error| NotAReport::Unreadable(error.to_string()))?;
    read.ok_or(NotAReport::TooLarge(MAX_BYTES))
}

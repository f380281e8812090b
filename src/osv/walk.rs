//! Walks through the reports of a source, step by step.

use std::{fs, path::Path};

use super::{
    document::is_id,
    error::{NotAReport, SourceError},
    file::{NamedFile, Next, Place},
    folder::FolderWalk,
    zip::ZipWalk,
};

/// The ending of a report's file.
const ENDING: &str = ".json";

/// A report before it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The name of its file without the ending, which is its id.
    pub id: String,
    /// The state of its file: another one if the file changed.
    pub stamp: i64,
    pub(super) place: Place,
}

/// What a step of a walk came upon.
#[derive(Debug)]
pub enum Step {
    /// A report.
    Report(Found),
    /// Something else, which is passed over.
    Other,
    /// The end.
    End,
}

/// A walk through a folder, or a zip file.
#[derive(Debug)]
pub struct Walk {
    source: Source,
    prefixes: Vec<String>,
}

#[derive(Debug)]
enum Source {
    Folder(FolderWalk),
    Zip(ZipWalk),
}

impl Walk {
    /// Begins a walk through the reports whose ids have one of these beginnings.
    ///
    /// # Errors
    /// The source cannot be read, or is neither a folder nor a zip file.
    pub fn begin(path: &Path, prefixes: &[String]) -> Result<Self, SourceError> {
        let about = fs::metadata(path).map_err(SourceError::read(path))?;
        let source = if about.is_dir() {
            Source::Folder(FolderWalk::begin(path)?)
        } else if about.is_file() {
            Source::Zip(ZipWalk::begin(path)?)
        } else {
            return Err(SourceError::Other { path: path.to_owned() });
        };
        Ok(Self { source, prefixes: prefixes.to_vec() })
    }

    /// Goes one file further.
    ///
    /// # Errors
    /// The source cannot be read any more.
    pub fn step(&mut self) -> Result<Step, SourceError> {
        let next = match &mut self.source {
            Source::Folder(walk) => walk.step()?,
            Source::Zip(walk) => walk.step()?,
        };
        Ok(match next {
            Next::File(file) => self.report(file).map_or(Step::Other, Step::Report),
            Next::Other => Step::Other,
            Next::End => Step::End,
        })
    }

    fn report(&self, file: NamedFile) -> Option<Found> {
        let id = file.name.strip_suffix(ENDING).filter(|id| is_id(id))?;
        let is_wanted = self.prefixes.iter().any(|prefix| id.starts_with(prefix.as_str()));
        is_wanted.then(|| Found { id: id.to_owned(), stamp: file.stamp, place: file.place })
    }

    /// Reads a report that a step came upon.
    ///
    /// # Errors
    /// It cannot be read. That concerns the one report.
    pub fn read(&mut self, found: &Found) -> Result<Vec<u8>, NotAReport> {
        match (&mut self.source, &found.place) {
            (Source::Folder(_), Place::File(path)) => super::folder::read(path),
            (Source::Zip(walk), Place::Entry(entry)) => walk.read(entry),
            _ => Err(NotAReport::Unreadable("it is of another source".to_owned())),
        }
    }
}

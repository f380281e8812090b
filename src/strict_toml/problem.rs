//! Problems of a document, each with line, column and key.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// How many problems are listed; of the others only the number is told. Finding the line of each takes a look at the whole
/// text before it, and a large file may be wrong in every entry.
pub(crate) const LISTED: usize = 20;

/// A place in a text, both numbers from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    pub line: usize,
    pub column: usize,
}

impl Location {
    /// The place of a byte offset; beyond the end counts as the end.
    pub fn of(text: &str, offset: usize) -> Self {
        let before = &text[..text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self { line: 1 + before.matches('\n').count(), column: 1 + before[line_start..].chars().count() }
    }
}

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Location,
    /// The key, dotted: `registries.npm.interval`; empty where there is none (a syntax error).
    pub key: String,
    /// What stands there and what was expected.
    pub what: String,
}

impl Problem {
    /// A problem.
    pub fn new(place: Location, key: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place, key: key.into(), what: what.into() }
    }
}

/// Everything that is wrong with a document; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    origin: PathBuf,
    list: Vec<Problem>,
    more: usize,
}

impl Problems {
    /// The problems of a file, put into document order.
    pub fn new(origin: &Path, mut list: Vec<Problem>) -> Self {
        list.sort_by_key(|problem| problem.place);
        let more = list.len().saturating_sub(LISTED);
        list.truncate(LISTED);
        Self { origin: origin.to_owned(), list, more }
    }

    /// The same for problems at byte offsets of the file's text: `(offset, key, what)`.
    pub(super) fn within(text: &str, origin: &Path, mut found: Vec<(usize, String, String)>) -> Self {
        found.sort_by_key(|(offset, ..)| *offset);
        let more = found.len().saturating_sub(LISTED);
        found.truncate(LISTED);
        let problem = |(offset, key, what)| Problem::new(Location::of(text, offset), key, what);
        Self { more, ..Self::new(origin, found.into_iter().map(problem).collect()) }
    }

    /// The file.
    pub fn origin(&self) -> &Path {
        &self.origin
    }

    /// The first problems, in document order, at most 20.
    pub fn list(&self) -> &[Problem] {
        &self.list
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Problem { place, key, what }) in self.list.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            let colon = if key.is_empty() { "" } else { ": " };
            write!(f, "{newline}{}:{}:{}: {key}{colon}{what}", self.origin.display(), place.line, place.column)?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "\nand {more} more problems"),
        }
    }
}

impl std::error::Error for Problems {}

//! Tells how far a long operation on the store has come.

/// A part of a long operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Copies pages.
    Copy,
    /// Checks the structure of the file.
    Structure,
    /// Compares rows with their checksums.
    Rows,
    /// Verifies the history.
    History,
    /// Hashes the file.
    Digest,
}

/// How far a long operation has come: what it does, and how much of that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// The part that is under way.
    pub part: Part,
    /// What of it is done, in units of its own.
    pub done: u64,
    /// What there is to do; 0: unknown.
    pub of: u64,
}

impl Stage {
    /// The begin of a part of unknown length.
    pub(super) const fn begin(part: Part) -> Self {
        Self { part, done: 0, of: 0 }
    }
}

/// Hears of every stage.
pub type Watcher<'a> = &'a dyn Fn(Stage);

//! The conditions that a term sets to releases and to log entries.

use super::Topic;
use crate::{
    model::{Alert, Package, ReleaseId},
    store::{Clue, EntryTrace, OwnedTrace, Trace},
};

/// What a term stands for.
#[derive(Clone, Debug, Default)]
pub(in crate::cli::lookup) struct Meaning {
    /// As it was typed.
    pub term: String,
    /// In words.
    pub what: String,
    /// What leads to its releases; empty: other conditions do.
    pub clue: Clue,
    /// What leads to releases that name it, which nothing certifies.
    pub named: Clue,
    /// What leads to its log entries; empty: log entries do not have it.
    pub entries: Vec<EntryTrace>,
    /// The package that releases have to be of.
    pub package: Option<Package>,
    /// The releases among which they have to be.
    pub among: Option<Vec<ReleaseId>>,
    /// The pattern that the name of a certificate has to fit.
    pub signed_as: Option<String>,
    /// The alert that it names.
    pub alert: Option<Alert>,
    /// What was found out about it, in sentences.
    pub notes: Vec<String>,
    /// What it is about.
    pub topics: Vec<Topic>,
}

impl Meaning {
    /// A term without conditions.
    pub fn of(typed: &str) -> Self {
        Self { term: typed.to_owned(), ..Self::default() }
    }

    /// The same in words, about something.
    #[must_use]
    pub fn being(mut self, what: impl Into<String>, topics: &[Topic]) -> Self {
        self.what = what.into();
        self.topics.extend_from_slice(topics);
        self
    }

    /// Releases that one of these traces leads to.
    #[must_use]
    pub fn by<'a>(mut self, traces: impl IntoIterator<Item = Trace<'a>>) -> Self {
        self.clue.extend(traces.into_iter().map(OwnedTrace::from));
        self
    }

    /// Releases and log entries that one of these traces leads to.
    #[must_use]
    pub fn signed_by<'a>(mut self, traces: impl IntoIterator<Item = Trace<'a>>) -> Self {
        for trace in traces.into_iter().map(OwnedTrace::from) {
            self.entries.push(EntryTrace::Signer(trace.clone()));
            self.clue.push(trace);
        }
        self
    }

    /// Log entries that one of these traces leads to.
    #[must_use]
    pub fn logged(mut self, entries: impl IntoIterator<Item = EntryTrace>) -> Self {
        self.entries.extend(entries);
        self
    }

    /// A sentence about it.
    #[must_use]
    pub fn noting(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

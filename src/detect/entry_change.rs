//! The input of a detector over transparency logs: one log entry with its surroundings.

use std::borrow::Cow;

use super::About;
use crate::model::{Baseline, LogEntry, Severity, Signal, Trait, WorkflowIdentity};

/// What there is to judge.
#[derive(Clone, Copy, Debug)]
pub enum EntryChange<'a> {
    /// Somebody who is watched signed.
    Logged(Logged<'a>),
    /// A release names an entry.
    Named(Named<'a>),
}

/// An entry by a watched identity, and what is known around it.
#[derive(Clone, Copy, Debug)]
pub struct Logged<'a> {
    /// Who signed, as the certificate says.
    pub identity: &'a WorkflowIdentity,
    /// Why no trusted authority issued the certificate; `None`: one did.
    pub not_issued: Option<&'a str>,
    /// How the packages of the repository are released.
    pub baselines: &'a [Baseline],
    /// With what the repository was seen to sign before.
    pub workflows: &'a [KnownWorkflow],
    /// Whether a release carries the entry.
    pub explained: bool,
    /// Whether a release has had its time to.
    pub late: bool,
    /// Whether the log has been followed for a short while only.
    pub learning: bool,
}

/// A workflow that a repository was seen to sign with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownWorkflow {
    /// The file, a URL without ref.
    pub workflow: String,
    /// How many entries.
    pub entries: u64,
    /// How many of them a release explains.
    pub explained: u64,
}

/// An entry that a release's attestation names, and what its log has there.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// Where it should be.
    pub entry: &'a LogEntry,
    /// What is there; `None`: nothing.
    pub found: Option<&'a str>,
    /// How often it was looked for.
    pub attempts: u32,
    /// For how many minutes.
    pub minutes: i64,
}

/// One rule over entries.
pub trait EntryDetector: Sync {
    /// What it is.
    fn about(&self) -> &'static About;

    /// What it has to say: nearly always nothing.
    fn inspect(&self, change: &EntryChange<'_>) -> Option<Signal>;
}

impl Logged<'_> {
    /// The workflow file as baselines have it: without the repository that it is in.
    pub(super) fn workflow(&self) -> Option<&str> {
        let workflow = self.identity.workflow()?;
        let repository = self.identity.claims.source_repository_uri.as_deref();
        let inside = repository.and_then(|repository| {
            let (head, tail) = workflow.split_at_checked(repository.len())?;
            head.eq_ignore_ascii_case(repository).then(|| tail.strip_prefix('/')).flatten()
        });
        Some(inside.unwrap_or(workflow))
    }

    /// The workflows that release the repository's packages.
    pub(super) fn usual(&self) -> Vec<&str> {
        let lines = self.baselines.iter().flat_map(|baseline| baseline.lines.values());
        let mut files: Vec<&str> = lines.flat_map(|line| line.words(Trait::Workflows)).map(|(file, _)| file).collect();
        files.sort_unstable();
        files.dedup();
        files
    }

    /// What was seen of this very workflow before.
    pub(super) fn known(&self) -> Option<&KnownWorkflow> {
        let workflow = self.identity.workflow()?;
        self.workflows.iter().find(|known| known.workflow == workflow)
    }

    /// While a log is new, everything in it is.
    pub(super) fn weigh(&self, severity: Severity) -> Severity {
        if self.learning { Severity::Info } else { severity }
    }
}

/// A signal of a detector over entries.
pub(super) fn signal(about: &'static About, severity: Severity, expected: String, seen: String, why: &str) -> Signal {
    let detector = Cow::Borrowed(about.id);
    Signal { detector, severity, expected, seen, since: None, why: why.to_owned(), corroborating: false }
}

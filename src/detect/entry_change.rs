//! The input of a detector over transparency logs: one log entry with its surroundings.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::{About, OwnRuns, Told};
use crate::model::{Baseline, LogEntry, Severity, Signal, Trait, WorkflowIdentity};

/// The case to judge.
#[derive(Clone, Copy, Debug)]
pub enum EntryChange<'a> {
    /// A watched identity signed an entry.
    Logged(Logged<'a>),
    /// A release names an entry.
    Named(Named<'a>),
}

/// An entry of a watched identity, and its context.
#[derive(Clone, Copy, Debug)]
pub struct Logged<'a> {
    /// The signer, as the certificate names it.
    pub identity: &'a WorkflowIdentity,
    /// The reason why no trusted authority issued the certificate; `None`: one did.
    pub not_issued: Option<&'a str>,
    /// The baselines of the repository's packages.
    pub baselines: &'a [Baseline],
    /// The workflows with which the repository was seen to sign before.
    pub workflows: &'a [KnownWorkflow],
    /// Whether a release carries the entry.
    pub explained: bool,
    /// Whether the time for such a release is over.
    pub late: bool,
    /// Whether the log has been followed only for a short time.
    pub learning: bool,
    /// For a signature of one's own repository: the runs that may explain it.
    pub own: Option<OwnEntry<'a>>,
}

/// What may explain a signature of one's own repository.
#[derive(Clone, Copy, Debug)]
pub struct OwnEntry<'a> {
    /// What the CI allowed.
    pub runs: &'a OwnRuns,
    /// What the forge said of the run.
    pub told: Told<'a>,
    /// The files of the release workflows, or globs for them. Empty: any.
    pub workflows: &'a [String],
    /// The digest that the entry covers: its algorithm, and hexadecimal digits.
    pub digest: Option<(&'a str, &'a str)>,
    /// When the entry was downloaded.
    pub seen_at: DateTime<Utc>,
}

/// A workflow with which a repository was seen to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownWorkflow {
    /// The file, a URL without ref.
    pub workflow: String,
    /// The number of its entries.
    pub entries: u64,
    /// The number of them that a release explains.
    pub explained: u64,
}

/// An entry that a release's attestation names, and the entry that its log has at that place.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// The place where it should be.
    pub entry: &'a LogEntry,
    /// The entry that is there; `None`: none.
    pub found: Option<&'a str>,
    /// The number of lookups.
    pub attempts: u32,
    /// The minutes between the first lookup and the last.
    pub minutes: i64,
}

/// One rule over entries.
pub trait EntryDetector: Sync {
    /// Its description.
    fn about(&self) -> &'static About;

    /// Its signal, if any: nearly always none.
    fn inspect(&self, change: &EntryChange<'_>) -> Option<Signal>;
}

impl Logged<'_> {
    /// The workflow file as in baselines: without the repository that it is in.
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

    /// The earlier entries of the same workflow.
    pub(super) fn known(&self) -> Option<&KnownWorkflow> {
        let workflow = self.identity.workflow()?;
        self.workflows.iter().find(|known| known.workflow == workflow)
    }

    /// While a log is new, all of its workflows are.
    pub(super) fn weigh(&self, severity: Severity) -> Severity {
        if self.learning { Severity::Info } else { severity }
    }
}

/// A signal of a detector over entries.
pub(super) fn signal(about: &'static About, severity: Severity, expected: String, seen: String, why: &str) -> Signal {
    let detector = Cow::Borrowed(about.id);
    Signal { detector, severity, expected, seen, since: None, why: why.to_owned(), corroborating: false }
}

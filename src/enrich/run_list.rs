//! The runs that a forge lists, and the choice of those that were under way at a time.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{RunFacts, fits};

/// How long before a release its run may have begun: builds wait for approvals.
const LONGEST_RUN: TimeDelta = TimeDelta::days(3);

/// The events of runs that outsiders can start, or that build what is not merged.
const OF_REQUESTS: [&str; 5] = [
    "pull_request",
    "pull_request_target",
    "pull_request_review",
    "merge_request_event",
    "external_pull_request_event",
];

/// Which runs are looked for: those of the release workflow that were under way at a time.
#[derive(Clone, Copy, Debug)]
pub struct UnderWay<'a> {
    /// The workflow files, relative to the repository, or globs for them.
    pub workflows: &'a [String],
    /// When something was published.
    pub at: DateTime<Utc>,
}

/// A run as a forge lists it.
pub(super) struct ListedRun {
    pub url: String,
    /// The workflow file, relative to the repository.
    pub workflow: Option<String>,
    /// Whether it builds the code of another repository.
    pub is_of_fork: bool,
    pub facts: RunFacts,
}

/// A page of a forge's list of runs.
pub(super) struct RunList {
    pub runs: Vec<ListedRun>,
    /// Whether the forge has more.
    pub is_cut_off: bool,
}

impl UnderWay<'_> {
    /// The earliest begin of such a run.
    pub(super) fn since(&self) -> DateTime<Utc> {
        self.at - LONGEST_RUN
    }

    /// The earliest end of such a run.
    pub(super) fn not_ended_before(&self) -> DateTime<Utc> {
        self.at - RunFacts::SKEW
    }

    /// The latest begin of such a run.
    pub(super) fn until(&self) -> DateTime<Utc> {
        self.at + RunFacts::SKEW
    }

    /// Whether it is one of the runs that are looked for. Runs of requests explain nothing: outsiders can start them, with a
    /// workflow of their own.
    pub(super) fn has(&self, run: &ListedRun) -> bool {
        let is_recent = run.facts.created_at.is_some_and(|began| self.since() <= began);
        let is_of = |file: &str| self.workflows.iter().any(|glob| fits(glob, file));
        let is_of_request = run.facts.event.as_deref().is_some_and(|event| OF_REQUESTS.contains(&event));
        let is_in_time = is_recent && run.facts.was_under_way(self.at);
        is_in_time && !run.is_of_fork && !is_of_request && run.workflow.as_deref().is_some_and(is_of)
    }
}

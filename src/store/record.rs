//! The record of one checked release, stored as a whole.

use chrono::{DateTime, Utc};

use super::{BaselineChange, Outcome, raising};
use crate::model::{Alert, Observation, ReleaseId};

/// Everything that came of looking at one release. It is stored whole or not at all.
#[derive(Clone, Debug)]
pub struct Record {
    /// The release, and what is known of it.
    pub subject: Subject,
    /// What came of it.
    pub outcome: Outcome,
    /// What could not be checked, each a sentence for people.
    pub unchecked: Vec<String>,
    /// When to look again for evidence that could not be had.
    pub recheck_at: Option<DateTime<Utc>>,
    /// Whether this goes on with a look that began in an earlier turn: it does not count as another look.
    pub goes_on: bool,
    /// The alert, if it raises one.
    pub alert: Option<Alert>,
    /// The subscriptions that want this alert, by name.
    pub subscriptions: Vec<String>,
    /// What the baseline learned, if anything.
    pub baseline: Option<BaselineChange>,
    /// The time.
    pub now: DateTime<Utc>,
}

/// What a record is about.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A release that could be read.
    Observed(Box<Observation>),
    /// One that could not.
    Unreadable {
        /// The release.
        release: ReleaseId,
        /// Why, a sentence for people.
        reason: String,
    },
}

impl Subject {
    /// The release.
    pub fn release(&self) -> &ReleaseId {
        match self {
            Self::Observed(observation) => &observation.purl,
            Self::Unreadable { release, .. } => release,
        }
    }
}

impl Record {
    /// A release that was looked at, with nothing more to say of it.
    pub fn observed(observation: Observation, outcome: Outcome, now: DateTime<Utc>) -> Self {
        Self::new(Subject::Observed(Box::new(observation)), outcome, now)
    }

    /// A release that could not be read.
    pub fn unreadable(release: ReleaseId, reason: impl Into<String>, now: DateTime<Utc>) -> Self {
        Self::new(Subject::Unreadable { release, reason: reason.into() }, Outcome::Unreadable, now)
    }

    fn new(subject: Subject, outcome: Outcome, now: DateTime<Utc>) -> Self {
        Self {
            subject,
            outcome,
            unchecked: Vec::new(),
            recheck_at: None,
            goes_on: false,
            alert: None,
            subscriptions: Vec::new(),
            baseline: None,
            now,
        }
    }

    /// Every reason why something was not checked.
    pub(super) fn reasons(&self) -> Vec<&str> {
        let unreadable = match &self.subject {
            Subject::Unreadable { reason, .. } => Some(reason.as_str()),
            Subject::Observed(_) => None,
        };
        unreadable.into_iter().chain(self.unchecked.iter().map(String::as_str)).collect()
    }
}

/// What a record changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The alert was not known before.
    pub new_alert: bool,
    /// It is to be told: it was not known, or is open again, worse or larger than it was.
    pub announced: bool,
    /// Deliveries that were put into the outbox.
    pub deliveries: usize,
    /// Baseline versions that were appended.
    pub baseline_versions: usize,
}

impl Recorded {
    pub(super) fn of(raised: &raising::Raised) -> Self {
        let raising::Raised { is_new, announced, deliveries } = *raised;
        Self { new_alert: is_new, announced, deliveries, baseline_versions: 0 }
    }
}

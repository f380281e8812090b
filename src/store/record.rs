//! The record of one checked release, stored as a whole.

use chrono::{DateTime, Utc};

use super::{BaselineChange, Outcome, raising};
use crate::model::{Alert, Development, EvidenceDocument, Observation, ReleaseId};

/// The result of checking one release. It is stored completely or not at all.
#[derive(Clone, Debug)]
pub struct Record {
    /// The release, and the known facts about it.
    pub subject: Subject,
    /// The outcome.
    pub outcome: Outcome,
    /// The reasons why it is not fully checked, each a sentence for people.
    pub unchecked: Vec<String>,
    /// When to request unavailable evidence again.
    pub recheck_at: Option<DateTime<Utc>>,
    /// Whether this continues a check that began in an earlier turn: it does not count as another check.
    pub goes_on: bool,
    /// The alert, if it raises one.
    pub alert: Option<Alert>,
    /// The subscriptions that receive this alert, by name.
    pub subscriptions: Vec<String>,
    /// What became of the release since an earlier check raised its alert.
    pub developments: Vec<Development>,
    /// The attestation documents that were fetched for it. They are kept unless the release is clean.
    pub documents: Vec<EvidenceDocument>,
    /// The baseline update, if there is one.
    pub baseline: Option<BaselineChange>,
    /// The time.
    pub now: DateTime<Utc>,
}

/// The release of a record.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A release that could be read.
    Observed(Box<Observation>),
    /// One that could not be read.
    Unreadable {
        /// The release.
        release: ReleaseId,
        /// The reason, a sentence for people.
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
    /// The record of a release that was checked, without further details.
    pub fn observed(observation: Observation, outcome: Outcome, now: DateTime<Utc>) -> Self {
        Self::new(Subject::Observed(Box::new(observation)), outcome, now)
    }

    /// The record of a release that could not be read.
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
            developments: Vec::new(),
            documents: Vec::new(),
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

/// The changes of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Whether the alert is new.
    pub new_alert: bool,
    /// Whether it is announced: it is new, or open again, worse or larger than it was.
    pub announced: bool,
    /// Deliveries that were put into the outbox.
    pub deliveries: usize,
    /// Whether a silence holds messages about the alert back.
    pub silenced: bool,
    /// Baseline versions that were appended.
    pub baseline_versions: usize,
}

impl Recorded {
    pub(super) fn of(raised: &raising::Raised, silenced: bool) -> Self {
        let raising::Raised { is_new, announced, deliveries } = *raised;
        Self { new_alert: is_new, announced, deliveries, silenced, baseline_versions: 0 }
    }
}

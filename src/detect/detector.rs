//! The interface of a detector: its documentation, its signal category, and its inspection of a release.

use super::Change;
use crate::model::{Confidence, Severity, Signal};

/// The description of a detector.
#[derive(Debug)]
pub struct About {
    /// The id, kebab-case: the file's name, the configuration key, the docs' anchor, the case folder.
    pub id: &'static str,
    /// Its title, the start of an alert's title.
    pub title: &'static str,
    /// Its title for informational signals, if that is different: evidence also rises.
    pub harmless: Option<&'static str>,
    /// The category of its signals.
    pub category: SignalCategory,
    /// The worst severity of a signal of it.
    pub severity: Severity,
    /// Its confidence by itself.
    pub confidence: Confidence,
    /// The version of provwatch that has it first.
    pub since: &'static str,
    /// Its documentation, Markdown with the five headings of [`HEADINGS`].
    pub docs: &'static str,
}

impl About {
    /// The title of a signal of that severity, the start of an alert's title.
    pub fn title_at(&self, severity: Severity) -> &'static str {
        self.harmless.filter(|_| severity == Severity::Info).unwrap_or(self.title)
    }
}

/// The headings of a detector's documentation, in order.
pub const HEADINGS: [&str; 5] =
    ["What it detects", "Why it matters", "False positives", "What to do", "Example incident"];

/// The facts that a signal rests on. Signals of different categories are independent: one honest change seldom affects
/// two of them, and an attacker needs extra effort for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SignalCategory {
    /// The proof of the release's origin: attestations and the method of publishing.
    Evidence,
    /// The owner of the repository: issuer, repository, owner.
    Origin,
    /// The released code: ref, tag, commit.
    Source,
    /// The build: workflow, trigger, environment, runner.
    Pipeline,
    /// The accounts: the publisher at the registry, and the account that started the run.
    Account,
    /// The actions of the release at installation.
    Content,
    /// The sequence of releases: bursts, pauses, numbers.
    Cadence,
    /// The time of publishing.
    Time,
    /// The operator's policy.
    Policy,
    /// What others report of the release.
    Report,
}

impl SignalCategory {
    /// Every category.
    pub const ALL: [Self; 10] = [
        Self::Evidence,
        Self::Origin,
        Self::Source,
        Self::Pipeline,
        Self::Account,
        Self::Content,
        Self::Cadence,
        Self::Time,
        Self::Policy,
        Self::Report,
    ];

    /// Its word in the documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Evidence => "evidence",
            Self::Origin => "origin",
            Self::Source => "source",
            Self::Pipeline => "pipeline",
            Self::Account => "account",
            Self::Content => "content",
            Self::Cadence => "cadence",
            Self::Time => "time",
            Self::Policy => "policy",
            Self::Report => "report",
        }
    }
}

/// One rule.
pub trait Detector: Sync {
    /// Its description.
    fn about(&self) -> &'static About;

    /// Its signals about a release: nearly always none.
    fn inspect(&self, change: &Change<'_>) -> Vec<Signal>;
}

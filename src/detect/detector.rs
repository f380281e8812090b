//! The interface of a detector: its documentation, its signal category, and its inspection of a release.

use super::Change;
use crate::model::{Confidence, Severity, Signal};

/// What a detector is.
#[derive(Debug)]
pub struct About {
    /// The id, kebab-case: the file's name, the configuration key, the docs' anchor, the case folder.
    pub id: &'static str,
    /// What it says, as the start of an alert's title.
    pub title: &'static str,
    /// What it says where its signal is informational, if that is something else: evidence also rises.
    pub harmless: Option<&'static str>,
    /// The category of its signals.
    pub category: SignalCategory,
    /// The worst severity of a signal of it.
    pub severity: Severity,
    /// How sure it is by itself.
    pub confidence: Confidence,
    /// The version of provwatch that has it first.
    pub since: &'static str,
    /// Its documentation, Markdown with the five headings of [`HEADINGS`].
    pub docs: &'static str,
}

impl About {
    /// What a signal of that severity says, as the start of an alert's title.
    pub fn title_at(&self, severity: Severity) -> &'static str {
        self.harmless.filter(|_| severity == Severity::Info).unwrap_or(self.title)
    }
}

/// The headings of a detector's documentation, in order.
pub const HEADINGS: [&str; 5] =
    ["What it detects", "Why it matters", "False positives", "What to do", "Example incident"];

/// What a signal rests on. Signals of different categories are independent: one honest change seldom moves two of them,
/// and an attacker pays for each by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SignalCategory {
    /// What proves where the release came from: attestations and the method of publishing.
    Evidence,
    /// Whose repository it is: issuer, repository, owner.
    Origin,
    /// What code was released: ref, tag, commit.
    Source,
    /// How it was built: workflow, trigger, environment, runner.
    Pipeline,
    /// Who published it at the registry.
    Account,
    /// What the release does when it is installed.
    Content,
    /// How releases follow one another: bursts, pauses, numbers.
    Cadence,
    /// When it was published.
    Time,
    /// What the operator demands.
    Policy,
}

impl SignalCategory {
    /// Every category.
    pub const ALL: [Self; 9] = [
        Self::Evidence,
        Self::Origin,
        Self::Source,
        Self::Pipeline,
        Self::Account,
        Self::Content,
        Self::Cadence,
        Self::Time,
        Self::Policy,
    ];

    /// The word of the docs.
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
        }
    }
}

/// One rule.
pub trait Detector: Sync {
    /// What it is.
    fn about(&self) -> &'static About;

    /// What it has to say of a release: nearly always nothing.
    fn inspect(&self, change: &Change<'_>) -> Vec<Signal>;
}

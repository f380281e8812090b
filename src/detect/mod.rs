//! What differs from the baseline, one detector a file with its documentation beside the rule, and how the signals of
//! one release become one verdict ([`combine()`]).
//!
//! Transparency logs, and names, have detectors of their own ([`ENTRY_DETECTORS`], [`NAME_DETECTORS`]): what they say is an
//! alert by itself.
//!
//! A detector is a pure function of a [`Change`]: no I/O, no clock, the same signals for the same input. A new one is a
//! file, a line in [`ALL`] and a folder under `tests/cases`.

mod attestation_invalid;
mod attestation_reused;
mod beside_accused;
mod branch;
mod builder_changed;
mod change;
mod combine;
mod commit_unmerged;
mod commit_unsigned;
mod company;
mod comparison;
mod document;
mod entry;
mod environment_dropped;
mod evidence_downgrade;
mod expected;
mod file_late;
mod file_replaced;
mod foreign_dependency;
mod install_script_added;
mod issuer_changed;
mod lines_at_once;
mod maintainer_new;
mod name;
mod novelty;
mod odd_hours;
mod owner_changed;
mod package_burst;
mod policy_violated;
mod publisher_changed;
mod quick_succession;
mod ref_changed;
mod repository_changed;
mod repository_forked;
mod repository_mismatched;
mod repository_recreated;
mod repository_young;
mod revival;
mod run_failed;
mod run_reattempted;
mod run_reused;
mod runner_changed;
mod signing_gap;
mod tag_mismatched;
mod tag_missing;
mod tokens_allowed;
mod trigger_changed;
mod trusted_publisher_changed;
mod trusted_repository_changed;
mod tuning;
mod unreadable_manifest;
mod unreadable_release;
mod version_jump;
mod visibility_changed;
mod workflow_changed;
mod young_dependency;

pub use change::{Change, Limits, Terms};
pub use combine::{RULES, Rule, SUPPORT_RULES, Verdict, combine};
pub use company::{AT_ONCE, Burst, Cadence, Company, Runs};
use comparison::{Evidence, signal, support};
pub use document::document;
pub use entry::{ENTRY_DETECTORS, EntryChange, EntryDetector, KnownWorkflow, Logged, Named, inspect_entry};
pub use name::{NAME_DETECTORS, NAMESAKE, Namesake, namesake};
pub use novelty::Novelty;
pub use tuning::{Setting, Tuning, UNTUNED};
pub use unreadable_release::unreadable;

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
    /// What kind of ground its signals are.
    pub ground: Ground,
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

/// What a signal rests on. Signals of different grounds are independent: one honest change seldom moves two of them,
/// and an attacker pays for each by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ground {
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

impl Ground {
    /// Every ground.
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

/// Every detector, by id.
pub const ALL: &[&dyn Detector] = &[
    &attestation_invalid::AttestationInvalid,
    &attestation_reused::AttestationReused,
    &beside_accused::BesideAccused,
    &builder_changed::BuilderChanged,
    &commit_unmerged::CommitUnmerged,
    &commit_unsigned::CommitUnsigned,
    &environment_dropped::EnvironmentDropped,
    &evidence_downgrade::EvidenceDowngrade,
    &file_late::FileLate,
    &file_replaced::FileReplaced,
    &foreign_dependency::ForeignDependency,
    &install_script_added::InstallScriptAdded,
    &issuer_changed::IssuerChanged,
    &lines_at_once::LinesAtOnce,
    &maintainer_new::MaintainerNew,
    &odd_hours::OddHours,
    &owner_changed::OwnerChanged,
    &package_burst::PackageBurst,
    &policy_violated::PolicyViolated,
    &publisher_changed::PublisherChanged,
    &quick_succession::QuickSuccession,
    &ref_changed::RefChanged,
    &repository_changed::RepositoryChanged,
    &repository_forked::RepositoryForked,
    &repository_mismatched::RepositoryMismatched,
    &repository_recreated::RepositoryRecreated,
    &repository_young::RepositoryYoung,
    &revival::Revival,
    &run_failed::RunFailed,
    &run_reattempted::RunReattempted,
    &run_reused::RunReused,
    &runner_changed::RunnerChanged,
    &signing_gap::SigningGap,
    &tag_mismatched::TagMismatched,
    &tag_missing::TagMissing,
    &tokens_allowed::TokensAllowed,
    &trigger_changed::TriggerChanged,
    &trusted_publisher_changed::TrustedPublisherChanged,
    &trusted_repository_changed::TrustedRepositoryChanged,
    &unreadable_manifest::UnreadableManifest,
    &unreadable_release::UnreadableRelease,
    &version_jump::VersionJump,
    &visibility_changed::VisibilityChanged,
    &workflow_changed::WorkflowChanged,
    &young_dependency::YoungDependency,
];

/// What every detector is: those over releases, then those over log entries, then those over names.
pub fn abouts() -> impl Iterator<Item = &'static About> {
    let entries = ENTRY_DETECTORS.iter().map(|detector| detector.about());
    ALL.iter().map(|detector| detector.about()).chain(entries).chain(NAME_DETECTORS.iter().copied())
}

/// What a detector's id stands for.
pub fn about(id: &str) -> Option<&'static About> {
    abouts().find(|about| about.id == id)
}

/// Every signal of a release, the worst first.
pub fn inspect(change: &Change<'_>) -> Vec<Signal> {
    let mut signals: Vec<Signal> = ALL.iter().flat_map(|detector| detector.inspect(change)).collect();
    signals.retain(|signal| !change.is_quiet(&signal.detector));
    expected::explain(change, &mut signals);
    signals.sort_by_key(|signal| (std::cmp::Reverse(signal.severity), signal.supporting));
    // Files of one release that differ in one trait repeat what is said of the others.
    signals.dedup();
    signals
}

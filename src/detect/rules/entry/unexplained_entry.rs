//! Detects a log entry of the publishing workflow that no release carries.

use crate::{
    detect::{About, EntryChange, EntryDetector, SignalCategory, comparison::quote, entry_change::signal},
    model::{Confidence, Severity, Signal},
};

/// A signed entry that no release carries.
pub struct UnexplainedEntry;

static ABOUT: About = About {
    id: "unexplained-entry",
    title: "A publishing workflow signed something that no release carries",
    harmless: None,
    category: SignalCategory::Evidence,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A workflow that publishes a watched package signed something, and no release with that signature appeared within two hours (`window` in `[logs]`). The signal is medium, and informational in the first two weeks of following a log. If the workflow signed other things before, it raises no signal.

### Why it matters
An attacker who controls a publishing workflow can sign with the project's identity and publish where provwatch does not look: at another registry or a mirror. Or the entry comes from a trial run of the attack.

### False positives
A failed publication after signing, a dry run, a release to another registry, or an artifact attestation next to the release. From the second time on, such signatures of the workflow count as normal.

### What to do
Open the run that signed, and find out which file the signature belongs to.

### Example incident
ultralytics (December 2024): an attacker made the project's own workflow build and sign content from outside the repository.";

impl EntryDetector for UnexplainedEntry {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &EntryChange<'_>) -> Option<Signal> {
        let EntryChange::Logged(logged) = change else { return None };
        let workflow = logged.workflow()?;
        let is_habit = logged.known().is_some_and(|known| known.entries > known.explained);
        let publishes = logged.usual().contains(&workflow);
        if logged.not_issued.is_some() || logged.explained || !logged.late || !publishes || is_habit {
            return None;
        }
        let expected = format!("a release with the signature by {}", quote(workflow));
        let seen = "no release with the signature".to_owned();
        let why = "The workflow signed with the project's identity, but no known release carries the signature.";
        Some(signal(&ABOUT, logged.weigh(Severity::Medium), expected, seen, why))
    }
}

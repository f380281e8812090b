//! Detects a log entry of the publishing workflow that no release carries.

use crate::{
    detect::{About, EntryChange, EntryDetector, SignalCategory, comparison::quote, entry_change::signal},
    model::{Confidence, Severity, Signal},
};

/// Something was signed that no release carries.
pub struct UnexplainedEntry;

static ABOUT: About = About {
    id: "unexplained-entry",
    title: "The publishing workflow signed something that no release carries",
    harmless: None,
    category: SignalCategory::Evidence,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A workflow that publishes a watched package signed something, and within the window ([logs] window, two hours) no release appeared that carries the signature. Medium; \
informational in the first two weeks of a log. Quiet where the workflow was seen to sign other things before.

### Why it matters
Whoever controls a publishing workflow can sign with the project's identity without publishing where provwatch looks: in another registry, in a mirror, or as a trial.

### False positives
A publish that failed after signing, a dry run, a release of another registry, an artifact attestation beside the release. From the second time on it is a habit.

### What to do
See the run that signed, and what it did with the signature.

### Example incident
ultralytics (December 2024): the real workflow was made to build and sign what the repository did not contain.";

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
        let expected = format!("a release that carries what {} signed", quote(workflow));
        let seen = "none".to_owned();
        let why = "Something was signed with the project's identity and was not published where it usually is.";
        Some(signal(&ABOUT, logged.weigh(Severity::Medium), expected, seen, why))
    }
}

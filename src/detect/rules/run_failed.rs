//! Detects a release whose workflow run failed.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{Confidence, Severity, Signal, traits::Conclusions},
};

/// The run that built it failed.
pub struct RunFailed;

static ABOUT: About = About {
    id: "run-failed",
    title: "Built by a run that failed",
    harmless: None,
    category: SignalCategory::Pipeline,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A verified build whose run failed, or was cancelled or deleted, on a line without such runs. The signal is low, and medium if the version is known to have no tag.

### Why it matters
Malware that takes over a run publishes in the middle of it, whatever the result of the run. If the run failed before its publishing step, something else published the release.

### False positives
Runs that fail in steps after publishing. Projects that regularly delete their runs have deleted runs in the baseline and raise no signal.

### What to do
Open the run. Check whether it reached its publishing step, and whether that step published.

### Example incident
TanStack (May 2026): the malware ran in the tests of the runs that it published from, and the runs failed.";

impl Detector for RunFailed {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    if change.traits.is_empty() {
        return None;
    }
    let conclusion = change.release.facts.run.as_ref()?.conclusion.as_deref()?;
    if !["failure", "cancelled", "timed_out", "startup_failure", "gone"].contains(&conclusion) {
        return None;
    }
    let new = change.novelty(Conclusions, conclusion)?;
    let evidence = Difference {
        expected: format!("a successful run: {}", new.usual),
        seen: if conclusion == "gone" { "a run that was deleted".to_owned() } else { quote(conclusion) },
        since: new.since,
        why: "Malware that takes over a run publishes in the middle of it, whatever the result of the run.",
    };
    // A run that fails after publishing has usually tagged.
    let severity = if change.tag() == Some(false) { new.weigh(Severity::Medium) } else { Severity::Low };
    Some(signal(&ABOUT, severity.max(Severity::Low), evidence))
}

//! Detects a release whose workflow run failed.

use crate::{
    detect::{About, Change, Detector, Evidence, SignalCategory, comparison::quote, signal},
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
A verified build whose run is known to have ended in failure, to have been cancelled, or to have been deleted since, on a line where none had. Low; medium where the version is known to have no tag.

### Why it matters
Malware that takes a run over publishes in the middle of it and does not care how it ends. Where the run failed before its publishing step, something else published.

### False positives
Runs fail in steps that come after the publishing. Projects that delete their runs as a rule are learned.

### What to do
Open the run: did it reach its publishing step, and did that step publish?

### Example incident
TanStack (May 2026): the runs that published were failed runs, whose tests the malware ran in.";

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
    let evidence = Evidence {
        expected: format!("a run that ends well: {}", new.usual),
        seen: if conclusion == "gone" { "a run that was deleted".to_owned() } else { quote(conclusion) },
        since: new.since,
        why: "Whatever takes a run over publishes in the middle of it, and does not care how it ends.",
    };
    // A run that fails after publishing has tagged as a rule.
    let severity = if change.tag() == Some(false) { new.weigh(Severity::Medium) } else { Severity::Low };
    Some(signal(&ABOUT, severity.max(Severity::Low), evidence))
}

//! Detects a build on another kind of runner.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{Confidence, Severity, Signal, traits::Runners},
};

/// Another kind of runner.
pub struct RunnerChanged;

static ABOUT: About = About {
    id: "runner-changed",
    title: "Built on another kind of runner",
    harmless: None,
    category: SignalCategory::Pipeline,
    severity: Severity::Low,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A kind of runner that the line has never had, for example a self-hosted runner after hosted ones.

### Why it matters
A self-hosted runner keeps state from one job to the next, and its owner controls the machine. npm refuses trusted publishing from self-hosted runners.

### False positives
Projects that buy faster runners. A hosted runner after self-hosted ones is informational.

### What to do
This signal alone needs no action. It counts together with others.

### Example incident
No public incident with this signal alone.";

impl Detector for RunnerChanged {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let changed = change.traits.iter().filter_map(|traits| {
            let runner = traits.runner?;
            let new = change.novelty(Runners, runner)?;
            let severity = if runner == "self-hosted" { Severity::Low } else { Severity::Info };
            let severity = new.weigh(severity);
            let evidence = Difference {
                expected: new.usual,
                seen: quote(runner),
                since: new.since,
                why: "A self-hosted runner keeps state from one job to the next; a hosted runner does not.",
            };
            Some(signal(&ABOUT, severity, evidence))
        });
        changed.collect()
    }
}

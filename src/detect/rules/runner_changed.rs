//! Detects a build on another kind of runner.

use crate::{
    detect::{About, Change, Detector, Evidence, SignalCategory, comparison::quote, signal},
    model::{Confidence, Severity, Signal, traits::Runners},
};

/// Another kind of runner.
pub struct RunnerChanged;

static ABOUT: About = About {
    id: "runner-changed",
    title: "Built on another kind of machine",
    harmless: None,
    category: SignalCategory::Pipeline,
    severity: Severity::Low,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A kind of runner that the line has never had, mostly self-hosted after hosted.

### Why it matters
A self-hosted runner is a machine that its owner keeps; what is left on it from the last job is there for the next. npm refuses trusted publishing from them.

### False positives
Projects buy faster runners. Hosted after self-hosted is informational.

### What to do
Nothing by itself; it counts where other signals speak.

### Example incident
None is public that rests on it alone.";

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
            let evidence = Evidence {
                expected: new.usual,
                seen: quote(runner),
                since: new.since,
                why: "A self-hosted runner keeps from one job to the next what a hosted one forgets.",
            };
            Some(signal(&ABOUT, severity, evidence))
        });
        changed.collect()
    }
}

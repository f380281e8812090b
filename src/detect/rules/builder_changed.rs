//! Detects a build by another reusable workflow.

use crate::{
    baseline::Traits,
    detect::{About, Change, Detector, Evidence, SignalCategory, comparison::quote, signal},
    model::{Confidence, OrNone, Severity, Signal, traits::Builders},
};

/// Another reusable workflow did the building.
pub struct BuilderChanged;

static ABOUT: About = About {
    id: "builder-changed",
    title: "Built by another reusable workflow",
    harmless: None,
    category: SignalCategory::Pipeline,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A build that was done by a reusable workflow (Build Signer URI) that the line has never used, or by one at all where the workflow always built by itself. Medium where it belongs to another repository, low for one of the project's own; one step milder where the default branch has the commit.

### Why it matters
The reusable workflow runs with the release's identity. Who can change what a workflow calls changes what is released, and the workflow's own name stays the same.

### False positives
Organizations move their builds into shared workflows. That is announced, and all of their packages follow.

### What to do
Open both workflows: who owns the one that is called, and is it called by a commit or by a branch that may move?

### Example incident
None is public that rests on it alone; registries have compared the caller and the called by accident, so changes of builder come in waves.";

impl Detector for BuilderChanged {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let changed = change.traits.iter().filter_map(|traits| found(change, traits));
        changed.collect()
    }
}

fn found(change: &Change<'_>, traits: &Traits<'_>) -> Option<Signal> {
    let builder = traits.builder.as_ref()?.asked();
    let new = change.novelty(Builders, builder)?;
    let by_itself = if builder.as_str().contains("://") { Severity::Medium } else { Severity::Low };
    let severity = new.weigh(by_itself);
    let is_merged = change.on_default_branch() == Some(true);
    let evidence = Evidence {
        expected: new.usual,
        seen: match builder {
            OrNone::Nothing => "the workflow itself".to_owned(),
            OrNone::Name(builder) => quote(builder),
        },
        since: new.since,
        why: "A reusable workflow runs with the release's identity; whoever can change it changes what is released.",
    };
    Some(signal(&ABOUT, if is_merged { severity.lowered() } else { severity }, evidence))
}

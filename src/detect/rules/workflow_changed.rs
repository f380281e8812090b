//! Detects a build by another workflow file.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{Confidence, Severity, Signal, traits::Workflows},
};

/// Another workflow file.
pub struct WorkflowChanged;

static ABOUT: About = About {
    id: "workflow-changed",
    title: "Built by another workflow",
    harmless: None,
    category: SignalCategory::Pipeline,
    severity: Severity::High,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A workflow file that the line has never had. The signal is medium, and low if the forge says that the default branch has the commit. It is high if the forge says that the default branch does not have the commit, and no other protected branch is known to have it.

### Why it matters
An attacker who can push can add a workflow of their own that requests the same identity. npm binds a trusted publisher to a file name, not to a branch or to the file's content.

### False positives
Projects that rename and restructure their workflows. They do so on the default branch, and often change trigger and environment too. These signals belong to the same category and count once.

### What to do
Read the workflow file at the released commit, and check which account added it. If it is the project's: `provwatch baseline accept`.

### Example incident
redhat-cloud-services (June 2026): an orphan commit brought its own workflow.";

impl Detector for WorkflowChanged {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let by_itself = match (change.on_default_branch(), change.is_merged()) {
            (Some(true), _) => Severity::Low,
            (Some(false), Some(false)) => Severity::High,
            _ => Severity::Medium,
        };
        let changed = change.traits.iter().filter_map(|traits| {
            let workflow = traits.workflow.as_deref()?;
            let new = change.novelty_of_certificate(Workflows, workflow)?;
            let severity = new.weigh(by_itself);
            let evidence = Difference {
                expected: new.usual,
                seen: quote(workflow),
                since: new.since,
                why: "Anyone who can push a branch can add a workflow that gets the project's identity.",
            };
            Some(signal(&ABOUT, severity, evidence))
        });
        changed.collect()
    }
}

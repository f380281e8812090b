//! Detects the first log entry of a workflow that never signed before.

use crate::{
    detect::{About, EntryChange, EntryDetector, SignalCategory, comparison::quote, entry_change::signal},
    model::{Confidence, Severity, Signal},
};

/// A workflow that never signed before.
pub struct NewWorkflowInLog;

static ABOUT: About = About {
    id: "new-workflow-in-log",
    title: "A new workflow signed in a transparency log",
    harmless: None,
    category: SignalCategory::Pipeline,
    severity: Severity::High,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

/// Triggers that let strangers start a workflow with the project's rights.
const RISKY: [&str; 3] = ["pull_request_target", "workflow_run", "issue_comment"];

const DOCS: &str = "### What it detects
A watched repository signed with a workflow file that never built a release of its packages, and that appeared in no log before. No release carries the signature yet. The signal is medium, and high if outsiders can start the workflow (`pull_request_target`, `workflow_run`, `issue_comment`). It is informational while no release of the repository is known, and in the first two weeks of following a log.

### Why it matters
An attacker with write access can add a workflow of their own. It signs before it publishes, so the log shows the signature before the registry shows a release.

### False positives
A new workflow for containers, documentation or another package that signs its artifacts. Each workflow raises this signal once.

### What to do
Read the workflow, check which account added it, and see what its run published.

### Example incident
redhat-cloud-services (June 2026): an orphan commit brought its own workflow.";

impl EntryDetector for NewWorkflowInLog {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &EntryChange<'_>) -> Option<Signal> {
        let EntryChange::Logged(logged) = change else { return None };
        let workflow = logged.workflow()?;
        let usual = logged.usual();
        let is_known = usual.contains(&workflow) || logged.known().is_some();
        if is_known || logged.explained || logged.not_issued.is_some() {
            return None;
        }
        let trigger = logged.identity.claims.build_trigger.as_deref();
        let severity = match (usual.is_empty(), trigger.is_some_and(|trigger| RISKY.contains(&trigger))) {
            (true, _) => Severity::Info,
            (false, true) => Severity::High,
            (false, false) => Severity::Medium,
        };
        let files = usual.iter().map(|file| quote(file)).collect::<Vec<_>>().join(", ");
        let expected =
            if usual.is_empty() { "no known release of the repository's packages yet".to_owned() } else { files };
        let why = "An attacker with write access can add a workflow that signs before it publishes. A maintainer's new build \
                   does the same.";
        Some(signal(&ABOUT, logged.weigh(severity), expected, quote(workflow), why))
    }
}

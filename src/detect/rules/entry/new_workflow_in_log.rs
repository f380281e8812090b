//! Detects the first log entry of a workflow that never signed before.

use crate::{
    detect::{About, EntryChange, EntryDetector, SignalCategory, comparison::quote, entry_change::signal},
    model::{Confidence, Severity, Signal},
};

/// A workflow that never signed before.
pub struct NewWorkflowInLog;

static ABOUT: About = About {
    id: "new-workflow-in-log",
    title: "A workflow that never signed before has signed",
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
A watched repository signed with a workflow file that no release of its packages was built by, and that was never seen in a log before. No release carries the \
signature yet. Medium; high where strangers can start the workflow (pull_request_target, workflow_run, issue_comment). Informational while nothing is known of the \
repository's releases, and in the first two weeks of a log.

### Why it matters
An attacker with write access adds a workflow of their own, and it signs before it publishes. The log shows it when the registry does not yet.

### False positives
A new build of containers, documentation or another package that signs what it makes. It is said once for each workflow.

### What to do
Read the workflow and who added it; see what its run published.

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
            if usual.is_empty() { "nothing yet: no release of its packages is known".to_owned() } else { files };
        let why = "An attacker with write access adds a workflow of their own, and it signs before it publishes. So does a \
                   maintainer's new build.";
        Some(signal(&ABOUT, logged.weigh(severity), expected, quote(workflow), why))
    }
}

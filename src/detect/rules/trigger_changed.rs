//! Detects a build that was triggered by an unfamiliar event.

use crate::{
    baseline::Traits,
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{
        Confidence, Severity, Signal,
        traits::{Refs, Triggers},
    },
};

/// Another event started the run.
pub struct TriggerChanged;

static ABOUT: About = About {
    id: "trigger-changed",
    title: "Triggered by an unfamiliar event",
    harmless: None,
    category: SignalCategory::Pipeline,
    severity: Severity::High,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
An event that never started a build of this line. The signal is high for `pull_request_target`, `workflow_run` and `issue_comment`. It is medium for events that any forge account can cause (`issues`, `pull_request`, `discussion`), and for manual or API events (`workflow_dispatch`, `repository_dispatch`). It is low for all others.

### Why it matters
An outsider can cause the three high events, and the workflow then runs with the repository's secrets. Most workflow takeovers use one of them.

### False positives
A release that a maintainer started by hand because the usual event failed. Except for the three high events, the signal is one level lower if the version has a tag or the default branch has the commit.

### What to do
Open the run that the alert links to. Check which account started it, and which ref it checked out.

### Example incident
ultralytics (December 2024) and nx (August 2025) both began with `pull_request_target`; crates.io refuses it for trusted publishing.";

/// Events that run with secrets on behalf of outsiders.
const WORST: [&str; 3] = ["issue_comment", "pull_request_target", "workflow_run"];

/// Events that anyone with an account at the forge can cause.
const BY_STRANGERS: [&str; 8] = [
    "discussion",
    "discussion_comment",
    "fork",
    "issues",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "watch",
];

/// Events that a person or an API call can start at any time.
const BY_HAND: [&str; 5] = ["api", "repository_dispatch", "trigger", "web", "workflow_dispatch"];

impl Detector for TriggerChanged {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let changed = change.traits.iter().filter_map(|traits| {
            let trigger = traits.trigger?;
            let new = change.novelty_of_certificate(Triggers, trigger)?;
            let severity = new.weigh(by_itself(change, trigger));
            let evidence = Difference {
                expected: new.usual,
                seen: quote(trigger),
                since: new.since,
                why: "The event determines which accounts can start the build, and which code it runs.",
            };
            Some(signal(&ABOUT, severity, evidence))
        });
        changed.collect()
    }
}

fn by_itself(change: &Change<'_>, trigger: &str) -> Severity {
    if WORST.contains(&trigger) {
        return Severity::High;
    }
    // Without facts, a run that is started by hand on another branch is one act, which the branch stands for.
    let branch = |traits: &Traits<'_>| traits.reference.as_deref().is_some_and(|it| change.novelty(Refs, it).is_some());
    if BY_HAND.contains(&trigger) && change.on_default_branch().is_none() && change.traits.iter().any(branch) {
        return Severity::Low;
    }
    let severity =
        if BY_HAND.contains(&trigger) || BY_STRANGERS.contains(&trigger) { Severity::Medium } else { Severity::Low };
    if change.is_in_the_open() || change.on_default_branch() == Some(true) { severity.lowered() } else { severity }
}

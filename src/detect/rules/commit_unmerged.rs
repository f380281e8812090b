//! Detects a build from a commit that was never merged into the default branch or a release branch.

use crate::{
    detect::{About, Change, Detector, Evidence, SignalCategory, signal},
    model::{Confidence, Severity, Signal, traits::Commits, words::CommitPlace},
};

/// A commit that neither the default branch nor a release branch has, where one of them always had.
pub struct CommitUnmerged;

static ABOUT: About = About {
    id: "commit-unmerged",
    title: "Built from a commit that was never merged",
    harmless: None,
    category: SignalCategory::Source,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A release whose commit is known not to be on the default branch, nor on a release branch, which is any other branch that the forge protects, on a line whose commits always were. Medium; low where a single release or another line is all there is to compare with, and where an older line is released, with tag and release, from a branch that is named for it. Together with a ref that the line never had, `ref-changed` makes it high.

### Why it matters
A tag can point anywhere. Whoever can push but not merge builds from an orphan commit and calls it a version.

### False positives
The first release from a maintenance branch that is not protected. Lines that release from such branches are learned and stay quiet.

### What to do
Open the commit that the alert links to: who wrote it, who reviewed it, and which branch has it?

### Example incident
redhat-cloud-services (June 2026): an orphan commit that no branch of the project had.
";

impl Detector for CommitUnmerged {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        unmerged(change).into_iter().collect()
    }
}

fn unmerged(change: &Change<'_>) -> Option<Signal> {
    if change.is_merged() != Some(false) {
        return None;
    }
    let new = change.novelty(Commits, CommitPlace::Unmerged)?;
    let severity = new.weigh(Severity::Medium);
    let severity = if change.is_maintenance() { severity.lowered() } else { severity };
    let evidence = Evidence {
        expected: format!("a commit of the default branch or a protected one: {}", new.usual),
        seen: change.unmerged().to_owned(),
        since: new.since,
        why: "Whoever can push but not merge builds from a commit that nobody reviewed.",
    };
    Some(signal(&ABOUT, severity.max(Severity::Low), evidence))
}

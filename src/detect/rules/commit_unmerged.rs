//! Detects a build from a commit that was never merged into the default branch or a release branch.

use crate::{
    detect::{About, Change, Detector, Difference, Novelty, SignalCategory, signal},
    model::{
        Confidence, Severity, Signal,
        traits::{Commits, Signatures, Tags},
        words::{CommitPlace, CommitSignature, TagPresence},
    },
};

/// A commit that neither the default branch nor a release branch has, although one of them always had it.
pub struct CommitUnmerged;

static ABOUT: About = About {
    id: "commit-unmerged",
    title: "Built from an unmerged commit",
    harmless: None,
    category: SignalCategory::Source,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A build from a commit that is neither on the default branch nor on a release branch, on a line whose earlier commits always were on one. A release branch is any other branch that the forge protects. The signal is medium. It is high if the version has no tag or the commit no signature, and no earlier release lacked it, or, on the newest line, if no branch has the commit. The first pre-releases beside stable ones are excepted from that. The signal is high, too, if the commit changes the workflows. It is low if the baseline is a single release or another line. It is low, too, for a release of an older line with tag and forge release, from a branch with the name of that line. If the ref is new to the line as well, `ref-changed` raises a high signal.

### Why it matters
A tag can point to any commit. An attacker who can push but not merge can build from an orphan commit and call it a version.

### False positives
The first release from an unprotected maintenance branch. Once it is in the baseline, later releases from the branch raise no signal.

### What to do
Open the commit that the alert links to. Check its author, its review and the branches that contain it.

### Example incident
redhat-cloud-services (June 2026): an orphan commit that was on no branch of the project.";

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
    let new = change.novelty_of_certificate(Commits, CommitPlace::Unmerged)?;
    let severity = if is_grave(change, &new) {
        Severity::High
    } else if change.is_maintenance() {
        new.weigh(Severity::Medium).lowered()
    } else {
        new.weigh(Severity::Medium)
    };
    let evidence = Difference {
        expected: format!("a commit on the default branch or a protected branch: {}", new.usual),
        seen: change.unmerged().to_owned(),
        since: new.since,
        why: "An attacker who can push but not merge can build from an unreviewed commit.",
    };
    Some(signal(&ABOUT, severity.max(Severity::Low), evidence))
}

/// Whether the commit changes the workflows themselves, or more than the merge is missing.
fn is_grave(change: &Change<'_>, new: &Novelty) -> bool {
    let changes_workflows =
        change.release.facts.commit.as_ref().is_some_and(|commit| commit.changes_workflows == Some(true));
    changes_workflows || (!new.is_of_another_kind() && lacks_more(change))
}

/// Whether the tag or the signature is missing, where no release before lacked it; or a branch that has the commit, on the
/// newest line.
fn lacks_more(change: &Change<'_>) -> bool {
    let commit = change.release.facts.commit.as_ref();
    let untagged = change.tag() == Some(false) && change.always(Tags, TagPresence::Present, TagPresence::Absent);
    let unsigned = commit.and_then(|commit| commit.verified) == Some(false)
        && change.always(Signatures, CommitSignature::Verified, CommitSignature::Unverified);
    let is_newest = change.view.is_some_and(|view| view.is_newest);
    let on_no_branch = is_newest && commit.and_then(|commit| commit.on_any_branch) == Some(false);
    untagged || unsigned || on_no_branch
}

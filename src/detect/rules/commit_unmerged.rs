//! Detects a build from a commit that was never merged into the default branch or a release branch.

use crate::{
    detect::{About, Change, Detector, Difference, Novelty, SignalCategory, comparison::usual, signal},
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
A build from a commit that is neither on the default branch nor on a release branch, on a line whose earlier commits always were on one. A release branch is any other branch that the forge protects. The signal is medium. It is high if the version has no tag or the commit no signature, and no earlier release lacked it. It is high, too, if no branch has a commit of the newest line, or if the commit changes the workflows. A first pre-release beside stable ones is medium if no branch has its commit, or if its signature is missing. On a line with a few unmerged commits among merged ones, two cases still raise a signal. A commit of the newest line that no branch has is high. An unmerged commit that changes the workflows is medium. It is low if the baseline is a single release or another line. It is low, too, for a release of an older line with tag and forge release, from a branch with the name of that line. If the ref is new to the line as well, `ref-changed` raises a high signal.

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
    let Some(new) = change.novelty_of_certificate(Commits, CommitPlace::Unmerged) else { return again(change) };
    let evidence = Difference {
        expected: format!("a commit on the default branch or a protected branch: {}", new.usual),
        seen: change.unmerged().to_owned(),
        since: new.since,
        why: WHY,
    };
    Some(signal(&ABOUT, severity(change, &new).max(Severity::Low), evidence))
}

const WHY: &str = "An attacker who can push but not merge can build from an unreviewed commit.";

fn severity(change: &Change<'_>, new: &Novelty) -> Severity {
    if changes_workflows(change) {
        return Severity::High;
    }
    match (lacks_more(change), new.is_of_another_kind()) {
        (true, false) => Severity::High,
        // The first pre-releases are often built from branches without tag and review.
        (true, true) => Severity::Medium,
        (false, _) if change.is_maintenance() => new.weigh(Severity::Medium).lowered(),
        (false, _) => new.weigh(Severity::Medium),
    }
}

/// A line that had unmerged commits before, but fewer than merged ones: an exception must not excuse a commit that no branch
/// has, or one that changes the workflows.
fn again(change: &Change<'_>) -> Option<Signal> {
    let seen = change.profile()?.tally(Commits);
    let (merged, before) = (seen.get(CommitPlace::Merged)?, seen.get(CommitPlace::Unmerged)?);
    if merged.count <= before.count {
        return None;
    }
    let (severity, what) = match (is_on_no_branch(change), changes_workflows(change)) {
        (true, _) => (Severity::High, "a commit that no branch has"),
        (false, true) => (Severity::Medium, "an unmerged commit that changes the workflows"),
        (false, false) => return None,
    };
    let evidence = Difference {
        expected: format!("a commit on the default branch or a protected branch: {}", usual(seen.iter())),
        seen: what.to_owned(),
        since: seen.since(),
        why: WHY,
    };
    Some(signal(&ABOUT, severity, evidence))
}

fn changes_workflows(change: &Change<'_>) -> bool {
    change.release.facts.commit.as_ref().is_some_and(|commit| commit.changes_workflows == Some(true))
}

/// Whether the tag or the signature is missing, where no release before lacked it; or a branch that has the commit, where
/// branches are not deleted later.
fn lacks_more(change: &Change<'_>) -> bool {
    let commit = change.release.facts.commit.as_ref();
    let is_comparable =
        change.view.is_some_and(|view| view.line.is_prerelease() == change.release.line().is_prerelease());
    // Stable lines do not show how a new pre-release track is tagged.
    let untagged =
        is_comparable && change.tag() == Some(false) && change.always(Tags, TagPresence::Present, TagPresence::Absent);
    let unsigned = commit.and_then(|commit| commit.verified) == Some(false)
        && change.always(Signatures, CommitSignature::Verified, CommitSignature::Unverified);
    untagged || unsigned || is_on_no_branch(change)
}

/// Whether no branch has the commit, on the newest line or of a pre-release: branches of old lines are deleted.
fn is_on_no_branch(change: &Change<'_>) -> bool {
    let is_current = change.view.is_some_and(|view| view.is_newest) || change.release.line().is_prerelease();
    let commit = change.release.facts.commit.as_ref();
    is_current && commit.and_then(|commit| commit.on_any_branch) == Some(false)
}

//! Detects a build from an unfamiliar kind of branch or tag.

use crate::{
    baseline::{A_TAG, words::ref_place},
    detect::{About, Change, Detector, Difference, Novelty, SignalCategory, comparison::quote, signal},
    model::{
        Confidence, Severity, Signal,
        traits::{RefPlaces, Refs},
        words::CommitPlace,
    },
};

/// Built from a kind of ref that the line never had.
pub struct RefChanged;

static ABOUT: About = About {
    id: "ref-changed",
    title: "Built from an unfamiliar branch or tag",
    harmless: None,
    category: SignalCategory::Source,
    severity: Severity::High,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A ref of a kind that the line has never had: a new branch, a tag on a line that used branches, a pull request. provwatch compares branches by name and reads numbers as `#`, so that all numbered release branches count as one. The signal is high if the forge says that the default branch does not have the commit, and no protected branch is known to have it. Otherwise it is medium for a branch and low for a tag. It is one level lower if the default branch has the commit. A pre-release is medium at most, and one level lower if the commit's branch is not known. A commit on another protected branch is medium, not high. So is a release of an older line, or of the next one, with tag and forge release, from its own tag or branch (`1.x`).

### Why it matters
Branch protection covers only the branches that it names. An attacker with push rights can build from a branch of their own; the identity then differs from the project's only in the ref.

### False positives
New release branches, and the move from branch to tag publishing. The baseline shows whether a package publishes from tags, from main or from nightly builds; the detector assumes none of these. The signal is one level lower for packages whose branches change all the time. Pre-releases have a line of their own.

### What to do
Open the commit. Check its author, and whether it is on a reviewed branch. If it is: `provwatch baseline accept`.

### Example incident
redhat-cloud-services (June 2026) and the snapshot-branch worm of the same month: valid provenance from a branch that no release had used.";

impl Detector for RefChanged {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let changed = change.traits.iter().filter_map(|traits| {
            let reference = traits.reference.as_deref()?;
            let new = change.novelty_of_certificate(Refs, reference).or_else(|| unmerged(change, reference))?;
            let severity = severity(change, reference, &new);
            let evidence = Difference {
                expected: new.usual,
                seen: seen(change, reference),
                since: new.since,
                why: "An attacker with push rights can build from a branch of their own; the rest of the identity stays the same.",
            };
            Some(signal(&ABOUT, severity, evidence))
        });
        changed.collect()
    }
}

/// A known branch that was always merged, and now is not: whoever may push can give a branch the usual name.
fn unmerged(change: &Change<'_>, reference: &str) -> Option<Novelty> {
    let is_branch = reference.starts_with("branch ") && change.is_merged() == Some(false);
    let merged = ref_place(reference, CommitPlace::Merged);
    let was_merged = change.profile()?.tally(RefPlaces).contains(&merged);
    let novelty = || change.novelty(RefPlaces, &ref_place(reference, CommitPlace::Unmerged));
    (is_branch && was_merged).then(novelty)?
}

fn severity(change: &Change<'_>, reference: &str, new: &Novelty) -> Severity {
    let by_itself = if reference == A_TAG { Severity::Low } else { Severity::Medium };
    match change.on_default_branch() {
        Some(true) => new.weigh(by_itself).lowered(),
        // Previews come from every branch.
        Some(false) if change.release.line().is_prerelease() => new.weigh(by_itself).max(Severity::Low),
        None if change.release.line().is_prerelease() => new.weigh(by_itself).lowered(),
        Some(false) if change.is_merged() == Some(true) => Severity::Medium,
        // The branch of an old line is not merged; an attacker who can push can name a branch so, too.
        Some(false) if change.is_maintenance() => new.weigh(Severity::Medium).max(Severity::Low),
        // A commit that nobody merged is no habit that could differ from line to line.
        Some(false) => Severity::High,
        None => new.weigh(by_itself),
    }
}

fn seen(change: &Change<'_>, reference: &str) -> String {
    match change.is_merged() {
        Some(false) => format!("{}, {}", quote(reference), change.unmerged()),
        _ => quote(reference),
    }
}

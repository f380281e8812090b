//! Detects a forge release that can be changed, in a project whose releases never could.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{Confidence, Severity, Signal, traits::ReleaseSeals, words::ReleaseSeal},
};

/// A forge release that can be changed.
pub struct ReleaseMutable;

static ABOUT: About = About {
    id: "release-mutable",
    title: "The forge's release can be changed, unlike earlier ones",
    harmless: None,
    category: SignalCategory::Source,
    severity: Severity::Low,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A version whose forge release can be changed, where at least five earlier releases of the package, and all of the same kind (stable or pre-release), were immutable. GitHub states it of each release; for GitLab it is unknown. The signal is low. It comes once: after a mutable release the habit has an exception.

### Why it matters
The tag and the files of an immutable release are fixed. An attacker who wants to replace them afterwards, or to move the tag, must first switch the setting off.

### False positives
A project, or its organization, that switches immutable releases off.

### What to do
Check which account changed the setting of the repository. Compare the tag's commit and the files of the release with those of the registry.

### Example incident
tj-actions/changed-files (March 2025): the attacker moved existing tags to a malicious commit. Immutable releases, which GitHub has offered since 2025, prevent that.";

impl Detector for ReleaseMutable {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let is_mutable = !change.release.facts.release.as_ref()?.immutable?;
    if !is_mutable || !change.always(ReleaseSeals, ReleaseSeal::Immutable, ReleaseSeal::Mutable) {
        return None;
    }
    let since = change.peers().filter_map(|line| line.tally(ReleaseSeals).since()).min();
    let tag = change.release.facts.tag.as_ref().and_then(|tag| tag.name.as_deref());
    let evidence = Difference {
        expected: "an immutable release, as all before".to_owned(),
        seen: tag.map_or_else(
            || "a release that can be changed".to_owned(),
            |tag| format!("a release at the tag {} that can be changed", quote(tag)),
        ),
        since,
        why: "The tag and the files of a release that can be changed can be replaced afterwards.",
    };
    Some(signal(&ABOUT, Severity::Low, evidence))
}

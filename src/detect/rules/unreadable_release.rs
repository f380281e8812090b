//! Detects a release whose registry metadata cannot be read.

use crate::{
    detect::{About, Change, Detector, Evidence, SignalCategory, comparison::quote, signal},
    model::{Confidence, Severity, Signal},
};

/// What the registry states of a release cannot be read.
pub struct UnreadableRelease;

static ABOUT: About = About {
    id: "unreadable-release",
    title: "The registry's own words on it cannot be read",
    harmless: None,
    category: SignalCategory::Evidence,
    severity: Severity::High,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A new release of which the registry's answer cannot be read: as a whole, or where it states who published, how, which files with which digests, whether they are attested, and what the registry signed. Each field is read on its own; a release that is odd in one of them is judged by the others besides. What was odd before the package was watched says nothing. What the author wrote (scripts, dependencies, repository) is for `unreadable-manifest`.

### Why it matters
A registry writes these fields itself and always in the same form. Whoever manages to have one that provwatch cannot read would hide the very thing by which a takeover is seen.

### False positives
A registry or a mirror that changes its format, or an answer that was damaged on its way: then several packages show it at once, and the next look reads it well. The alert stays until you close it.

### What to do
Read the registry's document yourself; `provwatch lookup` says which part cannot be read and why. Do not install the release before you know who published it. If the format is new, report it to the project.

### Example incident
None is known. A test showed it: a takeover whose entry had one field of another type was a late alert about provwatch itself.";

impl Detector for UnreadableRelease {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let reasons: Vec<_> = change.release.unread.statements().map(|(_, why)| why).collect();
        if change.view.is_none() || reasons.is_empty() {
            return Vec::new();
        }
        let mut distinct = reasons;
        distinct.dedup();
        vec![unreadable(&distinct.join("; "))]
    }
}

/// The signal of a release that cannot be read, for this reason.
pub fn unreadable(why: &str) -> Signal {
    let evidence = Evidence {
        expected: "an entry of which it can be read who published it and with what evidence".to_owned(),
        seen: quote(why),
        since: None,
        why: "A registry writes these fields itself; what cannot be read hides how the release came about.",
    };
    signal(&ABOUT, Severity::High, evidence)
}

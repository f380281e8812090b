//! Detects a release whose registry metadata cannot be read.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{Confidence, Severity, Signal},
};

/// The registry's metadata of a release cannot be read.
pub struct UnreadableRelease;

static ABOUT: About = About {
    id: "unreadable-release",
    title: "The registry's metadata of the release cannot be read",
    harmless: None,
    category: SignalCategory::Evidence,
    severity: Severity::High,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A new release whose metadata at the registry provwatch cannot read, as a whole or in one of these fields: publisher, publishing method, files and digests, attestations, registry signatures. provwatch reads each field separately, and still checks the readable ones. A problem that existed before you watched the package raises no signal. For the author's own fields (scripts, dependencies, repository), `unreadable-manifest` raises the signal.

### Why it matters
The registry writes these fields itself, always in the same form. An attacker who could make one of them unreadable would hide the trace of the takeover.

### False positives
A registry or a mirror that changes its format: several packages then show the problem at once. Or an answer that was damaged on the way: the next check then succeeds. The alert stays open until you acknowledge it.

### What to do
Read the registry's document yourself; `provwatch lookup` names the unreadable part and the reason. Do not install the release before you know its publisher. If the format is new, report it to the provwatch project.

### Example incident
None known. Before this detector existed, a test takeover with one field of another type raised only a late alert about provwatch itself.";

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
    let evidence = Difference {
        expected: "readable metadata about the publisher and the evidence".to_owned(),
        seen: quote(why),
        since: None,
        why: "The registry writes these fields itself. An unreadable field hides the origin of the release.",
    };
    signal(&ABOUT, Severity::High, evidence)
}

//! Detects a build from a tag that names another version.

use crate::{
    baseline::{Traits, words},
    detect::{About, Change, Detector, Evidence, SignalCategory, comparison::quote, signal},
    model::{Confidence, Severity, Signal, traits::TagNames, words::TagName},
};

/// A tag that names another version.
pub struct TagMismatched;

static ABOUT: About = About {
    id: "tag-mismatched",
    title: "Built from a tag that names another version",
    harmless: None,
    category: SignalCategory::Source,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A build from a tag that does not name the version, on a line whose tags always did. One step milder where the default branch has the commit.

### Why it matters
Workflows that run for tags run for every tag. Whoever can push one publishes whatever they like under whatever number, and the version's own tag does not exist.

### False positives
Tags that name a whole repository's release, where a package's own number differs. They are learned.

### What to do
Look at the commit that the tag points to, and for the tag that the version should have.

### Example incident
None is public that rests on it alone; moved tags were the way of the tj-actions takeover (March 2025).";

impl Detector for TagMismatched {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let changed = change.traits.iter().filter_map(|traits| found(change, traits));
        changed.collect()
    }
}

fn found(change: &Change<'_>, traits: &Traits<'_>) -> Option<Signal> {
    let tag = traits.tag?;
    let names = words::tag_name(tag, &change.release.purl);
    let new = change.novelty(TagNames, names).filter(|_| names == TagName::Differing)?;
    let severity = new.weigh(Severity::Medium);
    let is_merged = change.on_default_branch() == Some(true);
    let evidence = Evidence {
        expected: format!("a tag that names version {}", quote(change.release.purl.version())),
        seen: quote(tag),
        since: new.since,
        why: "A workflow that runs for tags runs for every tag, whoever pushed it.",
    };
    Some(signal(&ABOUT, if is_merged { severity.lowered() } else { severity }, evidence))
}

//! Detects a build from a tag that names another version.

use crate::{
    baseline::{Traits, words},
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
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
A build from a tag that does not name the version, on a line whose tags always did. The signal is one level lower if the default branch has the commit.

### Why it matters
A workflow that starts on tags starts on every tag. An attacker who can push a tag can publish any content under any version number, for which no tag exists.

### False positives
A monorepo with one tag for a release of several packages with numbers of their own. Such tags are in the baseline, and raise no signal.

### What to do
Examine the commit that the tag points to, and look for the version's own tag.

### Example incident
No public incident with this signal alone; the tj-actions takeover (March 2025) used moved tags.";

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
    let evidence = Difference {
        expected: format!("a tag that names version {}", quote(change.release.purl.version())),
        seen: quote(tag),
        since: new.since,
        why: "A workflow for tags runs for each of them, including an attacker's.",
    };
    Some(signal(&ABOUT, if is_merged { severity.lowered() } else { severity }, evidence))
}

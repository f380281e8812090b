//! Detects a release that was signed long before it was published.

use crate::{
    baseline::words,
    detect::{About, Change, Detector, Difference, SignalCategory, signal, support},
    model::{Confidence, Severity, Signal, traits::Gaps, words::Gap},
    text::minute_utc,
};

/// Signed long before it was published.
pub struct SigningGap;

static ABOUT: About = About {
    id: "signing-gap",
    title: "Signed long before it was published",
    harmless: None,
    category: SignalCategory::Evidence,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A gap of a day or more between signing and publication, on a line without such a gap (medium). A gap of an hour or more, on a line with gaps of minutes, is low and only corroborates other signals. provwatch does not compare staged releases that a person approves.

### Why it matters
An attacker can publish under an old attestation: of a build that the project never released, or planned for a later release.

### False positives
Unavailable registries, and projects that build first and publish by hand.

### What to do
Check what the run built, and why the project did not publish it at that time.

### Example incident
No public incident with this signal alone.";

impl Detector for SigningGap {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let release = change.release;
    if release.auth.approved_by.is_some() {
        return None;
    }
    let signed_at = words::signed_at(release)?;
    let gap = release.published_at - signed_at;
    let length = words::gap(gap);
    let new = change.novelty(Gaps, length).filter(|_| length != Gap::Minutes)?;
    // Gaps longer than this are already a habit.
    if change.profile()?.tally(Gaps).contains(Gap::Days) {
        return None;
    }
    let evidence = Difference {
        expected: format!("publication soon after signing: within {}", new.usual),
        seen: format!("signed at {}, {} hours before publication", minute_utc(signed_at), gap.num_hours()),
        since: new.since,
        why: "An attacker can publish an old attestation that they find.",
    };
    Some(match length {
        Gap::Days => signal(&ABOUT, new.weigh(Severity::Medium), evidence),
        Gap::Hours | Gap::Minutes => support(&ABOUT, Severity::Low, evidence),
    })
}

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
A release that was signed a day or more before publication, on a line without such a gap (medium). An hour or more, where the line had minutes, is low and only corroborates other signals. Staged releases with a person's approval are not compared.

### Why it matters
An attacker can publish an old attestation that they find: of a build that was never released, or of one meant for a later release.

### False positives
Unavailable registries, and projects that build first and publish by hand.

### What to do
Check what the run built, and why it was not published then.

### Example incident
No public incident that rests on this signal alone.";

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

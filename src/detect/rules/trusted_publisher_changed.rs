//! Detects a trusted publisher that was registered anew.

use crate::{
    detect::{About, Change, Detector, Evidence, SignalCategory, comparison::quote, signal},
    model::{Confidence, Severity, Signal, traits::ConfigIds},
};

/// Another registration as trusted publisher.
pub struct TrustedPublisherChanged;

static ABOUT: About = About {
    id: "trusted-publisher-changed",
    title: "The trusted publisher was registered anew",
    harmless: None,
    category: SignalCategory::Account,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A release by a trusted publisher whose registration at the registry is not one that the line knows: low where the release is attested, since a move to another workflow or repository, which other detectors tell, makes the project register anew; medium where nothing is.

### Why it matters
Registrations decide which workflow may publish. Whoever holds an owner's session registers their own.

### False positives
Projects that move, rename a workflow or add an environment register anew.

### What to do
Compare the package's settings at the registry with the workflow of the alert.

### Example incident
None is public that rests on it alone; aube (April 2026) registered anew after an honest transfer.";

impl Detector for TrustedPublisherChanged {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let config = change.release.auth.config_id.as_deref()?;
    let new = change.novelty(ConfigIds, config)?;
    let severity = if change.traits.is_empty() { new.weigh(Severity::Medium) } else { Severity::Low };
    let evidence = Evidence {
        expected: new.usual,
        seen: quote(config),
        since: new.since,
        why: "The registration decides which workflow may publish; an owner's session is enough to change it.",
    };
    Some(signal(&ABOUT, severity, evidence))
}

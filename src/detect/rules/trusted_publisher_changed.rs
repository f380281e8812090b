//! Detects a trusted publisher that was registered again.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{
        Confidence, Severity, Signal,
        traits::{ConfigIds, Issuers},
    },
};

/// Another registration as trusted publisher.
pub struct TrustedPublisherChanged;

static ABOUT: About = About {
    id: "trusted-publisher-changed",
    title: "The trusted publisher has a new registration",
    harmless: None,
    category: SignalCategory::Account,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A release by a trusted publisher whose registration is new to the line. The signal is low if the release has an attestation: a move to another workflow or repository needs a new registration, and other detectors report the move. It is medium if neither the release nor an earlier one of its line has an attestation. If earlier ones have, `evidence-downgrade` reports the loss.

### Why it matters
The registration decides which workflow may publish. An attacker with an owner's session can register their own workflow.

### False positives
Projects that move, rename a workflow or add an environment. Each of these needs a new registration.

### What to do
Compare the package's settings at the registry with the workflow in the alert.

### Example incident
No public incident with this signal alone; aube (April 2026) had a new registration after an honest transfer.";

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
    // Another provider, such as one that cannot attest, needs a new registration: the lost provenance stands for both.
    let is_reported = !change.traits.is_empty() || !change.profile()?.tally(Issuers).is_empty();
    let severity = if is_reported { Severity::Low } else { new.weigh(Severity::Medium) };
    let evidence = Difference {
        expected: new.usual,
        seen: quote(config),
        since: new.since,
        why: "The registration decides which workflow may publish. An attacker with an owner's session can change it.",
    };
    Some(signal(&ABOUT, severity, evidence))
}

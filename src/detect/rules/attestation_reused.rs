//! Detects a release that carries the attestation of another version.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{Confidence, Severity, Signal},
};

/// The attestation of another version.
pub struct AttestationReused;

static ABOUT: About = About {
    id: "attestation-reused",
    title: "Carries the attestation of another version",
    harmless: None,
    category: SignalCategory::Evidence,
    severity: Severity::High,
    confidence: Confidence::High,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A release with the attestation of another version of the package: the same log entry, the same signed content, or the same key.

### Why it matters
A project signs each release anew. An attacker presents an old signature because they cannot make a new one.

### False positives
None known. Files of one release may share an attestation, which raises no signal.

### What to do
Assume that the project did not build the release. Compare its files with those of the other version.

### Example incident
No public incident. Registries bind attestations to the digest of a file; this detector finds a registry that does not.";

impl Detector for AttestationReused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let other = change.release_context.same_signature.as_ref()?;
    let evidence = Difference {
        expected: "a signature of its own".to_owned(),
        seen: format!("the signature of {}", quote(other.version())),
        since: None,
        why: "A signature is made for one release; an old signature proves nothing about a new release.",
    };
    Some(signal(&ABOUT, Severity::High, evidence))
}

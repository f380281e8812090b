//! Detects a release that carries the attestation of another version.

use crate::{
    detect::{About, Change, Detector, Evidence, SignalCategory, comparison::quote, signal},
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
A release whose attestation another version of the package already carried: the same log entry, the same signed content, or the same key.

### Why it matters
A signature is made for one release. Whoever presents an old one has no way to make a new one.

### False positives
None is known. Files of one release may share an attestation, and do not count.

### What to do
Treat the release as not built by the project; compare its files with those of the other version.

### Example incident
None is public; registries bind attestations to the digest of a file, and this finds out where one does not.";

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
    let evidence = Evidence {
        expected: "a signature of its own".to_owned(),
        seen: format!("the signature of {}", quote(other.version())),
        since: None,
        why: "A signature is made for one release; an old one vouches for nothing new.",
    };
    Some(signal(&ABOUT, Severity::High, evidence))
}

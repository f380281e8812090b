//! Detects an attestation that fails verification.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote_with_digests, signal},
    model::{Check, Confidence, Provenance, Severity, Signal},
};

/// An attestation that fails verification.
pub struct AttestationInvalid;

static ABOUT: About = About {
    id: "attestation-invalid",
    title: "Attestation verification failed",
    harmless: None,
    category: SignalCategory::Evidence,
    severity: Severity::Critical,
    confidence: Confidence::High,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
An attestation of the release, or of one of its files, that fails a verification check: signature, certificate, log entry, subject or registry signature. provwatch counts an attestation as unchecked, not as invalid, if it could not fetch it, or if this version does not know its format or the instance that issued it. This detector raises no signal for unchecked attestations.

### Why it matters
Honest tools do not produce attestations that fail: registries check most of an attestation when they accept the release. If one fails, it belongs to another file, or a third party changed it, or its log entry never existed.

### False positives
A certificate authority that the trust root does not know yet looks like a bad chain. Therefore a bad chain, a bad registry key and a malformed document are high, not critical. Run `provwatch doctor` to see how old the trust root is.

### What to do
Do not install the release. Verify it again with `provwatch verify-bundle`; the alert names the check that failed. If the check is about keys or format, refresh the trust root first.

### Example incident
No public incident at npm, PyPI or crates.io. Test fixtures show the pattern: an attestation about another package, and one with a changed payload.";

impl Detector for AttestationInvalid {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let invalid = change.release.provenances().filter_map(|provenance| match provenance {
            Provenance::Invalid { check, reason } => Some((*check, reason)),
            _ => None,
        });
        let worst = invalid.max_by_key(|(check, _)| severity(*check));
        worst.map(|(check, reason)| report(check, reason)).into_iter().collect()
    }
}

fn report(check: Check, reason: &str) -> Signal {
    let evidence = Difference {
        expected: "an attestation that passes every check, or none".to_owned(),
        seen: format!("the check {check} failed: {}", quote_with_digests(reason)),
        since: None,
        why: "Honest tools do not produce attestations that fail. This attestation proves nothing.",
    };
    signal(&ABOUT, severity(check), evidence)
}

/// Checks that could fail because of provwatch's own outdated trust root or parser are one step milder.
fn severity(check: Check) -> Severity {
    match check {
        Check::Format
        | Check::PayloadType
        | Check::CertificateChain
        | Check::CertificateTimestamp
        | Check::CertificateExtensions
        | Check::Timestamp
        | Check::RegistryKey => Severity::High,
        Check::SubjectName
        | Check::SubjectDigest
        | Check::TransparencyLog
        | Check::Signature
        | Check::RegistrySignature
        | Check::Publisher => Severity::Critical,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// npm's digests are the longest, and an operator needs both to compare the file with the attested one.
    #[test]
    fn both_digests_are_shown_whole_and_free_text_is_bounded() {
        let (served, attested) = ("a1".repeat(64), "b2".repeat(64));
        let reason = format!("the provenance: the registry serves sha512 {served}, the attestation names {attested}");
        let seen = report(Check::SubjectDigest, &reason).seen;
        assert!(seen.ends_with(&reason), "{seen}");
        let flood = report(Check::Format, &"flood ".repeat(10_000)).seen;
        assert!(flood.chars().count() < 200, "{flood}");
    }
}

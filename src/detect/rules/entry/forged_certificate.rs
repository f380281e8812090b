//! Detects a log entry with a certificate that no known authority issued.

use crate::{
    detect::{About, EntryChange, EntryDetector, SignalCategory, comparison::quote, entry_change::signal},
    model::{Confidence, Severity, Signal},
};

/// A certificate that no authority issued.
pub struct ForgedCertificate;

static ABOUT: About = About {
    id: "forged-certificate",
    title: "A forged certificate in a log names a watched repository",
    harmless: None,
    category: SignalCategory::Evidence,
    severity: Severity::Low,
    confidence: Confidence::High,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A log entry whose certificate names a watched repository or identity, but which no authority of the trust root issued. The signal is low. provwatch raises one alert for each package and for each `[[logs.match]]`. The alert counts the log entries and names some of them.

### Why it matters
A log accepts an entry if the signature matches the certificate, even if an untrusted authority issued that certificate. A monitor that believed such certificates would accuse innocent repositories. The entry proves nothing about the repository, but its author chose to name the repository.

### False positives
A private authority that logs to a public log, or an outdated trust root.

### What to do
The repository needs no action. If the authority is yours, configure a trust root that contains it (`[trust]`).

### Example incident
None known. Researchers have logged such certificates as a demonstration.";

impl EntryDetector for ForgedCertificate {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &EntryChange<'_>) -> Option<Signal> {
        let EntryChange::Logged(logged) = change else { return None };
        let why_not = logged.not_issued?;
        let expected = "a certificate that an authority of the trust root issued".to_owned();
        let seen = format!("a certificate that names {}: {why_not}", quote(&logged.identity.subject));
        let why = "Anyone can log a self-made certificate. It proves nothing about the repository.";
        Some(signal(&ABOUT, Severity::Low, expected, seen, why))
    }
}

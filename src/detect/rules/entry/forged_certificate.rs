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
A log entry whose certificate names a watched repository or identity, but was not issued by an authority of the trust root. Low. Each package, and each other `[[logs.match]]` entry, has one alert, which counts the log entries and names some of them.

### Why it matters
Logs accept any certificate that matches its signature, whatever its issuer. A monitor that trusted such certificates would raise alerts against innocent repositories. The entry proves nothing about the repository, but its author chose to write the repository's name.

### False positives
A private authority that logs to a public log, or an outdated trust root.

### What to do
No action is needed for the repository. If the authority is yours, configure a trust root that contains it (`[trust]`).

### Example incident
None known. Researchers have logged such certificates to show that it is possible.";

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

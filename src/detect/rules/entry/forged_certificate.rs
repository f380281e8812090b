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
A log entry whose certificate names a watched repository or identity, and that no authority of the trust root issued. Low. \
One alert for each package, or for each [[logs.match]] beyond them, which counts the entries and names some.

### Why it matters
Logs take any certificate that matches its signature, whoever made it. A monitor that believed what such certificates say could be made to accuse anybody. It says \
nothing about the repository, but its author took the trouble to write its name.

### False positives
A private authority that logs to a public log; a trust root that is out of date.

### What to do
Nothing, for the repository. If the authority is one of yours, give a trust root that has it (`[trust]`).

### Example incident
None is known. Researchers have logged such certificates to show that it can be done.";

impl EntryDetector for ForgedCertificate {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &EntryChange<'_>) -> Option<Signal> {
        let EntryChange::Logged(logged) = change else { return None };
        let why_not = logged.not_issued?;
        let expected = "a certificate that an authority of the trust root issued".to_owned();
        let seen = format!("one that names {}: {why_not}", quote(&logged.identity.subject));
        let why = "Anybody can log a certificate of their own making. It says nothing about the repository.";
        Some(signal(&ABOUT, Severity::Low, expected, seen, why))
    }
}

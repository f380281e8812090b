//! Detects an attestation whose log entry the log does not have.

use crate::{
    detect::{About, EntryChange, EntryDetector, SignalCategory, comparison::quote, entry_change::signal},
    model::{Confidence, Severity, Signal},
};

/// The log lacks the entry that the attestation names.
pub struct MissingLogEntry;

static ABOUT: About = About {
    id: "missing-log-entry",
    title: "The log lacks the entry that the release's attestation names",
    harmless: None,
    category: SignalCategory::Evidence,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

/// Lookups before the absence of an entry counts, over so many minutes: replicas lag.
const ATTEMPTS: u32 = 3;
const MINUTES: i64 = 10;

const DOCS: &str = "### What it detects
The attestation of a new release names an entry of a log that provwatch follows, and the log does not have this entry. The signal is high if at least three requests over ten minutes find no entry at that index. It is critical if the log has an entry by another signer there.

### Why it matters
The attestation verifies, so the log's key signed a promise for the entry. If a log hides such entries, owners cannot see signatures in their name.

### False positives
A log that lags by more than ten minutes, or whose operator has shut it down. A log that provwatch cannot reach raises no signal.

### What to do
Keep the attestation and ask the operator of the log. Do not install the release until the operator explains the missing entry.

### Example incident
None known.";

impl EntryDetector for MissingLogEntry {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &EntryChange<'_>) -> Option<Signal> {
        let EntryChange::Named(named) = change else { return None };
        if named.attempts < ATTEMPTS || named.minutes < MINUTES {
            return None;
        }
        let expected = format!("entry {} of {}", named.entry.index, named.entry.origin);
        let (severity, seen) = match named.found {
            None => {
                (Severity::High, format!("no entry, in {} attempts over {} minutes", named.attempts, named.minutes))
            }
            Some(other) => (Severity::Critical, format!("an entry by {}", quote(other))),
        };
        let why = "The attestation verifies, so the log signed for an entry that it does not show.";
        Some(signal(&ABOUT, severity, expected, seen, why))
    }
}

//! Detects a release by an account whose other version within the last hour raised an alert.

use crate::{
    detect::{About, Change, Detector, Evidence, SignalCategory, comparison::quote, signal},
    model::{Confidence, Severity, Signal},
    text::counted,
};

/// Beside a release that raised an alert.
pub struct BesideAccused;

static ABOUT: About = About {
    id: "beside-accused",
    title: "Published beside a release that raised an alert",
    harmless: None,
    category: SignalCategory::Cadence,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
The same account published another version of the package within the hour before, and that one raised an alert of medium or worse.

### Why it matters
Whoever holds a token or an account uses it on every line, one after the other. What is said of the first holds for the next, even where that line has no habit that it could break.

### False positives
A fix that follows a release whose alert was for nothing. It is medium at most, and the first alert tells the reason.

### What to do
Look at the alert of the other version first.

### Example incident
eslint-config-prettier (July 2025): 8.10.1 and 9.1.1 within a minute, on lines that never had evidence.";

impl Detector for BesideAccused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let (other, at) = change.release_context.accused.as_ref()?;
    let minutes = (change.release.published_at - *at).num_minutes();
    let evidence = Evidence {
        expected: "no alert about the versions that came just before".to_owned(),
        seen: format!("{}, {} before, raised one", quote(other.version()), counted(minutes, "minute")),
        since: Some(*at),
        why: "Whoever holds a token uses it on every line of a package, one after the other.",
    };
    Some(signal(&ABOUT, Severity::Medium, evidence))
}

//! Detects a release by an account whose other version within the last hour raised an alert.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{Confidence, Severity, Signal},
    text::counted,
};

/// Beside a release that raised an alert.
pub struct BesideAccused;

static ABOUT: About = About {
    id: "beside-accused",
    title: "Published shortly after a release that raised an alert",
    harmless: None,
    category: SignalCategory::Cadence,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A release by an account that published another version of the package in the hour before, if that other version raised an alert of medium or worse.

### Why it matters
An attacker with a stolen token or account publishes on every release line, one after the other. The alert about the first release therefore casts suspicion on the next one, even if the next one agrees with the baseline of its line.

### False positives
A fix that follows a release with a false alert. The signal is medium at most, and the alert about the first release gives the reason.

### What to do
Look at the alert for the other version first.

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
    let evidence = Difference {
        expected: "no alert about the versions just before".to_owned(),
        seen: format!("{}, published {} earlier, raised an alert", quote(other.version()), counted(minutes, "minute")),
        since: Some(*at),
        why: "An attacker with a stolen token publishes on every line of a package, one after the other.",
    };
    Some(signal(&ABOUT, Severity::Medium, evidence))
}

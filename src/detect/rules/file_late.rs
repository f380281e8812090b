//! Detects a file that was added to an old release.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{Confidence, Provenance, Severity, Signal, traits::Issuers},
};

/// A file that was added to an old release.
pub struct FileLate;

static ABOUT: About = About {
    id: "file-late",
    title: "A file was added to an old release",
    harmless: None,
    category: SignalCategory::Content,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A file that reaches a release thirty days or more after its publication. The signal is medium if the file has no attestation but releases of the package do, and otherwise low.

### Why it matters
Every user who pinned the version gets the new file, although they reviewed the release without it. PyPI has refused such uploads since July 2026.

### False positives
Wheels for a new version of Python, built from the old source.

### What to do
Compare the file with the release's source archive. If the file is honest: `provwatch alerts ack`.

### Example incident
No public incident with this signal alone. PyPI closed old releases to new files because of this risk.";

/// After so many days a file is late for its release.
const LATE_DAYS: i64 = 30;

impl Detector for FileLate {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let release = change.release;
    let file = release.files.iter().max_by_key(|file| file.uploaded_at)?;
    let days = (file.uploaded_at? - release.published_at).num_days();
    if days < LATE_DAYS {
        return None;
    }
    let is_bare = file.attestation.as_ref().is_none_or(|attestation| *attestation == Provenance::Absent);
    let elsewhere = change.package.lines.values().any(|line| !line.tally(Issuers).is_empty());
    let severity = if is_bare && elsewhere { Severity::Medium } else { Severity::Low };
    let evidence = Difference {
        expected: "files that are uploaded with the release".to_owned(),
        seen: format!(
            "{}{}, added {days} days after the release",
            quote(&file.name),
            if is_bare { " without attestation" } else { "" }
        ),
        since: None,
        why: "A file that is added to an old release reaches every user who pinned the version.",
    };
    Some(signal(&ABOUT, severity, evidence))
}

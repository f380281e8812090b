//! Detects releases on several lines of a package at once.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, support},
    model::{Confidence, Severity, Signal},
};

/// Several lines at once.
pub struct LinesAtOnce;

static ABOUT: About = About {
    id: "lines-at-once",
    title: "Several release lines published at once",
    harmless: None,
    category: SignalCategory::Cadence,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
Releases on several stable lines of the package within an hour, on more lines than the package ever released at once. The signal is medium for three lines or more, and low for two. It is low, too, if the version has its tag and forge release. The signal only corroborates others.

### Why it matters
An attacker publishes malware on many lines to reach users of every version range. An honest project usually releases one line at a time, except for security fixes.

### False positives
A fix for all maintained lines. A package that has released as many lines at once before raises no signal.

### What to do
Check whether an advisory or a tag exists for each of the lines.

### Example incident
ua-parser-js, coa and rc (2021), axios 1.14.1 and 0.30.4 (March 2026), nx (August 2025): two or three lines within the hour.";

impl Detector for LinesAtOnce {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let release_context = change.release_context;
    let lines = u32::try_from(release_context.lines.len()).unwrap_or(u32::MAX).saturating_add(1);
    if lines < 2 || lines <= release_context.lines_usual || change.release.line().is_prerelease() {
        return None;
    }
    let names: Vec<_> = release_context.lines.iter().map(|line| quote(line.as_str())).collect();
    let evidence = Difference {
        expected: format!("at most {} at once", release_context.lines_usual.max(1)),
        seen: format!("{lines} lines within the hour: this line, and line {}", names.join(", ")),
        since: None,
        why: "An attacker publishes malware on many lines to reach users of every version range.",
    };
    let is_loud = lines > 2 && !change.is_in_the_open();
    Some(support(&ABOUT, if is_loud { Severity::Medium } else { Severity::Low }, evidence))
}

use super::{About, Change, Detector, Evidence, Ground, comparison::quote, support};
use crate::{
    baseline::words::numbers,
    model::{Confidence, Severity, Signal},
};

/// A version number out of habit.
pub struct VersionJump;

static ABOUT: About = About {
    id: "version-jump",
    title: "Its version number jumps",
    harmless: None,
    ground: Ground::Cadence,
    severity: Severity::Low,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A stable version whose first number is more than one above the highest that the package had, or whose second or third is more than a hundred above its line's. Numbers that are years or dates are not compared. It only supports other signals.

### Why it matters
Whoever wants to be the newest version picks a number that nothing will exceed.

### False positives
Products that align the versions of all their packages.

### What to do
Nothing by itself.

### Example incident
Dependency confusion lives on versions such as 99.9.9.";

/// From this number on a part of a version is a year or a date.
const DATES: u64 = 1000;

/// By how much a part of a version may rise at once.
const FAR: u64 = 100;

impl Detector for VersionJump {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let line = change.release.line();
    if line.is_prerelease() {
        return None;
    }
    let stable = change.package.lines.iter().filter(|(line, _)| !line.is_prerelease());
    let highest = stable.filter_map(|(_, line)| line.highest.as_deref()).max_by_key(|version| numbers(version))?;
    let version = change.release.purl.version();
    let [major, ..] = numbers(version);
    let [known, ..] = numbers(highest);
    let own = change.package.lines.get(&line).and_then(|line| line.highest.as_deref());
    let within = own.is_some_and(|own| {
        let ([_, minor, patch], [_, known_minor, known_patch]) = (numbers(version), numbers(own));
        minor > known_minor.saturating_add(FAR) || (minor == known_minor && patch > known_patch.saturating_add(FAR))
    });
    if major >= DATES || own.is_some_and(|own| numbers(own)[1..].iter().any(|part| *part >= DATES)) {
        return None;
    }
    if major <= known.saturating_add(1) && !within {
        return None;
    }
    let evidence = Evidence {
        expected: format!("a version soon after {}", quote(own.unwrap_or(highest))),
        seen: quote(version),
        since: None,
        why: "Whoever wants to be the newest version picks a number that nothing will exceed.",
    };
    Some(support(&ABOUT, Severity::Low, evidence))
}

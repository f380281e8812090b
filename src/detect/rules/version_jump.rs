//! Detects a version number that is far from the last one.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, support},
    model::{Confidence, Numbers, Severity, Signal, Version},
};

/// An unusual version number.
pub struct VersionJump;

static ABOUT: About = About {
    id: "version-jump",
    title: "The version number jumps",
    harmless: None,
    category: SignalCategory::Cadence,
    severity: Severity::Low,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A stable version whose number jumps in one of three ways. The first number is more than one above the package's highest. The second or third number is more than a hundred above the line's highest. Or the epoch is new: at PyPI, `1!2.0` ranks above every version without an epoch. provwatch does not compare numbers that are years or dates. The signal only corroborates others.

### Why it matters
An attacker who wants the newest version picks a number that no later release exceeds.

### False positives
Products that align the versions of all their packages. Projects that change from dates to version numbers, and need a new epoch for that.

### What to do
This signal alone needs no action.

### Example incident
Dependency confusion relies on versions such as 99.9.9.";

/// A part of a version that is at least this number is a year or a date.
const DATES: u64 = 1000;

/// The largest usual step of a part of a version.
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
    let version = change.release.purl.parsed().filter(|version| !version.is_prerelease())?;
    let (highest, text) = change.highest()?;
    let own = change.package.lines.get(&change.release.line());
    let (own, own_text) = own.and_then(|profile| change.highest_of(profile)).unzip();
    if !jumps(version.numbers(), highest.numbers(), own.as_ref().map(Version::numbers)) {
        return None;
    }
    let evidence = Difference {
        expected: format!("a version soon after {}", quote(own_text.unwrap_or(text))),
        seen: quote(change.release.purl.version()),
        since: None,
        why: "An attacker who wants the newest version picks a number that no later release exceeds.",
    };
    Some(support(&ABOUT, Severity::Low, evidence))
}

/// Whether a version is far above the highest of the package, or of its own line. A version of an older epoch is below,
/// whatever its numbers, and a new epoch is above them all.
fn jumps(version: Numbers, highest: Numbers, own: Option<Numbers>) -> bool {
    let own = own.filter(|own| own.epoch == version.epoch);
    if version.epoch != highest.epoch {
        return version.epoch > highest.epoch;
    }
    if version.major >= DATES || own.is_some_and(|own| own.minor >= DATES || own.patch >= DATES) {
        return false;
    }
    let within = own.is_some_and(|own| {
        version.minor > own.minor.saturating_add(FAR)
            || (version.minor == own.minor && version.patch > own.patch.saturating_add(FAR))
    });
    version.major > highest.major.saturating_add(1) || within
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        baseline::learn,
        detect::{AssessmentInputs, ReleaseContext},
        model::{Baseline, Observation},
    };

    fn release(purl: &str) -> Observation {
        serde_json::from_value(json!({"purl": purl, "published_at": "2026-01-01T10:00:00Z",
            "auth": {"method": "token"}, "attestation": {"status": "absent"}}))
        .unwrap()
    }

    /// Whether the last of a package's versions jumps.
    fn jumps(package: &str, before: &[&str], version: &str) -> bool {
        let purl = |version: &str| format!("{package}@{}", version.replace('!', "%21").replace('+', "%2B"));
        let mut baseline = Baseline::empty(package.parse().unwrap());
        for version in before {
            learn(&mut baseline, &release(&purl(version)));
        }
        let (release_context, release) = (ReleaseContext::default(), release(&purl(version)));
        !VersionJump
            .inspect(&Change::between(&baseline, &release, &AssessmentInputs::usual(&release_context)))
            .is_empty()
    }

    #[test]
    fn numbers_jump_within_an_epoch_and_into_a_new_one() {
        for (before, version, expected) in [
            (&["1!1.0", "1!2.0"][..], "1!99.0", true),
            (&["1!1.0", "1!2.0"], "1!2.500", true),
            (&["1!1.0", "1!2.0"], "1!3.0", false),
            (&["1!1.0", "1!2.0"], "1!2.1", false),
            (&["1.0", "2.0"], "1!2.1", true),
            (&["2024.1", "1!1.0"], "1!2.0", false),
            (&["2024.1", "1!1.0"], "2024.2", false),
            (&["24.0", "1!1.0"], "24.500", false),
            (&["1.0", "2.0.post1"], "99.0", true),
        ] {
            assert_eq!(jumps("pkg:pypi/x", before, version), expected, "{before:?} {version}");
        }
    }

    #[test]
    fn numbers_are_those_of_the_registry_s_scheme() {
        for (before, version, expected) in [
            (&["1.0.0", "1.1.0"][..], "99.0.0", true),
            (&["1.0.0", "1.1.0"], "1.300.0", true),
            (&["1.0.0", "1.1.0"], "2.0.0", false),
            (&["1.0.0", "1.1.0"], "99.0.0-rc.1", false),
            (&["1.0.0", "1.1.0"], "2031.1.0", false),
            (&["1.0.0+500", "1.1.0"], "1.1.1+99", false),
        ] {
            assert_eq!(jumps("pkg:npm/x", before, version), expected, "{before:?} {version}");
        }
    }
}

//! Signals: the findings of detectors about one release.

use std::{borrow::Cow, collections::BTreeSet};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Severity;

/// A detector's finding about one release, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Signal {
    /// The detector's id, kebab-case.
    pub detector: Cow<'static, str>,
    /// How bad this is by itself.
    pub severity: Severity,
    /// The value that the baseline predicts, in words.
    pub expected: String,
    /// The value that the release has instead.
    pub seen: String,
    /// Since when the expected held.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since: Option<DateTime<Utc>>,
    /// Why the difference matters, in one or two sentences.
    pub why: String,
    /// True where the signal only corroborates others (odd hours).
    #[serde(rename = "supporting", skip_serializing_if = "std::ops::Not::not", default)]
    pub corroborating: bool,
}

/// Detectors whose `seen` depends on the surroundings of a release, counts, ages, or another party's text: it varies
/// from look to look although nothing happens.
pub const SURROUNDINGS: [&str; 14] = [
    "attestation-invalid",
    "beside-accused",
    "evidence-downgrade",
    "incident-joined",
    "lines-at-once",
    "maintainer-new",
    "odd-hours",
    "package-burst",
    "quick-succession",
    "revival",
    "run-reused",
    "tag-missing",
    "unreadable-manifest",
    "unreadable-release",
];

/// Detectors of events after a release was published: each event is another incident.
pub const INCIDENTS: [&str; 2] = ["file-late", "file-replaced"];

impl Signal {
    /// Whether both report the same finding. A detail that is known later, or not any more, does not make another
    /// finding.
    pub fn says_what(&self, other: &Self) -> bool {
        if self.detector != other.detector || self.seen == other.seen {
            return self.detector == other.detector;
        }
        let (one, two) = (words(&self.seen), words(&other.seen));
        SURROUNDINGS.contains(&&*self.detector) || one.is_subset(&two) || two.is_subset(&one)
    }

    /// Whether it reports an event after the release was published.
    pub fn is_incident(&self) -> bool {
        INCIDENTS.contains(&&*self.detector)
    }
}

fn words(text: &str) -> BTreeSet<&str> {
    let ends_word = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')');
    text.split(ends_word).filter(|word| !word.is_empty()).collect()
}

/// The signal in an alert's title, unless all signals are corroborating.
pub fn leading(signals: &[Signal]) -> Option<&Signal> {
    signals.iter().filter(|signal| !signal.corroborating).max_by_key(|signal| signal.severity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_in_other_words_is_the_same() {
        let signal = |detector: &'static str, seen: &str| Signal {
            detector: detector.into(),
            severity: Severity::Medium,
            expected: String::new(),
            seen: seen.to_owned(),
            since: None,
            why: String::new(),
            corroborating: false,
        };
        for (detector, one, two, same) in [
            ("repository-changed", "evil/widget", "evil/widget (id 7)", true),
            ("repository-changed", "evil/widget (id 7)", "evil/gadget (id 7)", false),
            ("file-replaced", "a.whl with SHA-256 11", "a.whl with SHA-256 22", false),
            ("file-replaced", "a.whl with SHA-256 11", "a.whl with SHA-256 11", true),
            ("file-late", "a.whl without attestation, added 40 days", "a.whl, added 40 days", true),
            ("file-late", "a.whl, added 40 days", "b.whl, added 41 days", false),
            ("package-burst", "5 packages of one account", "9 packages of one owner", true),
        ] {
            assert_eq!(signal(detector, one).says_what(&signal(detector, two)), same, "{detector} {one} {two}");
        }
        assert!(!signal("file-late", "x").says_what(&signal("file-replaced", "x")));
    }
}

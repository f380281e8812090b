//! Digests: one message about a period, in place of single ones.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AlertId, Severity};

/// One message about a period, in place of single ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Digest {
    /// When the period began.
    pub from: DateTime<Utc>,
    /// When it ended.
    pub to: DateTime<Utc>,
    /// What happened, in a fixed order; also those in which nothing did.
    pub sections: Vec<DigestSection>,
    /// The head of the history of the store, `SEQ:HASH`, which `provwatch store check --head` compares with.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub history: Option<String>,
}

/// One section of a digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DigestSection {
    /// `new`, `changed`, `still open`, `resolved`, `expiring` or `health`.
    pub name: String,
    /// How many items it has.
    pub count: u64,
    /// How many of them are critical alerts that are not resolved.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub critical: u64,
    /// The severest of them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub items: Vec<DigestItem>,
}

/// One item of a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DigestItem {
    /// The alert, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub alert: Option<AlertId>,
    /// How bad it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub severity: Option<Severity>,
    /// One line.
    pub text: String,
}

/// Whether there is none; a form without the key is one without them.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl DigestSection {
    /// The section's title for people.
    pub fn title(&self) -> &str {
        match self.name.as_str() {
            "expiring" => "ending soon",
            "health" => "problems of provwatch",
            name => name,
        }
    }

    /// Its count in words: `3 new`, `1 problem of provwatch`.
    fn counted(&self) -> String {
        match (self.name.as_str(), self.count) {
            ("health", 1) => "1 problem of provwatch".to_owned(),
            (_, count) => format!("{count} {}", self.title()),
        }
    }
}

impl Digest {
    /// Most items of a section that a digest lists.
    pub const LISTED: usize = 20;

    /// One line: `2 critical open; 3 new, 1 resolved`, or that nothing happened.
    pub fn summary(&self) -> String {
        let told = self.sections.iter().filter(|section| section.count > 0);
        let counts: Vec<String> = told.map(DigestSection::counted).collect();
        let counts = if counts.is_empty() { "nothing happened".to_owned() } else { counts.join(", ") };
        match self.sections.iter().map(|section| section.critical).sum::<u64>() {
            0 => counts,
            critical => format!("{critical} critical open; {counts}"),
        }
    }
}

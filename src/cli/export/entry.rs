//! One release of a blocklist, and the list.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    model::{AlertId, ReleaseId, Severity},
    text::{counted, minute_utc, plain},
};

/// Most characters of a reason.
const REASON: usize = 200;

/// A release that is accused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Entry {
    /// The release.
    pub purl: ReleaseId,
    /// The severity of its alert.
    pub severity: Severity,
    /// The id of its alert.
    pub alert: AlertId,
    /// When the alert was raised.
    pub raised_at: DateTime<Utc>,
    /// The title of the alert.
    pub reason: String,
    /// Whether its registry withdrew it: machines that installed it before have it.
    pub withdrawn: bool,
    /// The last release before it that is known to be normal, and not on the list itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_good: Option<ReleaseId>,
    /// The names of its files, as far as they are known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

impl Entry {
    /// Why it is on the list, on one line. The end is provwatch's own: a publisher's text is never the last of a line,
    /// where some formats know a sign that continues it.
    pub fn why(&self) -> String {
        let withdrawn = if self.withdrawn { ", withdrawn since" } else { "" };
        format!("{}: {} (alert {}{withdrawn})", self.severity, plain(&self.reason, REASON), self.alert)
    }
}

/// The accused releases in the order of their purls, with the time until which the list is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    pub made_at: DateTime<Utc>,
    pub valid_until: DateTime<Utc>,
    pub min_severity: Severity,
    pub entries: Vec<Entry>,
}

impl List {
    /// What a list of so many releases is, and until when, on lines for comments.
    pub fn head(&self, releases: usize) -> [String; 2] {
        let releases = counted(releases, "release");
        [
            format!(
                "provwatch: {releases} with an alert of severity {} or worse, of {}",
                self.min_severity,
                minute_utc(self.made_at)
            ),
            format!("stale after {}: make the list again before then", minute_utc(self.valid_until)),
        ]
    }
}

/// A list in one of the formats.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub text: String,
    /// The releases that the format cannot express, each with the reason.
    pub left_out: Vec<(ReleaseId, &'static str)>,
}

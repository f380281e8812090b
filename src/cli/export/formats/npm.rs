//! What npm reads: `overrides` of package.json, and advisories as a registry answers them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{NO_VERSION, NOT_PLAIN, is_plain, of};
use crate::{
    cli::export::entry::{Entry, List, Written},
    model::{Blocklist, ReleaseId, Severity},
    text::{json_shown, minute_utc, plain},
};

/// Most characters of a title.
const TITLE: usize = 300;

/// A part of package.json: an accused version is replaced by the last good one, or by an earlier one
/// (npm's documentation of package.json, *overrides*). `//` is npm's key for comments.
pub fn overrides(list: &List) -> Written {
    let (entries, left_out) = usable(list);
    let mut comments: Vec<String> = list.head(entries.len()).to_vec();
    comments.extend(entries.iter().map(|entry| format!("{}: {}", entry.purl, entry.why())));
    let overrides: Map<String, Value> = entries
        .iter()
        .map(|entry| {
            let (name, version) = (entry.purl.package().name(), entry.purl.version());
            let good = entry.last_good.as_ref().filter(|good| is_usable(good)).map(|good| good.version().to_owned());
            (format!("{name}@{version}"), json!(good.unwrap_or_else(|| format!("<{version}"))))
        })
        .collect();
    written(&json!({ "//": comments, "overrides": overrides }), left_out)
}

/// Advisories by package, in the form of a registry's answer to `npm audit`. The ids are those of the alerts.
pub fn advisories(list: &List) -> Written {
    let (entries, left_out) = usable(list);
    let until = minute_utc(list.valid_until);
    let mut by_package: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for entry in entries {
        by_package.entry(entry.purl.package().name()).or_default().push(json!({
            "id": entry.alert.to_string(),
            "title": format!("{} [provwatch, stale after {until}]", plain(&entry.reason, TITLE)),
            "severity": severity(entry.severity),
            "vulnerable_versions": format!("={}", entry.purl.version()),
            "cwe": ["CWE-506"],
        }));
    }
    written(&json!(by_package), left_out)
}

fn written(document: &Value, left_out: Vec<(ReleaseId, &'static str)>) -> Written {
    let text = serde_json::to_string_pretty(document).unwrap_or_default();
    Written { text: json_shown(&text) + "\n", left_out }
}

/// npm has a word of its own for medium.
const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "moderate",
        Severity::Low => "low",
        Severity::Info => "info",
    }
}

/// The releases that npm can be told of: a version that it does not know would be taken for a range or a tag.
fn usable(list: &List) -> (Vec<&Entry>, Vec<(ReleaseId, &'static str)>) {
    let (usable, rest): (Vec<&Entry>, Vec<&Entry>) = of(list, Blocklist::Npm).partition(|entry| is_usable(&entry.purl));
    let why = |entry: &Entry| if entry.purl.parsed().is_none() { NO_VERSION } else { NOT_PLAIN };
    (usable, rest.into_iter().map(|entry| (entry.purl.clone(), why(entry))).collect())
}

fn is_usable(release: &ReleaseId) -> bool {
    release.parsed().is_some() && is_plain(release.version()) && is_plain(release.package().name())
}

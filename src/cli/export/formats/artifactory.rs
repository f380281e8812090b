//! `excludesPattern` of a repository of Artifactory: patterns of paths that it does not serve, with commas between them.

use serde_json::{Value, json};

use super::{NOT_PLAIN, is_plain};
use crate::{
    cli::export::entry::{Entry, List, Written},
    text::json_shown,
};

/// Why a release is left out whose files are not known.
const NO_FILES: &str = "the names of its files are not known";

/// A JSON object. Only `excludesPattern` is for Artifactory; the other keys say why and until when. A name with a star would
/// be a pattern for other packages, so such a release is left out.
pub fn pattern(list: &List) -> Written {
    let (mut patterns, mut reasons, mut left_out) = (Vec::new(), Vec::<Value>::new(), Vec::new());
    for entry in &list.entries {
        match places(entry) {
            Ok(places) => {
                reasons.push(json!({ "purl": entry.purl, "patterns": places, "reason": entry.why() }));
                patterns.extend(places);
            }
            Err(why) => left_out.push((entry.purl.clone(), why)),
        }
    }
    let document = json!({
        "excludesPattern": patterns.join(","),
        "about": list.head(reasons.len()),
        "valid_until": list.valid_until,
        "reasons": reasons,
    });
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    Written { text: json_shown(&text) + "\n", left_out }
}

/// The places of a release in a repository.
fn places(entry: &Entry) -> Result<Vec<String>, &'static str> {
    let (name, version) = (entry.purl.package().name(), entry.purl.version());
    let templates = entry.purl.package().ecosystem().row().blocking.artifactory;
    let by_file = templates.iter().any(|template| template.contains("{file}"));
    if by_file && entry.files.is_empty() {
        return Err(NO_FILES);
    }
    let is_harmless = |text: &str| is_plain(text) && !text.split('/').any(|part| part == "..");
    let files: &[String] = if by_file { &entry.files } else { &[] };
    if ![name, version].into_iter().chain(files.iter().map(String::as_str)).all(is_harmless) {
        return Err(NOT_PLAIN);
    }
    let bare = name.rsplit('/').next().unwrap_or(name);
    let mut places = Vec::new();
    for template in templates {
        let place = template.replace("{name}", name).replace("{bare}", bare).replace("{version}", version);
        match files {
            [] => places.push(place),
            files => places.extend(files.iter().map(|file| place.replace("{file}", file))),
        }
    }
    places.dedup();
    Ok(places)
}

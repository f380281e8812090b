//! The tests of reading reports: their form, folders, zip files, and hostile ones of each.

mod document;
mod folder;
mod zip;
pub(crate) mod zips;

use super::{Found, Step, Walk};

/// A report about all versions of an npm package.
fn report(id: &str, package: &str) -> String {
    serde_json::json!({
        "id": id,
        "modified": "2026-03-02T00:00:00Z",
        "published": "2026-03-01T00:00:00Z",
        "summary": "Malicious code in a package",
        "affected": [{"package": {"ecosystem": "npm", "name": package}, "versions": ["1.0.0"]}],
    })
    .to_string()
}

/// What a walk comes upon, in the order of the ids.
fn found(walk: &mut Walk) -> Vec<Found> {
    let mut found = Vec::new();
    loop {
        match walk.step().unwrap() {
            Step::Report(one) => found.push(one),
            Step::Other => {}
            Step::End => break,
        }
    }
    found.sort_by(|one, other| one.id.cmp(&other.id));
    found
}

fn wanted() -> Vec<String> {
    vec!["MAL-".to_owned()]
}

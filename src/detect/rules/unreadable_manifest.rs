//! Detects a manifest of which the dependencies or install scripts cannot be read.

use crate::{
    detect::{About, Change, Detector, Evidence, SignalCategory, comparison::quote, support},
    model::{Confidence, Severity, Signal, Unread},
};

/// What the release says of itself cannot be read.
pub struct UnreadableManifest;

static ABOUT: About = About {
    id: "unreadable-manifest",
    title: "What it installs and runs cannot be read",
    harmless: None,
    category: SignalCategory::Content,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A release whose scripts, dependencies or repository are there and cannot be read: another type than documented, a key that comes twice, a part that is too long. Scripts and dependencies medium, the repository low. It only supports other signals, as much as a new script or a foreign dependency would. Such a release is unchecked besides.

### Why it matters
Whoever publishes writes the manifest, and can write what a client takes and a monitor does not. What cannot be read may run code at installation, or fetch code from anywhere.

### False positives
Manifests that are written by hand or by old tools. They install all the same.

### What to do
Read the manifest in the registry's document; `provwatch lookup` names the part and the reason.

### Example incident
None is known. A test showed it: a takeover with `scripts` of another type was a late alert about provwatch itself.";

impl Detector for UnreadableManifest {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let Some(profile) = change.profile() else { return Vec::new() };
        let parts = change.release.unread.claims().filter_map(|(place, why)| Some((severity(place)?, why)));
        let Some((severity, why)) = parts.max_by_key(|(severity, _)| *severity) else { return Vec::new() };
        let evidence = Evidence {
            expected: "a manifest that can be read".to_owned(),
            seen: quote(why),
            since: profile.first_at,
            why: "What cannot be read may run code at installation.",
        };
        vec![support(&ABOUT, severity, evidence)]
    }
}

/// How much a part that cannot be read supports other signals. A manifest that could not be fetched is not odd.
fn severity(place: &str) -> Option<Severity> {
    match place {
        Unread::SCRIPTS | Unread::DEPENDENCIES | Unread::OPTIONAL => Some(Severity::Medium),
        Unread::REPOSITORY => Some(Severity::Low),
        _ => None,
    }
}

//! Detects a manifest of which the dependencies or install scripts cannot be read.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, support},
    model::{Confidence, Severity, Signal, Unread},
};

/// The manifest of the release cannot be read.
pub struct UnreadableManifest;

static ABOUT: About = About {
    id: "unreadable-manifest",
    title: "Parts of the manifest cannot be read",
    harmless: None,
    category: SignalCategory::Content,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A release with scripts, dependencies or a repository that provwatch cannot read: an undocumented type, a duplicate key, or an oversized part. The signal is medium for scripts and dependencies, and low for the repository. It only corroborates others, as a new script or a foreign dependency would. provwatch also reports the release as unchecked.

### Why it matters
The publisher writes the manifest, and can choose a form that clients accept and monitors do not. The unreadable part may run code at installation, or fetch code from anywhere.

### False positives
Manifests written by hand or by old tools. Clients still install them.

### What to do
Read the manifest in the registry's document; `provwatch lookup` names the part and the reason.

### Example incident
None known. Before this detector existed, a test takeover with `scripts` of another type raised only a late alert about provwatch itself.";

impl Detector for UnreadableManifest {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let Some(profile) = change.profile() else { return Vec::new() };
        let parts = change.release.unread.claims().filter_map(|(place, why)| Some((severity(place)?, why)));
        let Some((severity, why)) = parts.max_by_key(|(severity, _)| *severity) else { return Vec::new() };
        let evidence = Difference {
            expected: "a readable manifest".to_owned(),
            seen: quote(why),
            since: profile.first_at,
            why: "The unreadable part may run code at installation.",
        };
        vec![support(&ABOUT, severity, evidence)]
    }
}

/// The corroborating severity of an unreadable part. A manifest that could not be fetched is not suspicious.
fn severity(place: &str) -> Option<Severity> {
    match place {
        Unread::SCRIPTS | Unread::DEPENDENCIES | Unread::OPTIONAL => Some(Severity::Medium),
        Unread::REPOSITORY => Some(Severity::Low),
        _ => None,
    }
}

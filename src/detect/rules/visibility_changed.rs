//! Detects a build from a repository that is no longer public.

use crate::{
    baseline::Traits,
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{Confidence, Severity, Signal, traits::Visibilities},
};

/// The repository is no longer public.
pub struct VisibilityChanged;

static ABOUT: About = About {
    id: "visibility-changed",
    title: "Built from a repository that is no longer public",
    harmless: None,
    category: SignalCategory::Source,
    severity: Severity::Low,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A repository that was private or internal at the time of signing, on a line that was always built from a public one.

### Why it matters
The public cannot review a private repository, nor look up the commit that the certificate names.

### False positives
Projects that close their source. At npm, their releases then have no provenance either.

### What to do
Ask the project. If it closed its source: `provwatch baseline accept`.

### Example incident
No public incident with this signal alone; bitwarden moved its publishing to a private repository in July 2026.";

impl Detector for VisibilityChanged {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let changed = change.traits.iter().filter_map(|traits| found(change, traits));
        changed.collect()
    }
}

fn found(change: &Change<'_>, traits: &Traits<'_>) -> Option<Signal> {
    let visibility = traits.visibility.filter(|visibility| *visibility != "public")?;
    let new = change.novelty(Visibilities, visibility)?;
    let evidence = Difference {
        expected: new.usual,
        seen: quote(visibility),
        since: new.since,
        why: "The public cannot review a private repository.",
    };
    Some(signal(&ABOUT, Severity::Low, evidence))
}

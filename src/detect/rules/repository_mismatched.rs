//! Detects a manifest that names another repository than the one that built the release.

use crate::{
    baseline::{Traits, words},
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{
        Confidence, Severity, Signal, named_repository,
        traits::{Manifests, Repositories},
        words::ManifestRepository,
    },
};

/// The manifest names another repository.
pub struct RepositoryMismatched;

static ABOUT: About = About {
    id: "repository-mismatched",
    title: "The manifest names a different repository than the one that built the release",
    harmless: Some("The manifest still names the repository by its former name"),
    category: SignalCategory::Origin,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A verified build from another repository than the manifest names. On this line both always matched before, or this is its first attested release.

### Why it matters
npm and other registries refuse provenance from a repository that the manifest does not name, so an honest move changes both. If the two differ, one of them does not come from the project.

### False positives
A renamed repository and a manifest with the old name. The signal is informational if the forge confirms that both names belong to the same repository.

### What to do
Open both repositories. If the project moved: `provwatch baseline accept`.

### Example incident
No public incident with this signal alone.";

impl Detector for RepositoryMismatched {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let changed = change.traits.iter().filter_map(|traits| found(change, traits));
        changed.collect()
    }
}

fn found(change: &Change<'_>, traits: &Traits<'_>) -> Option<Signal> {
    let pointing = words::manifest_repository(change.release, traits)?;
    if pointing == ManifestRepository::Same {
        return None;
    }
    let profile = change.profile()?;
    // A first attestation can only be compared with the manifest.
    let first = profile.tally(Manifests).is_empty() && profile.tally(Repositories).is_empty();
    let new = change.novelty(Manifests, pointing);
    if new.is_none() && !first {
        return None;
    }
    let named = change.release.manifest.as_ref()?.repository.as_deref()?;
    let renamed = change
        .formerly()
        .is_some_and(|formerly| named_repository(named).is_some_and(|named| named.ends_with(&format!("/{formerly}"))));
    let evidence = Difference {
        expected: format!("{}, according to the manifest", quote(named)),
        seen: quote(traits.repository.as_deref()?),
        since: new.as_ref().and_then(|new| new.since),
        why: "An honest move changes the manifest too. Here, one of the two repositories is not the project's.",
    };
    Some(signal(
        &ABOUT,
        if renamed { Severity::Info } else { new.map_or(Severity::Medium, |new| new.weigh(Severity::Medium)) },
        evidence,
    ))
}

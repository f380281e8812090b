//! Detects a new dependency from outside the registry.

use crate::{
    baseline::words,
    detect::{About, Change, Detector, Evidence, SignalCategory, comparison::quote, signal},
    model::{Confidence, Severity, Signal, traits::DependencySources, words::DependencySource},
};

/// A dependency from outside the registry.
pub struct ForeignDependency;

static ABOUT: About = About {
    id: "foreign-dependency",
    title: "Depends on code from outside the registry",
    harmless: None,
    category: SignalCategory::Content,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A dependency, optional ones too, that is fetched from a git repository or a URL, on a line that is known to have had none. Low where a single release or another line is all there is to compare with.

### Why it matters
What a registry serves is kept and can be looked at afterwards. A branch or a URL serves what its owner likes, to whomever they like, and npm runs its preparation scripts.

### False positives
Pre-releases, and packages that wait for a fix of theirs to be released.

### What to do
Open the dependency: who owns it, and does the ref exist in a branch of the project?

### Example incident
The TanStack worm (May 2026) came as an optional dependency on an orphan commit of the project's own repository.";

impl Detector for ForeignDependency {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let new = |range: &str| {
        let source = Some(words::source_of(range)).filter(|source| *source != DependencySource::Registry);
        change.novelty(DependencySources, source?)
    };
    let (name, range, new) =
        words::dependencies(change.release).find_map(|(name, range)| Some((name, range, new(range)?)))?;
    let severity = new.weigh(Severity::Medium).max(Severity::Low);
    let evidence = Evidence {
        expected: format!("dependencies from: {}", new.usual),
        seen: format!("{} from {}", quote(name), quote(range)),
        since: new.since,
        why: "A repository or a URL serves what its owner likes, and to whomever they like.",
    };
    Some(signal(&ABOUT, severity, evidence))
}

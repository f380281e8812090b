//! Detects a new dependency from outside the registry.

use crate::{
    baseline::words,
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
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
A dependency, optional ones included, from a git repository or a URL, on a line that is known to have had none from such a source. The signal is medium, and low if the baseline is a single release or another line.

### Why it matters
A registry keeps the content of its packages, so that you can examine it later. The owner of a branch or a URL can serve different content to different clients, and npm runs the preparation scripts of git dependencies.

### False positives
Pre-releases, and packages that wait for the release of a fix.

### What to do
Open the dependency. Check its owner, and whether the ref is on a branch of the project.

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
    let known = change.profile()?.tally(DependencySources);
    let had_some = [DependencySource::Git, DependencySource::Url].into_iter().any(|source| known.contains(source));
    let evidence = Difference {
        expected: if had_some {
            format!("dependencies from: {}", new.usual)
        } else {
            "no dependencies from outside the registry".to_owned()
        },
        seen: format!("{} from {}", quote(name), quote(range)),
        since: new.since,
        why: "The owner of a git repository or a URL can serve different content to different clients.",
    };
    Some(signal(&ABOUT, severity, evidence))
}

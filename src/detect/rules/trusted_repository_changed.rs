//! Detects a trusted publisher that, according to the registry, belongs to another repository.

use crate::{
    detect::{
        About, Change, Detector, Evidence, SignalCategory,
        comparison::{quote, usual},
        signal,
    },
    model::{
        Confidence, LineBaseline, Severity, Signal,
        traits::{NamedRepositories, RegisteredRepositories},
    },
};

/// A trusted publisher of another repository, by the registry's word.
pub struct TrustedRepositoryChanged;

static ABOUT: About = About {
    id: "trusted-repository-changed",
    title: "The trusted publisher is of another repository",
    harmless: None,
    category: SignalCategory::Origin,
    severity: Severity::High,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A release without certificate whose trusted publisher, as the registry names it, is of a repository or a provider that the line never had: high; medium where the owner is the same, where another line has the repository, and where the line had none and other lines, or the package's manifests, name another. Only crates.io names the repository; it names no workflow. The registry checked the publisher's token and says so: nothing of it is verified by provwatch, and it is compared with the registry's earlier words only.

### Why it matters
Whoever holds an owner's session can register a repository of their own as trusted publisher. The release then looks as strongly proven as those before.

### False positives
A renamed or transferred repository has to be registered anew, and the registry tells no id by which it is still the same.

### What to do
Open both repositories: an honest move is announced in the old one, or the old address leads to the new. Compare the package's settings at the registry. If it is honest: `provwatch baseline accept`; before a move: `provwatch expect`.

### Example incident
None is public that rests on it alone.";

const WHY: &str = "By the registry's word, which nothing certifies, the release came from a repository that never released this package.";

impl Detector for TrustedRepositoryChanged {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let name = change.release.auth.registered_repository().filter(|_| change.traits.is_empty())?;
    let known = change.profile()?.tally(RegisteredRepositories);
    if known.is_empty() {
        return strange(change, &name);
    }
    let new = change.novelty(RegisteredRepositories, &name)?;
    let milder = change.package.lines.values().any(|line| line.tally(RegisteredRepositories).contains(&name))
        || known.values().any(|known| owner(known) == owner(&name));
    let severity = if milder { Severity::Medium } else { Severity::High };
    let evidence = Evidence { expected: new.usual, seen: seen(&name), since: new.since, why: WHY };
    Some(signal(&ABOUT, severity, evidence))
}

/// On a line that never had a trusted publisher with a repository, those of other lines are the ones to expect, and where
/// there is none, those that manifests named.
fn strange(change: &Change<'_>, name: &str) -> Option<Signal> {
    let registered = change.latest(RegisteredRepositories).map(|known| (known, "on another line"));
    let (known, whose) =
        registered.or_else(|| change.latest(NamedRepositories).map(|known| (known, "as manifests said")))?;
    let named = |line: &LineBaseline| {
        line.tally(RegisteredRepositories).contains(name) || line.tally(NamedRepositories).contains(name)
    };
    if change.package.lines.values().any(named) {
        return None;
    }
    let expected = format!("{}, {whose}", usual(known.iter()));
    let evidence = Evidence { expected, seen: seen(name), since: known.since(), why: WHY };
    Some(signal(&ABOUT, Severity::Medium, evidence))
}

fn owner(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(owner, _)| owner)
}

fn seen(name: &str) -> String {
    format!("{}, as the registry says (not verified)", quote(name))
}

//! Detects a trusted publisher that, according to the registry, belongs to another repository.

use crate::{
    detect::{
        About, Change, Detector, Difference, SignalCategory,
        comparison::{quote, usual},
        signal,
    },
    model::{
        Confidence, LineBaseline, Severity, Signal,
        traits::{NamedRepositories, RegisteredRepositories},
    },
};

/// A trusted publisher of another repository, according to the registry.
pub struct TrustedRepositoryChanged;

static ABOUT: About = About {
    id: "trusted-repository-changed",
    title: "The trusted publisher belongs to another repository",
    harmless: None,
    category: SignalCategory::Origin,
    severity: Severity::High,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A release without a certificate whose trusted publisher, according to the registry, belongs to a repository or a provider that the line never had. The signal is high. It is medium if the owner is the same, or if another line has the repository. It is medium, too, if the line had no such repository, but other lines or the package's manifests name another one. Only crates.io states the repository of the trusted publisher; it does not state the workflow. The registry checks the publisher's token itself. provwatch cannot verify the registry's statement, and compares it only with earlier statements.

### Why it matters
An attacker with an owner's session can register a repository of their own as trusted publisher. The release then looks as trustworthy as earlier ones.

### False positives
A renamed or transferred repository needs a new registration. The registry states no id by which provwatch could recognize the same repository.

### What to do
Open both repositories. For an honest move, the old repository has an announcement, or its address redirects to the new one. Compare the package's settings at the registry. If the move is honest: `provwatch baseline accept`. Before a planned move: `provwatch expect add`.

### Example incident
No public incident with this signal alone.";

const WHY: &str = "According to the registry, without a certificate, the release came from a repository that never released this package.";

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
    let evidence = Difference { expected: new.usual, seen: seen(&name), since: new.since, why: WHY };
    Some(signal(&ABOUT, severity, evidence))
}

/// On a line that never had a trusted publisher with a repository, those of other lines are expected, and if there is
/// none, those that manifests named.
fn strange(change: &Change<'_>, name: &str) -> Option<Signal> {
    let registered = change.latest(RegisteredRepositories).map(|known| (known, "on another line"));
    let (known, whose) = registered
        .or_else(|| change.latest(NamedRepositories).map(|known| (known, "according to earlier manifests")))?;
    let named = |line: &LineBaseline| {
        line.tally(RegisteredRepositories).contains(name) || line.tally(NamedRepositories).contains(name)
    };
    if change.package.lines.values().any(named) {
        return None;
    }
    let expected = format!("{}, {whose}", usual(known.iter()));
    let evidence = Difference { expected, seen: seen(name), since: known.since(), why: WHY };
    Some(signal(&ABOUT, Severity::Medium, evidence))
}

fn owner(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(owner, _)| owner)
}

fn seen(name: &str) -> String {
    format!("{}, according to the registry (not verified)", quote(name))
}

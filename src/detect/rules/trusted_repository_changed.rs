use crate::{
    detect::{
        About, Change, Detector, Evidence, Ground,
        comparison::{quote, usual},
        signal,
    },
    model::{Confidence, LineBaseline, Severity, Signal, Tally},
};

/// A trusted publisher of another repository, by the registry's word.
pub struct TrustedRepositoryChanged;

static ABOUT: About = About {
    id: "trusted-repository-changed",
    title: "The trusted publisher is of another repository",
    harmless: None,
    ground: Ground::Origin,
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
    let known = &change.portrait()?.registered_repositories;
    if known.is_empty() {
        return strange(change, &name);
    }
    let new = change.novelty(|line| &line.registered_repositories, &name)?;
    let milder = change.package.lines.values().any(|line| line.registered_repositories.contains_key(&name))
        || known.keys().any(|known| owner(known) == owner(&name));
    let severity = if milder { Severity::Medium } else { Severity::High };
    let evidence = Evidence { expected: new.usual, seen: seen(&name), since: new.since, why: WHY };
    Some(signal(&ABOUT, severity, evidence))
}

/// On a line that never had a trusted publisher with a repository, those of other lines are the ones to expect, and where
/// there is none, those that manifests named.
fn strange(change: &Change<'_>, name: &str) -> Option<Signal> {
    let (known, whose) =
        latest(change, |line| &line.registered_repositories)
            .map(|known| (known, "on another line"))
            .or_else(|| latest(change, |line| &line.named_repositories).map(|known| (known, "as manifests said")))?;
    let named = |line: &LineBaseline| {
        line.registered_repositories.contains_key(name) || line.named_repositories.contains_key(name)
    };
    if change.package.lines.values().any(named) {
        return None;
    }
    let since = known.values().map(|seen| seen.first).min();
    let evidence = Evidence { expected: format!("{}, {whose}", usual(known)), seen: seen(name), since, why: WHY };
    Some(signal(&ABOUT, Severity::Medium, evidence))
}

/// A tally of the line that was released last, of those that have it.
fn latest<'a>(change: &Change<'a>, pick: fn(&LineBaseline) -> &Tally<String>) -> Option<&'a Tally<String>> {
    let lines = change.package.lines.values().filter(|line| !pick(line).is_empty());
    lines.max_by_key(|line| line.last_at).map(pick)
}

fn owner(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(owner, _)| owner)
}

fn seen(name: &str) -> String {
    format!("{}, as the registry says (not verified)", quote(name))
}

//! Detects a build from a fork.

use crate::{
    baseline::Traits,
    detect::{
        About, Change, Detector, Difference, SignalCategory,
        comparison::{quote, usual},
        signal,
    },
    model::{Confidence, Severity, Signal, traits::Repositories},
};

/// Built from a fork.
pub struct RepositoryForked;

static ABOUT: About = About {
    id: "repository-forked",
    title: "Built from a fork",
    harmless: None,
    category: SignalCategory::Origin,
    severity: Severity::High,
    confidence: Confidence::High,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A repository that the forge marks as a fork and that never built this line before. The signal is high if it is a fork of a repository that built the line, and otherwise medium.

### Why it matters
Anyone can fork a repository with its workflows, and run them under an identity that differs only in the owner.

### False positives
A project that continues an abandoned one as a fork, and says so in its manifest.

### What to do
Compare the owner with the project's owner. If the project moved there: `provwatch baseline accept`.

### Example incident
Attackers use forks to start a project's privileged workflows (`pull_request_target`, 2024 to 2026) more often than to build a release.";

impl Detector for RepositoryForked {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let changed = change.traits.iter().filter_map(|traits| found(change, traits));
        changed.collect()
    }
}

fn found(change: &Change<'_>, traits: &Traits<'_>) -> Option<Signal> {
    let facts = change.release.facts.repository.as_ref().filter(|facts| facts.fork == Some(true))?;
    let profile = change.profile()?;
    let name = traits.repository.as_deref()?;
    let known = profile.tally(Repositories);
    if profile.has_repository(name, traits.repository_id) || known.is_empty() {
        return None;
    }
    let parent = facts.fork_of.as_deref().map(str::to_lowercase);
    let is_ours = parent.as_deref().is_some_and(|parent| {
        let end = format!("/{parent}");
        known.values().any(|known| known.ends_with(&end))
    });
    let evidence = Difference {
        expected: usual(known.iter()),
        seen: format!("{}, a fork of {}", quote(name), quote(parent.as_deref().unwrap_or("another repository"))),
        since: known.since(),
        why: "Anyone can fork a repository and run its workflows under their own name.",
    };
    Some(signal(&ABOUT, if is_ours { Severity::High } else { Severity::Medium }, evidence))
}

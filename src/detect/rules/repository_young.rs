//! Detects a build from a repository, or by an owner, that is only days old.

use crate::{
    baseline::Traits,
    detect::{
        About, Change, Detector, Difference, SignalCategory,
        comparison::{quote, usual},
        signal,
    },
    model::{Confidence, Severity, Signal, traits::Repositories},
    text::day,
};

/// A repository that is days old.
pub struct RepositoryYoung;

static ABOUT: About = About {
    id: "repository-young",
    title: "Built from a recently created repository or owner",
    harmless: None,
    category: SignalCategory::Origin,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A repository that never built this line before, if the repository or its owner is younger than thirty days at the time of the release. The setting `days` changes the limit.

### Why it matters
An attacker who publishes from a repository of their own usually created it for the attack.

### False positives
Projects that move into a new repository or organization. They keep their history, and announce the move in the old repository.

### What to do
Check whether the new repository has the commits of the old one.

### Example incident
Repositories that attackers create for exfiltration and forged builds are hours old (Shai-Hulud, 2025).";

impl Detector for RepositoryYoung {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let changed = change.traits.iter().filter_map(|traits| found(change, traits));
        changed.collect()
    }
}

fn found(change: &Change<'_>, traits: &Traits<'_>) -> Option<Signal> {
    let profile = change.profile()?;
    let name = traits.repository.as_deref()?;
    if profile.has_repository(name, traits.repository_id) {
        return None;
    }
    let facts = &change.release.facts;
    let repository = facts.repository.as_ref().and_then(|facts| facts.created_at);
    let owner = facts.owner.as_ref().and_then(|facts| facts.created_at);
    let (what, made, days) = [("repository", repository), ("owner", owner)].into_iter().find_map(|(what, made)| {
        let days = (change.release.published_at - made?).num_days();
        (days < i64::from(change.limits.young_days)).then_some((what, made?, days))
    })?;
    let known = profile.tally(Repositories);
    let evidence = Difference {
        expected: if known.is_empty() {
            format!("a repository that is at least {} days old", change.limits.young_days)
        } else {
            usual(known.iter())
        },
        seen: format!("{} ({what} created on {}, {days} days before the release)", quote(name), day(made)),
        since: known.since(),
        why: "An attacker usually creates a repository or an owner for the attack.",
    };
    Some(signal(&ABOUT, Severity::Medium, evidence))
}

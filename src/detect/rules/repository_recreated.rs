//! Detects a repository that was deleted and created again under the same name.

use crate::{
    baseline::Traits,
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{
        Confidence, Severity, Signal,
        traits::{Repositories, RepositoryIds},
    },
};

/// The same repository name with another id.
pub struct RepositoryRecreated;

static ABOUT: About = About {
    id: "repository-recreated",
    title: "The repository was recreated under its old name",
    harmless: None,
    category: SignalCategory::Origin,
    severity: Severity::High,
    confidence: Confidence::High,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A repository URL that the line knows, with another numeric id than before. If the line has no certificates, those of the other lines count.

### Why it matters
When a project deletes or renames a repository, or closes its account, anyone can take the free name. Trusted-publisher registrations that match by name then apply to the new repository.

### False positives
A maintainer who deletes and recreates a repository, or restores it from a mirror.

### What to do
Look at the repository's age and history. If it has the old commits and the old contributors: `provwatch baseline accept`.

### Example incident
Attackers have taken the former names of renamed accounts (repository jacking). Registries now bind registrations to ids.";

impl Detector for RepositoryRecreated {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        change.traits.iter().filter_map(|traits| recreated(change, traits)).collect()
    }
}

fn recreated(change: &Change<'_>, traits: &Traits<'_>) -> Option<Signal> {
    let (name, id) = (traits.repository.as_deref()?, traits.repository_id?);
    let lines = || change.certified();
    let (line, before) = lines().find_map(|line| Some((line, line.id_of_repository.get(name)?)))?;
    if before == id || lines().any(|line| line.tally(RepositoryIds).contains(id)) {
        return None;
    }
    let evidence = Difference {
        expected: format!("{} with id {}", quote(name), quote(before)),
        seen: format!("the same name with id {}", quote(id)),
        since: line.tally(Repositories).get(name).map(|seen| seen.first),
        why: "Only a deleted or abandoned name can get a new id; anyone may have taken the name.",
    };
    Some(signal(&ABOUT, Severity::High, evidence))
}

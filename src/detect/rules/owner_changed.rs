//! Detects a build from a repository with another owner.

use crate::{
    baseline::Traits,
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{
        Confidence, Severity, Signal,
        traits::{OwnerIds, Owners, Repositories, RepositoryIds},
    },
};

/// Another owner of the repository.
pub struct OwnerChanged;

static ABOUT: About = About {
    id: "owner-changed",
    title: "The repository has another owner",
    harmless: None,
    category: SignalCategory::Origin,
    severity: Severity::High,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
An owner id that the line has never had. The same repository under a new owner is a transfer: medium, and low if the forge confirms the former name. A known owner name with a new id is high, because it belongs to a new account. If the repository is new as well, `repository-changed` raises the signal instead.

### Why it matters
A transfer hands the repository, its secrets and its trusted-publisher registrations to another party.

### False positives
Projects often move into organizations. A renamed account keeps its id and raises no signal.

### What to do
Check the new owner. If the old maintainers are its members: `provwatch baseline accept`.

### Example incident
Buyers of browser extensions and npm packages have published malware after a transfer. The move of jdx/aube to aubepkg/aube (April 2026) is the honest counterpart.";

/// For how many days an owner's account is young. Sales and transfers go to accounts that exist for longer.
const YOUNG_OWNER_DAYS: i64 = 30;

impl Detector for OwnerChanged {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        change.traits.iter().filter_map(|traits| inspect(change, traits)).collect()
    }
}

fn inspect(change: &Change<'_>, traits: &Traits<'_>) -> Option<Signal> {
    let (owner, id) = (traits.owner.as_deref()?, traits.owner_id?);
    let new = change.novelty_of_certificate(OwnerIds, id)?;
    let lines = || change.certified();
    let recreated = lines().any(|line| line.id_of_owner.get(owner).is_some_and(|before| before != id));
    let is_same = |repository: &str| lines().any(|line| line.tally(RepositoryIds).contains(repository));
    let severity = if recreated {
        Severity::High
    } else if traits.repository_id.is_some_and(is_same) {
        if is_confirmed(change) && !is_young(change) { Severity::Low } else { Severity::Medium }
    } else {
        return None;
    };
    let evidence = Difference {
        expected: change.novelty_of_certificate(Owners, owner).map_or(new.usual, |new| new.usual),
        seen: format!("{} (id {})", quote(owner), quote(id)),
        since: new.since,
        why: if recreated {
            "The owner's account was recreated under its old name; anyone may have taken the name."
        } else {
            "The repository was transferred, with its secrets and registrations, to another owner."
        },
    };
    Some(signal(&ABOUT, severity, evidence))
}

/// Whether the new owner's account was created shortly before.
fn is_young(change: &Change<'_>) -> bool {
    let created_at = change.release.facts.owner.as_ref().and_then(|owner| owner.created_at);
    created_at.is_some_and(|created_at| (change.release.published_at - created_at).num_days() < YOUNG_OWNER_DAYS)
}

/// Whether the forge redirects a name that the line knows to this repository.
fn is_confirmed(change: &Change<'_>) -> bool {
    change.formerly().is_some_and(|formerly| {
        let end = format!("/{formerly}");
        change.certified().any(|line| line.tally(Repositories).values().any(|known| known.ends_with(&end)))
    })
}

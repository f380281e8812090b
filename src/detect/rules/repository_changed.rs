//! Detects a build from another repository.

use chrono::{DateTime, Utc};

use crate::{
    baseline::{Traits, words::manifest_repository},
    detect::{
        About, Change, Detector, Difference, SignalCategory,
        comparison::{quote, usual},
        signal,
    },
    model::{
        Confidence, Severity, Signal, named_repository,
        traits::{Issuers, NamedRepositories, OwnerIds, Repositories, RepositoryIds},
        words::ManifestRepository,
    },
};

/// Built from another repository.
pub struct RepositoryChanged;

static ABOUT: About = About {
    id: "repository-changed",
    title: "Built from another repository",
    harmless: Some("The repository was renamed or transferred"),
    category: SignalCategory::Origin,
    severity: Severity::High,
    confidence: Confidence::High,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A verified identity with a repository that the line has never had. provwatch compares the numeric ids if the certificate has one. The signal is medium if the line had no certified repository, and no other line of the package had this one. It is medium, too, for the first certified repository of a package whose manifests named another. The same id under another name is a rename or a transfer, and informational. For a known name with a new id, `repository-recreated` raises the signal.

### Why it matters
An attacker who can publish from a repository of their own does not need the project's repository. The forge assigns the id, and a new repository never gets an old id, whatever its name.

### False positives
Projects split and merge repositories. The signal is one level lower for a repository that another line of the package already uses. If the certificate has no id, the signal is informational if the forge confirms the former name.

### What to do
Open both repositories. For an honest move, the old repository has an announcement, and the maintainers are the same people. If both hold: `provwatch baseline accept`.

### Example incident
Attackers rarely build from a repository of their own, because it is easier to steal a token. The move of jdx/aube to aubepkg/aube (April 2026) is the honest counterpart that stays informational.";

impl Detector for RepositoryChanged {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        change.traits.iter().filter_map(|traits| inspect(change, traits)).collect()
    }
}

fn inspect(change: &Change<'_>, traits: &Traits<'_>) -> Option<Signal> {
    let profile = change.profile()?;
    let name = traits.repository.as_deref()?;
    if profile.tally(Repositories).is_empty() && profile.tally(RepositoryIds).is_empty() {
        return strange(change, name, traits.repository_id);
    }
    let Some(id) = traits.repository_id.filter(|_| !profile.tally(RepositoryIds).is_empty()) else {
        return by_name(change, name, traits.by_subject);
    };
    if profile.tally(RepositoryIds).contains(id) {
        return renamed(change, name);
    }
    if profile.tally(Repositories).contains(name) {
        return None;
    }
    let new = change.novelty(RepositoryIds, id)?;
    let known = change.novelty(Repositories, name).map_or(new.usual, |new| new.usual);
    let evidence = Difference {
        expected: known,
        seen: format!("{} (id {})", quote(name), quote(id)),
        since: new.since,
        why: "The release comes from a repository that never built this package before.",
    };
    let is_mild = is_elsewhere(change, id) || is_move(change, traits);
    Some(signal(&ABOUT, if is_mild { Severity::Medium } else { Severity::High }, evidence))
}

/// For how many days a repository of the same owner must have existed for a package to move into it unsuspiciously.
const SETTLED_DAYS: i64 = 30;

/// For how many days repository and owner must have existed for a move in the open. A project that changes its forge makes
/// both for the move, and prepares it for some weeks.
const PREPARED_DAYS: i64 = 14;

/// Whether the package moved by a merged commit, and its manifest follows: into an older repository of the same owner, as into
/// a monorepo, for which an attacker would need the owner's rights; or to another forge, in the open, where neither repository
/// nor owner is days old. An attacker would have to prepare that for weeks, and still raises an alert.
fn is_move(change: &Change<'_>, traits: &Traits<'_>) -> bool {
    let facts = &change.release.facts;
    let is_old = |created_at: Option<DateTime<Utc>>, days| {
        created_at.is_some_and(|at| (change.release.published_at - at).num_days() >= days)
    };
    let is_of_owner = |id| change.profile().is_some_and(|line| line.tally(OwnerIds).contains(id));
    let repository = facts.repository.as_ref();
    let is_original = repository.is_some_and(|repository| repository.fork == Some(false));
    let begun = repository.and_then(|repository| repository.created_at);
    let owner = facts.owner.as_ref().and_then(|owner| owner.created_at);
    let is_open = change.tag() == Some(true) && is_original && change.novelty(Issuers, traits.issuer).is_some();
    change.on_default_branch() == Some(true)
        && manifest_repository(change.release, traits) == Some(ManifestRepository::Same)
        && (traits.owner_id.is_some_and(is_of_owner) && is_old(begun, SETTLED_DAYS)
            || is_open && is_old(begun, PREPARED_DAYS) && is_old(owner, PREPARED_DAYS))
}

/// On a line that never had a repository, those of the package's other lines are expected.
fn strange(change: &Change<'_>, name: &str, id: Option<&str>) -> Option<Signal> {
    let mut others = change.package.lines.values().filter(|line| !line.tally(Repositories).is_empty());
    if others.any(|line| line.has_repository(name, id)) {
        return None;
    }
    let Some(known) = change.latest(Repositories) else { return unnamed(change, name) };
    let evidence = Difference {
        expected: format!("{} on another line", usual(known.iter())),
        seen: quote(name),
        since: known.since(),
        why: "The release comes from a repository that never built this package before.",
    };
    Some(signal(&ABOUT, Severity::Medium, evidence))
}

/// If no release was ever certified, only manifests name the package's repository: the first certified one may be an
/// attacker's.
fn unnamed(change: &Change<'_>, name: &str) -> Option<Signal> {
    let built = named_repository(name)?;
    let mut lines = change.package.lines.values();
    if lines.any(|line| line.tally(NamedRepositories).contains(&built)) || change.formerly().is_some() {
        return None;
    }
    let known = change.latest(NamedRepositories)?;
    let evidence = Difference {
        expected: format!("{}, according to earlier manifests", usual(known.iter())),
        seen: quote(&built),
        since: known.since(),
        why: "An attacker with a stolen token can attest a build from a repository of their own.",
    };
    Some(signal(&ABOUT, Severity::Medium, evidence))
}

fn is_elsewhere(change: &Change<'_>, id: &str) -> bool {
    change.package.lines.values().any(|line| line.tally(RepositoryIds).contains(id))
}

fn renamed(change: &Change<'_>, name: &str) -> Option<Signal> {
    let new = change.novelty(Repositories, name)?;
    let evidence = Difference {
        expected: new.usual,
        seen: format!("{}, the same repository by id", quote(name)),
        since: new.since,
        why: "The repository was renamed or transferred; its numeric id did not change.",
    };
    Some(signal(&ABOUT, Severity::Info, evidence))
}

/// Without ids only the forge's word tells a rename from another repository.
fn by_name(change: &Change<'_>, name: &str, by_subject: bool) -> Option<Signal> {
    let new = change.novelty(Repositories, name)?;
    let confirmed = change.formerly().is_some_and(|formerly| {
        let end = format!("/{formerly}");
        change.profile().is_some_and(|line| line.tally(Repositories).values().any(|known| known.ends_with(&end)))
    });
    let origin = if by_subject { ", as the certificate's subject names it (the claim is missing)" } else { "" };
    let evidence = Difference {
        expected: new.usual,
        seen: format!("{}{origin}", quote(name)),
        since: new.since,
        why: "The release comes from a repository that never built this package before.",
    };
    Some(signal(&ABOUT, if confirmed { Severity::Info } else { Severity::High }, evidence))
}

//! Finds out when new dependencies of a release were first published, and whether the package's own accounts did.

use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};

use crate::{
    baseline::{Moment, beginning, settling_time, words::dependencies},
    model::{
        AuthMethod, Baseline, Fact, LineBaseline, Observation, OrNone, Package, Tally, Text, Trait,
        traits::{Dependencies, Maintainers, Publishers},
    },
    packages::{examination::Examination, registries::Registries},
    registry::{self, Known, PackageState, Registry, RegistryError, RegistryRelease},
    text::with_causes,
};

/// Most new dependencies of a release whose age is queried.
const MAX_DEPENDENCIES: usize = 20;

/// The reason for facts that were not answered in time.
pub(super) const TOO_LATE: &str = "it was not answered in time";

/// The beginning of a dependency.
struct Origin {
    /// When it was first published.
    first: DateTime<Utc>,
    /// Whether an account that published or maintained the package before published it.
    is_own: bool,
}

/// Asks registries about dependencies.
pub(super) struct Dating<'a> {
    pub registries: &'a Registries,
    /// How many dependencies are asked about at once.
    pub concurrency: usize,
}

impl Dating<'_> {
    /// When each new dependency was first published, as far as the registry has it. Returns whether it may have more
    /// later.
    pub async fn date(&self, subject: &Examination<'_>, release: &mut Observation, baseline: &Baseline) -> bool {
        let registry = release.purl.package().registry();
        let package = |name: &str| Some(Package::new(registry.ecosystem(), name).ok()?.of(&registry));
        let mut new: Vec<Package> = new_dependencies(release, baseline).filter_map(package).collect();
        if new.len() > MAX_DEPENDENCIES {
            let why = format!("{} are new; the age of {MAX_DEPENDENCIES} is asked for", new.len());
            release.facts.unknown_because(Fact::Dependencies, why);
            new.truncate(MAX_DEPENDENCIES);
        }
        let asked = stream::iter(new).map(|package| async move {
            let first = self.origin(subject, &package, baseline).await;
            (package.name().to_owned(), first)
        });
        let asking = asked.buffered(self.concurrency).collect::<Vec<_>>();
        let Some(found) = subject.turn.facts(asking).await else {
            release.facts.unknown_because(Fact::Dependencies, TOO_LATE);
            return true;
        };
        let mut failed = false;
        for (name, first) in found {
            let why = match first {
                Ok(Some(Origin { first, is_own })) => {
                    if is_own {
                        release.facts.own_dependencies.get_or_insert_default().insert(name.clone());
                    }
                    release.facts.dependencies_first_published.get_or_insert_default().insert(name, first);
                    continue;
                }
                Ok(None) => "the registry does not have it".to_owned(),
                Err(error) => {
                    failed = true;
                    with_causes(&error)
                }
            };
            release.facts.unknown_because(Fact::Dependency(name), why);
        }
        failed
    }

    /// A dependency that a private registry does not have may come from the public one.
    async fn origin(
        &self,
        subject: &Examination<'_>,
        package: &Package,
        baseline: &Baseline,
    ) -> Result<Option<Origin>, RegistryError> {
        let first = origin(subject, subject.registry, package, baseline).await?;
        match self.registries.public_of(&package.registry()) {
            Some(public) if first.is_none() && !package.is_public() => {
                origin(subject, public, &package.public_namesake(), baseline).await
            }
            _ => Ok(first),
        }
    }
}

async fn origin(
    subject: &Examination<'_>,
    registry: &dyn Registry,
    package: &Package,
    baseline: &Baseline,
) -> Result<Option<Origin>, RegistryError> {
    let question = registry::Question { known: &Known::default(), validators: None, revision: None };
    Ok(match registry.package(&subject.turn.around, package, question).await? {
        PackageState::Current(document) => {
            let withdrawn = document.withdrawn.iter().map(|(_, at)| *at);
            let first = document.releases.iter().map(|release| release.published_at).chain(withdrawn).min();
            let is_own = |at| document.releases.iter().any(|release| is_of_publishers(release, baseline, at));
            first.map(|first| Origin { first, is_own: is_own(first) })
        }
        _ => None,
    })
}

/// Whether an account that the package's earlier releases name published a release of a dependency. The repository that a
/// manifest names says nothing: every manifest may name any.
fn is_of_publishers(release: &RegistryRelease, baseline: &Baseline, at: DateTime<Utc>) -> bool {
    let person = release.publisher.as_ref().filter(|_| release.auth.method != AuthMethod::TrustedPublisher);
    person.is_some_and(|person| {
        is_settled(baseline, |line| line.tally(Publishers), Trait::Publishers, &person.name, at)
            || is_settled(baseline, |line| line.tally(Maintainers), Trait::Maintainers, &person.name, at)
    })
}

/// Whether an account was known long enough when the dependency came: one that was new may be the attacker's, and a new
/// release line of its own makes it no older. The package's first accounts are known at once.
fn is_settled<'a>(
    baseline: &'a Baseline,
    tally: impl Fn(&'a LineBaseline) -> &'a Tally<Text>,
    of: Trait,
    name: &str,
    at: DateTime<Utc>,
) -> bool {
    let tallies = || baseline.lines.values().map(&tally);
    let first = tallies().filter_map(Tally::since).min();
    let seen = tallies().filter_map(|tally| tally.get(name)).map(|seen| seen.first).min();
    seen.is_some_and(|seen| at - seen >= settling_time(of) || Some(seen) == first)
}

/// Dependencies that no release before had, where those of releases before are known.
pub(super) fn new_dependencies<'a>(release: &'a Observation, baseline: &'a Baseline) -> impl Iterator<Item = &'a str> {
    let moment = Moment { at: release.published_at, held_at: None };
    let since = beginning(baseline, Dependencies);
    let known = move |name: &str| {
        let mut seen = baseline.lines.values().filter_map(|line| line.tally(Dependencies).get(OrNone::Name(name)));
        seen.any(|seen| moment.knows(Trait::Dependencies, since, seen))
    };
    let any_known = baseline.lines.values().any(|line| !line.tally(Dependencies).is_empty());
    dependencies(release).map(|(name, _)| name).filter(move |name| any_known && !known(name))
}

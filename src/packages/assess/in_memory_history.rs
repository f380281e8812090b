//! In-memory history of releases, for the release context of a replay in publish order.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};

use crate::{
    detect::{AT_ONCE, Burst, Cadence, ReleaseContext, Runs},
    model::{AuthMethod, CorrelationKey, Observation, Package, ReleaseId, ReleaseLine, run_and_attempt},
};

/// Stores releases in memory, and gives for the next one the releases before and around it.
#[derive(Debug, Default)]
pub struct InMemoryHistory {
    packages: HashMap<CorrelationKey, Cadence<Package>>,
    /// Everything that a correlation key ever released.
    released: HashMap<CorrelationKey, HashSet<Package>>,
    lines: HashMap<Package, Cadence<ReleaseLine>>,
    runs: HashMap<Package, Runs>,
    /// The latest two versions that carry a signature, the later one last.
    signatures: HashMap<Package, HashMap<String, Vec<ReleaseId>>>,
    /// The last release of a package by one publisher that raised an alert.
    accused: HashMap<(Package, String), (ReleaseId, DateTime<Utc>)>,
    /// When the last release of a package that did not join was published.
    held_at: HashMap<Package, DateTime<Utc>>,
}

impl InMemoryHistory {
    /// The release context, from all releases that were added before.
    pub fn release_context(&self, release: &Observation) -> ReleaseContext {
        let (package, at) = (release.purl.package(), release.published_at);
        let line = release.line();
        let lines = self.lines.get(package);
        let burst = |correlation_key| {
            let cadence = self.packages.get(&correlation_key)?;
            let others = cadence.count_others(package, at);
            (others > 0).then(|| Burst {
                packages: others.saturating_add(1),
                usual: cadence.usual(at),
                correlation_key,
            })
        };
        let other = |known: &Vec<ReleaseId>| known.iter().rev().find(|known| **known != release.purl).cloned();
        ReleaseContext {
            bursts: CorrelationKey::of(release).into_iter().filter_map(burst).collect(),
            lines: lines.map(|lines| lines.others(&line, at).cloned().collect()).unwrap_or_default(),
            lines_usual: lines.map_or(0, |lines| lines.usual(at)),
            same_run: (self.runs.get(package))
                .and_then(|known| runs(release).find_map(|run| known.other(run, &release.purl))),
            accused: self.accused(release),
            same_signature: (self.signatures.get(package))
                .and_then(|known| signatures(release).find_map(|signature| other(known.get(&signature)?))),
            companions: self.companions(release),
            held_at: self.held_at.get(package).copied(),
            own: None,
            incidents: Vec::new(),
            address_hosts: BTreeMap::new(),
        }
    }

    /// The dependencies of known age that one of the release's correlation keys released.
    fn companions(&self, release: &Observation) -> BTreeSet<String> {
        let registry = release.purl.package().registry();
        let names = release.facts.dependencies_first_published.iter().flatten().map(|(name, _)| name);
        let packages = names.filter_map(|name| Some(Package::new(registry.ecosystem(), name).ok()?.of(&registry)));
        let released: Vec<_> = CorrelationKey::of(release).iter().filter_map(|key| self.released.get(key)).collect();
        let own = packages.filter(|package| released.iter().any(|known| known.contains(package)));
        own.map(|package| package.name().to_owned()).collect()
    }

    fn accused(&self, release: &Observation) -> Option<(ReleaseId, DateTime<Utc>)> {
        let (known, then) = self.accused.get(&(release.purl.package().clone(), actor(release)?))?;
        let is_beside = release.published_at - *then <= AT_ONCE && *known != release.purl;
        is_beside.then(|| (known.clone(), *then))
    }

    /// Adds a release. A release that raised an alert of medium or worse does not count towards the usual cadence.
    pub fn add(&mut self, release: &Observation, in_baseline: bool) {
        let (package, at) = (release.purl.package(), release.published_at);
        for correlation_key in CorrelationKey::of(release) {
            if let Some(released) = self.released.get_mut(&correlation_key) {
                if !released.contains(package) {
                    released.insert(package.clone());
                }
            } else {
                self.released.insert(correlation_key.clone(), HashSet::from([package.clone()]));
            }
            self.packages.entry(correlation_key).or_insert_with(Cadence::of_packages).add(
                package.clone(),
                at,
                in_baseline,
            );
        }
        if !in_baseline {
            self.held_at.insert(package.clone(), at);
        }
        if let Some(actor) = actor(release).filter(|_| !in_baseline) {
            self.accused.insert((package.clone(), actor), (release.purl.clone(), at));
        }
        let line = release.line();
        if !line.is_prerelease() {
            self.lines.entry(package.clone()).or_insert_with(Cadence::of_lines).add(line, at, in_baseline);
        }
        for run in runs(release) {
            self.runs.entry(package.clone()).or_default().add(run, &release.purl, at, in_baseline);
        }
        for signature in signatures(release) {
            let known = self.signatures.entry(package.clone()).or_default();
            let versions = known.entry(signature).or_default();
            versions.retain(|version| *version != release.purl);
            versions.push(release.purl.clone());
            if versions.len() > 2 {
                versions.remove(0);
            }
        }
    }
}

/// The publisher of a release that no trusted publisher published: the account; an empty text where neither account nor
/// workflow is named, as on PyPI.
pub fn actor(release: &Observation) -> Option<String> {
    let by_hand = release.auth.method != AuthMethod::TrustedPublisher;
    let account = release.publisher.as_ref().filter(|_| by_hand).map(|person| person.name.clone());
    account.or_else(|| (by_hand && release.identities().is_empty()).then(String::new))
}

/// The runs that a release's verified identities name, without the number of the attempt.
fn runs(release: &Observation) -> impl Iterator<Item = &str> {
    release.runs().map(|run| run_and_attempt(run).0)
}

/// The identifiers of a signature: the signed digests, and its place in a log.
fn signatures(release: &Observation) -> impl Iterator<Item = String> {
    release.verified().flat_map(|verified| {
        let place = verified.log.as_ref().map(|entry| format!("{}#{}", entry.origin, entry.index));
        verified.signed.iter().cloned().chain(place)
    })
}

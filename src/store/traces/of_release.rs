//! The traces of a release.

use std::collections::BTreeMap;

use super::{OwnedTrace, Trace};
use crate::{
    model::{AuthMethod, CorrelationKey, Digests, Observation, Person, RegistryKey, WorkflowIdentity, run_and_attempt},
    store::{addresses::host_in_pseudonym, is_pseudonym},
};

/// The kinds of traces that are addresses, or parts of them.
const ADDRESSES: [&str; 2] = [Trace::Email("").kind(), Trace::EmailDomain("").kind()];

/// What the traces of a release borrow from.
pub(crate) struct Traced<'a> {
    observation: &'a Observation,
    registry: RegistryKey,
    correlation_keys: Vec<CorrelationKey>,
}

impl<'a> Traced<'a> {
    pub fn of(observation: &'a Observation) -> Self {
        let registry = observation.purl.package().registry();
        Self { observation, registry, correlation_keys: CorrelationKey::of(observation) }
    }

    /// The traces, some of them several times.
    pub fn traces(&self) -> Vec<Trace<'_>> {
        let observation = self.observation;
        let mut traces: Vec<_> = self.people().collect();
        traces.extend(all_digests(observation).flat_map(digests));
        let maintainers = observation.maintainers.iter().flatten();
        traces.extend(maintainers.map(|name| Trace::Maintainer(&self.registry, name)));
        let manifest = observation.manifest.as_ref();
        traces.extend(manifest.and_then(|it| it.repository.as_deref()).map(Trace::NamedRepository));
        traces.extend(observation.auth.repository.as_deref().map(Trace::NamedRepository));
        traces.extend(observation.identities().into_iter().flat_map(identity_traces));
        traces.extend(self.correlation_keys.iter().filter_map(|key| match key {
            CorrelationKey::Owner(owner) => Some(Trace::Owner(owner)),
            CorrelationKey::Publisher(_) | CorrelationKey::Repository(_) => None,
        }));
        traces.extend(observation.verified().flat_map(Trace::of_signature));
        traces
    }

    /// Whether a trace leads to the release. An address that a pseudonym replaced cannot be compared.
    pub fn has(&self, trace: &Trace<'_>) -> bool {
        self.first_of(&[OwnedTrace::from(*trace)]).is_some()
    }

    /// The first of some traces that leads to the release.
    pub fn first_of<'t>(&self, some: &'t [OwnedTrace]) -> Option<&'t OwnedTrace> {
        let own = self.traces();
        let exact = some.iter().find(|trace| own.iter().any(|one| trace.is(one)));
        exact.or_else(|| {
            let is_hidden = self.observation.people().any(|person| person.email.as_deref().is_some_and(is_pseudonym));
            let is_address = |trace: &&OwnedTrace| ADDRESSES.contains(&trace.kind());
            some.iter().find(is_address).filter(|_| is_hidden)
        })
    }

    fn people(&self) -> impl Iterator<Item = Trace<'_>> {
        accounts(self.observation).flat_map(|person| {
            let name = Some(Trace::Publisher(&self.registry, &person.name));
            name.into_iter().chain(person.email.as_deref().into_iter().flat_map(address))
        })
    }
}

/// The digests of all files, the former ones too: a replaced file stays findable by what it was.
fn all_digests(observation: &Observation) -> impl Iterator<Item = &Digests> {
    let known = [&observation.facts.former_digests, &observation.facts.replaced].into_iter().flatten();
    known.flat_map(BTreeMap::values).chain(observation.files.iter().map(|file| &file.digests))
}

fn digests(digests: &Digests) -> impl Iterator<Item = Trace<'_>> {
    let strong = [&digests.sha256, &digests.sha512].into_iter().flatten();
    strong.map(|digest| Trace::Digest(digest)).chain(digests.sha1.as_deref().map(Trace::Sha1))
}

/// The people behind a release. With trusted publishing the "publisher" is the registry's placeholder for the machine
/// (npm: "GitHub Actions"), the same for all users, and correlates nothing.
fn accounts(observation: &Observation) -> impl Iterator<Item = &Person> {
    let machine = observation.auth.method == AuthMethod::TrustedPublisher;
    let publisher = observation.publisher.as_ref().filter(|_| !machine);
    publisher.into_iter().chain(&observation.auth.approved_by)
}

/// An address and its domain, or a pseudonym and what it has of the domain.
fn address(email: &str) -> Vec<Trace<'_>> {
    let email = email.trim();
    match (host_in_pseudonym(email), email.rsplit_once('@')) {
        (Some(host), _) => vec![Trace::Email(email), Trace::EmailDomain(host)],
        (None, Some((_, domain))) => vec![Trace::Email(email), Trace::EmailDomain(domain)],
        (None, None) => Vec::new(),
    }
}

/// The traces of a certificate, those of a log's entry too.
pub(in crate::store) fn identity_traces(identity: &WorkflowIdentity) -> Vec<Trace<'_>> {
    let claims = &identity.claims;
    let run = claims.run_invocation_uri.as_deref();
    let subject = Some(identity.subject.as_str()).filter(|subject| !subject.is_empty());
    // The subject of a person is an address, that of a machine a URL.
    let person = subject.filter(|subject| !subject.contains("://")).into_iter().flat_map(address);
    [
        claims.source_repository_identifier.as_deref().map(|id| Trace::RepositoryId { issuer: &identity.issuer, id }),
        claims.source_repository_uri.as_deref().map(Trace::Repository),
        claims.source_repository_digest.as_deref().map(Trace::Commit),
        claims.source_repository_ref.as_deref().map(Trace::Ref),
        claims.source_repository_owner_uri.as_deref().map(Trace::Owner),
        run.map(Trace::Run),
        run.map(|run| Trace::AnyAttempt(run_and_attempt(run).0)),
        subject.map(Trace::Identity),
        identity.workflow().map(Trace::Workflow),
        signing_workflow(identity).map(Trace::Workflow),
        Some(identity.issuer.as_str()).filter(|issuer| !issuer.is_empty()).map(Trace::Issuer),
    ]
    .into_iter()
    .flatten()
    .chain(person)
    .collect()
}

/// The workflow file in the name of a certificate, without its ref: with a reusable workflow it is another one than the
/// started one.
fn signing_workflow(identity: &WorkflowIdentity) -> Option<&str> {
    let (path, _) = identity.subject.split_once('@').filter(|(path, _)| path.contains("://"))?;
    Some(path).filter(|path| identity.workflow() != Some(path))
}

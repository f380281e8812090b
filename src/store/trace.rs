//! Traces of a release: the keys by which it is found.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{columns::Micros, error::QueryFailure};
use crate::model::{
    AuthMethod, CorrelationKey, Digests, Observation, RegistryKey, VerifiedProvenance, WorkflowIdentity,
};

/// A key by which releases can be found. All but digests and publishers come from verified certificates only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace<'a> {
    /// A file's digest, lower-case hex.
    Digest(&'a str),
    /// An account of a registry: the publisher of a release, or its approver.
    Publisher(&'a RegistryKey, &'a str),
    /// A repository's numeric id at an OIDC issuer.
    RepositoryId {
        /// The issuer, a URL.
        issuer: &'a str,
        /// The id.
        id: &'a str,
    },
    /// A repository's URL.
    Repository(&'a str),
    /// A commit.
    Commit(&'a str),
    /// A run, with its attempt; a URL.
    Run(&'a str),
    /// A certificate's subject alternative name.
    Identity(&'a str),
    /// The owner of a repository, by issuer and id, or by URL.
    Owner(&'a str),
    /// A log entry.
    LogEntry {
        /// The log's origin.
        origin: &'a str,
        /// The index.
        index: u64,
    },
    /// A digest that the entry of a signature names: of the payload, of the signed data, or of the key; see
    /// [`VerifiedProvenance::signed`](crate::model::VerifiedProvenance::signed).
    Signed(&'a str),
}

impl<'a> Trace<'a> {
    /// The identifiers of a signature: the signed digests, and its place in a log.
    pub(crate) fn of_signature(verified: &'a VerifiedProvenance) -> impl Iterator<Item = Self> {
        let place = verified.log.as_ref().map(|at| Trace::LogEntry { origin: &at.origin, index: at.index });
        verified.signed.iter().map(|digest| Trace::Signed(digest)).chain(place)
    }

    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Digest(_) => "digest",
            Self::Publisher(..) => "publisher",
            Self::RepositoryId { .. } => "repository_id",
            Self::Repository(_) => "repository",
            Self::Commit(_) => "commit",
            Self::Run(_) => "run",
            Self::Identity(_) => "identity",
            Self::LogEntry { .. } => "log_entry",
            Self::Owner(_) => "owner",
            Self::Signed(_) => "signed",
        }
    }

    pub(super) fn value(&self) -> String {
        match *self {
            Self::Digest(value)
            | Self::Repository(value)
            | Self::Commit(value)
            | Self::Run(value)
            | Self::Identity(value)
            | Self::Owner(value)
            | Self::Signed(value) => value.to_owned(),
            Self::Publisher(registry, name) => format!("{registry}/{name}"),
            Self::RepositoryId { issuer, id } => format!("{issuer}#{id}"),
            Self::LogEntry { origin, index } => format!("{origin}#{index}"),
        }
    }
}

/// Replaces the traces of a release.
pub(super) fn retrace(db: &Connection, release: i64, observation: &Observation) -> Result<(), QueryFailure> {
    db.prepare_cached("DELETE FROM traces WHERE release = ?1")?.execute([release])?;
    let mut insert = db.prepare_cached(
        "INSERT INTO traces (kind, value, published_at, release) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?;
    let registry = observation.purl.package().registry();
    for trace in traces(observation, &registry, &CorrelationKey::of(observation)) {
        insert.execute((trace.kind(), trace.value(), Micros(observation.published_at), release))?;
    }
    Ok(())
}

fn traces<'a>(
    observation: &'a Observation,
    registry: &'a RegistryKey,
    correlation_keys: &'a [CorrelationKey],
) -> Vec<Trace<'a>> {
    // A replaced file stays findable permanently by its former digests.
    let known = [&observation.facts.former_digests, &observation.facts.replaced].into_iter().flatten();
    let known = known.flat_map(BTreeMap::values).chain(observation.files.iter().map(|file| &file.digests));
    let mut traces: Vec<_> = known.flat_map(digests).collect();
    traces.extend(accounts(observation).map(|name| Trace::Publisher(registry, name)));
    traces.extend(observation.identities().into_iter().flat_map(identity_traces));
    traces.extend(correlation_keys.iter().filter_map(|correlation_key| match correlation_key {
        CorrelationKey::Owner(owner) => Some(Trace::Owner(owner)),
        CorrelationKey::Publisher(_) | CorrelationKey::Repository(_) => None,
    }));
    traces.extend(observation.verified().flat_map(Trace::of_signature));
    traces
}

/// SHA-1 is not a trace: two files may have the same.
fn digests(digests: &Digests) -> impl Iterator<Item = Trace<'_>> {
    [&digests.sha256, &digests.sha512].into_iter().flatten().map(|digest| Trace::Digest(digest))
}

/// The people behind a release. With trusted publishing the "publisher" is the registry's placeholder for the machine
/// (npm: "GitHub Actions"), the same for all users, and correlates nothing.
fn accounts(observation: &Observation) -> impl Iterator<Item = &str> {
    let machine = observation.auth.method == AuthMethod::TrustedPublisher;
    let publisher = observation.publisher.as_ref().filter(|_| !machine);
    publisher.into_iter().chain(&observation.auth.approved_by).map(|person| person.name.as_str())
}

fn identity_traces(identity: &WorkflowIdentity) -> impl Iterator<Item = Trace<'_>> {
    let claims = &identity.claims;
    let id = claims.source_repository_identifier.as_deref();
    [
        id.map(|id| Trace::RepositoryId { issuer: &identity.issuer, id }),
        claims.source_repository_uri.as_deref().map(Trace::Repository),
        claims.source_repository_digest.as_deref().map(Trace::Commit),
        claims.run_invocation_uri.as_deref().map(Trace::Run),
        Some(identity.subject.as_str()).filter(|subject| !subject.is_empty()).map(Trace::Identity),
    ]
    .into_iter()
    .flatten()
}

//! A key by which releases can be found.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::model::{RegistryKey, Tie, VerifiedProvenance, named_repository};

/// A key by which releases can be found. What builds and signs comes from verified certificates only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trace<'a> {
    /// A file's SHA-256 or SHA-512, hex.
    Digest(&'a str),
    /// A file's SHA-1, hex: two files may have the same.
    Sha1(&'a str),
    /// An account of a registry: the publisher of a release, or its approver.
    Publisher(&'a RegistryKey, &'a str),
    /// An account of a registry that could publish the package when the release was made.
    Maintainer(&'a RegistryKey, &'a str),
    /// The e-mail address of the publisher, the approver or the signer, or its pseudonym.
    Email(&'a str),
    /// The domain of such an address, or what a pseudonym has of it.
    EmailDomain(&'a str),
    /// A repository's numeric id at an OIDC issuer.
    RepositoryId {
        /// The issuer, a URL.
        issuer: &'a str,
        /// The id.
        id: &'a str,
    },
    /// The URL of the repository that built it.
    Repository(&'a str),
    /// The repository that the release names, which nothing certifies.
    NamedRepository(&'a str),
    /// A commit.
    Commit(&'a str),
    /// A run, with its attempt; a URL.
    Run(&'a str),
    /// A run with all its attempts; a URL.
    AnyAttempt(&'a str),
    /// A certificate's subject alternative name.
    Identity(&'a str),
    /// A workflow file that built or signed it, a URL without the ref. A reusable one signs for the one that was started.
    Workflow(&'a str),
    /// The ref that was built: `refs/heads/main`.
    Ref(&'a str),
    /// An OIDC issuer, a URL.
    Issuer(&'a str),
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

    /// What ties a release to another one with the same trace.
    pub(crate) const fn tie(&self) -> Option<Tie> {
        match self {
            Self::Run(_) | Self::AnyAttempt(_) => Some(Tie::SameRun),
            Self::Identity(_) | Self::Workflow(_) => Some(Tie::SameIdentity),
            Self::Publisher(..) | Self::Email(_) => Some(Tie::SamePublisher),
            Self::RepositoryId { .. } | Self::Repository(_) | Self::NamedRepository(_) => Some(Tie::SameRepository),
            Self::Owner(_) => Some(Tie::SameOwner),
            Self::Maintainer(..) => Some(Tie::Beside),
            Self::Digest(_)
            | Self::Sha1(_)
            | Self::EmailDomain(_)
            | Self::Commit(_)
            | Self::Ref(_)
            | Self::Issuer(_)
            | Self::LogEntry { .. }
            | Self::Signed(_) => None,
        }
    }

    /// The name of its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Digest(_) => "digest",
            Self::Sha1(_) => "sha1",
            Self::Publisher(..) => "publisher",
            Self::Maintainer(..) => "maintainer",
            Self::Email(_) => "email",
            Self::EmailDomain(_) => "email_domain",
            Self::RepositoryId { .. } => "repository_id",
            Self::Repository(_) => "repository",
            Self::NamedRepository(_) => "named_repository",
            Self::Commit(_) => "commit",
            Self::Run(_) => "run",
            Self::AnyAttempt(_) => "any_attempt",
            Self::Identity(_) => "identity",
            Self::Workflow(_) => "workflow",
            Self::Ref(_) => "ref",
            Self::Issuer(_) => "issuer",
            Self::LogEntry { .. } => "log_entry",
            Self::Owner(_) => "owner",
            Self::Signed(_) => "signed",
        }
    }

    /// The value as it is compared: names at forges, hosts and hexadecimal digits do not depend on case.
    pub(crate) fn value(&self) -> Cow<'a, str> {
        match *self {
            Self::Digest(value)
            | Self::Sha1(value)
            | Self::Commit(value)
            | Self::Signed(value)
            | Self::Email(value)
            | Self::EmailDomain(value)
            | Self::Identity(value) => lower(value),
            Self::Repository(value)
            | Self::Owner(value)
            | Self::Run(value)
            | Self::AnyAttempt(value)
            | Self::Workflow(value) => lower(without_end(value)),
            Self::NamedRepository(value) => named_repository(value).map_or_else(|| lower(value), Cow::Owned),
            Self::Ref(value) | Self::Issuer(value) => value.into(),
            Self::Publisher(registry, name) | Self::Maintainer(registry, name) => format!("{registry}/{name}").into(),
            Self::RepositoryId { issuer, id } => format!("{issuer}#{id}").into(),
            Self::LogEntry { origin, index } => format!("{origin}#{index}").into(),
        }
    }

    /// What stands for it in the table.
    pub(in crate::store) fn key(&self) -> Key {
        Key::of(self.kind(), &self.value())
    }
}

/// A trace with its value in the form in which it is compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OwnedTrace {
    kind: &'static str,
    value: String,
}

impl OwnedTrace {
    /// The name of its kind: `publisher`, `repository_id`.
    pub const fn kind(&self) -> &'static str {
        self.kind
    }

    /// Its value in the form in which it is compared.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What stands for it in the table.
    pub(in crate::store) fn key(&self) -> Key {
        Key::of(self.kind, &self.value)
    }

    /// Whether a trace is this one.
    pub(in crate::store) fn is(&self, trace: &Trace<'_>) -> bool {
        self.kind == trace.kind() && self.value == trace.value()
    }
}

impl From<Trace<'_>> for OwnedTrace {
    fn from(trace: Trace<'_>) -> Self {
        Self { kind: trace.kind(), value: trace.value().into_owned() }
    }
}

/// The first eight bytes of a hash of a kind and a value. Part of the file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::store) struct Key(pub i64);

impl Key {
    /// The key of a kind of trace and its value.
    pub fn of(kind: &str, value: &str) -> Self {
        let hash = Sha256::new().chain_update(kind).chain_update([0]).chain_update(value).finalize();
        let first = hash.first_chunk().copied().unwrap_or_default();
        Self(i64::from_be_bytes(first))
    }
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) { text.to_ascii_lowercase().into() } else { text.into() }
}

/// A URL without what forges ignore at its end.
fn without_end(url: &str) -> &str {
    let url = url.trim_end_matches('/');
    url.strip_suffix(".git").unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stores have these keys.
    #[test]
    fn the_hash_never_changes() {
        assert_eq!(Trace::Digest("beef").key(), Key(-455_347_811_573_545_341));
    }

    #[test]
    fn values_are_compared_as_forges_and_registries_do() {
        let npm = RegistryKey::from(crate::model::Ecosystem::NPM);
        for (one, other, are_same) in [
            (
                Trace::Repository("https://GitHub.com/Acme/Widget.git/"),
                Trace::Repository("https://github.com/acme/widget"),
                true,
            ),
            (Trace::Digest("BEEF"), Trace::Digest("beef"), true),
            (Trace::Digest("beef"), Trace::Commit("beef"), false),
            (Trace::Email("Ada@Example.org"), Trace::Email("ada@example.org"), true),
            (Trace::NamedRepository("git+https://github.com/A/B.git"), Trace::NamedRepository("github:a/b"), true),
            (Trace::Publisher(&npm, "Qix"), Trace::Publisher(&npm, "qix"), false),
            (Trace::Ref("refs/heads/Main"), Trace::Ref("refs/heads/main"), false),
        ] {
            assert_eq!(one.key() == other.key(), are_same, "{one:?} {other:?}");
        }
    }
}

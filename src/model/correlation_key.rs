//! Correlation keys: the accounts, repositories and owners that several packages share.

use std::fmt;

use super::{AuthMethod, Observation};

/// A property that releases of several packages share.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CorrelationKey {
    /// The account of a person at the registry.
    Publisher(String),
    /// The repository that built them, by issuer and id, or by URL.
    Repository(String),
    /// The owner of the repositories that built them, by issuer and id, or by URL.
    Owner(String),
}

impl CorrelationKey {
    /// The correlation keys of a release. With trusted publishing the account is the registry's placeholder for the
    /// machine, the same for all packages, and correlates nothing.
    pub fn of(release: &Observation) -> Vec<Self> {
        let person = release.publisher.as_ref().filter(|_| release.auth.method != AuthMethod::TrustedPublisher);
        let registry = release.purl.package().registry();
        let mut correlation_keys: Vec<_> =
            person.map(|person| Self::Publisher(format!("{registry}/{}", person.name))).into_iter().collect();
        for identity in release.identities() {
            let claims = &identity.claims;
            let named = |id: &Option<String>, url: &Option<String>| {
                id.as_ref().map(|id| format!("{}#{id}", identity.issuer)).or_else(|| url.clone())
            };
            let repository = named(&claims.source_repository_identifier, &claims.source_repository_uri);
            let owner = named(&claims.source_repository_owner_identifier, &claims.source_repository_owner_uri);
            correlation_keys.extend(repository.map(Self::Repository));
            correlation_keys.extend(owner.map(Self::Owner));
        }
        correlation_keys
    }
}

impl fmt::Display for CorrelationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Publisher(name) => write!(f, "the account {name}"),
            Self::Repository(id) => write!(f, "the repository {id}"),
            Self::Owner(id) => write!(f, "the owner {id}"),
        }
    }
}

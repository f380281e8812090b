//! Recognises mirrors of public registries in lock files.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use crate::model::{Ecosystem, RegistryKey, RepositoryUrl};

/// The hosts that serve the packages of a public registry, so that an entry of a lock file with such a host is the
/// public package: the registry's own hosts, its well-known mirrors, and those of the configuration. Also the private
/// registries.
#[derive(Clone, Debug, Default)]
pub struct Mirrors {
    hosts: BTreeMap<Ecosystem, BTreeSet<String>>,
    urls: Vec<(RepositoryUrl, RegistryKey)>,
}

impl Mirrors {
    /// The well-known hosts and `aliases`, which are host names in any case.
    pub fn with<'a>(aliases: impl IntoIterator<Item = (Ecosystem, &'a str)>) -> Self {
        let mut hosts = BTreeMap::<_, BTreeSet<_>>::new();
        for (ecosystem, host) in aliases {
            hosts.entry(ecosystem).or_default().insert(host.to_lowercase());
        }
        Self { hosts, urls: Vec::new() }
    }

    /// These, and mirrors that serve the public registry only below a URL.
    #[must_use]
    pub fn below(mut self, urls: impl IntoIterator<Item = (Ecosystem, RepositoryUrl)>) -> Self {
        self.urls.extend(urls.into_iter().map(|(ecosystem, url)| (url, ecosystem.into())));
        self
    }

    /// These, and private registries.
    #[must_use]
    pub fn beside(mut self, others: impl IntoIterator<Item = RegistryKey>) -> Self {
        self.urls.extend(others.into_iter().filter_map(|key| Some((key.url()?.clone(), key))));
        self
    }

    /// The registry that serves a URL. Of several the one with the longest URL.
    pub(super) fn registry(&self, ecosystem: Ecosystem, url: &str) -> Option<RegistryKey> {
        let mut url = Url::parse(url).ok()?;
        // The user does not change the requested package. A URL that can have no user has none.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        let covering = self.urls.iter().filter(|(own, key)| key.ecosystem() == ecosystem && own.covers(url.as_str()));
        if let Some((_, key)) = covering.max_by_key(|(own, _)| own.as_str().len()) {
            return Some(key.clone());
        }
        self.serve(ecosystem, url.host_str()?).then(|| ecosystem.into())
    }

    /// Whether a host serves the public registry's packages.
    fn serve(&self, ecosystem: Ecosystem, host: &str) -> bool {
        let known = ecosystem.package_hosts().any(|id| id.host() == host);
        known || self.hosts.get(&ecosystem).is_some_and(|hosts| hosts.contains(host))
    }
}

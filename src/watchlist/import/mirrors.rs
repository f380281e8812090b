use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use crate::model::{Ecosystem, RegistryId, RegistryKey};

/// Hosts that serve the packages of a public registry, so that an entry of a lock file that was resolved through them is the
/// public package: the registry's own, its well-known mirrors, and those that the operator names. And the registries beside
/// the public ones.
#[derive(Clone, Debug, Default)]
pub struct Mirrors {
    hosts: BTreeMap<Ecosystem, BTreeSet<String>>,
    others: Vec<RegistryKey>,
}

impl Mirrors {
    /// The well-known hosts and `aliases`, which are host names in any case.
    pub fn with<'a>(aliases: impl IntoIterator<Item = (Ecosystem, &'a str)>) -> Self {
        let mut hosts = BTreeMap::<_, BTreeSet<_>>::new();
        for (ecosystem, host) in aliases {
            hosts.entry(ecosystem).or_default().insert(host.to_lowercase());
        }
        Self { hosts, others: Vec::new() }
    }

    /// These, and registries beside the public ones.
    #[must_use]
    pub fn beside(self, others: impl IntoIterator<Item = RegistryKey>) -> Self {
        Self { others: others.into_iter().collect(), ..self }
    }

    /// The registry that serves a URL. Where several do, the one whose URL says most.
    pub(super) fn registry(&self, ecosystem: Ecosystem, url: &str) -> Option<RegistryKey> {
        let own = self.others.iter().filter(|key| key.ecosystem() == ecosystem);
        let own = own.filter_map(|key| Some((key, key.url().filter(|own| own.covers(url))?)));
        if let Some((key, _)) = own.max_by_key(|(_, own)| own.as_str().len()) {
            return Some(key.clone());
        }
        let host = Url::parse(url).ok()?.host_str()?.to_owned();
        self.serve(ecosystem, &host).then(|| ecosystem.into())
    }

    /// Whether a host serves the public registry's packages.
    pub(super) fn serve(&self, ecosystem: Ecosystem, host: &str) -> bool {
        let known = RegistryId::of_packages(ecosystem).iter().any(|id| id.host() == host);
        known || self.hosts.get(&ecosystem).is_some_and(|hosts| hosts.contains(host))
    }
}

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Ecosystem, RegistryId};

/// Hosts that serve the packages of a public registry, so that an entry of a lock file that was resolved through them is the
/// public package: the registry's own, its well-known mirrors, and those that the operator names.
#[derive(Clone, Debug, Default)]
pub struct Mirrors(BTreeMap<Ecosystem, BTreeSet<String>>);

impl Mirrors {
    /// The well-known hosts and `aliases`, which are host names in any case.
    pub fn with<'a>(aliases: impl IntoIterator<Item = (Ecosystem, &'a str)>) -> Self {
        let mut hosts = BTreeMap::<_, BTreeSet<_>>::new();
        for (ecosystem, host) in aliases {
            hosts.entry(ecosystem).or_default().insert(host.to_lowercase());
        }
        Self(hosts)
    }

    /// Whether a host serves the public registry's packages.
    pub(super) fn serve(&self, ecosystem: Ecosystem, host: &str) -> bool {
        let known = RegistryId::of_packages(ecosystem).iter().any(|id| id.host() == host);
        known || self.0.get(&ecosystem).is_some_and(|hosts| hosts.contains(host))
    }
}

//! `[registries]`: the feeds, the readers of the public registries and of those beside them.

use std::{collections::BTreeMap, sync::Arc};

use super::AssemblyError;
use crate::{
    config::{Config, RegistryInstance},
    http::Credentials,
    model::{Ecosystem, RegistryId, RegistryKey},
    packages::{Polled, Source},
    registry::{
        CargoFeed, CargoRegistry, Feed, NpmFeed, NpmRegistry, PrivateRegistry, PypiFeed, PypiRegistry, Registry,
    },
};

/// The feeds of the enabled registries.
pub fn sources(config: &Config) -> Vec<Source> {
    let url = |role| config.registries.base_url(role);
    let source = |ecosystem| {
        let feed: Arc<dyn Feed> = match ecosystem {
            Ecosystem::Npm => Arc::new(NpmFeed::new(url(RegistryId::NPM_REPLICATE))),
            Ecosystem::Pypi => Arc::new(PypiFeed::new(url(RegistryId::PYPI))),
            Ecosystem::Cargo => Arc::new(CargoFeed::new(url(RegistryId::CARGO_STATIC))),
        };
        Source { feed, interval: config.registries.interval(ecosystem).duration() }
    };
    enabled(config).map(source).collect()
}

/// The public registries that are switched on, and those beside them.
pub(crate) fn registries(config: &Config) -> Result<BTreeMap<RegistryKey, Arc<dyn Registry>>, AssemblyError> {
    let mut all = public_registries(config);
    for (key, one) in config.registries.others() {
        all.insert(key.clone(), private_registry(&key, one, config.http.max_document)?);
    }
    Ok(all)
}

fn private_registry(
    key: &RegistryKey,
    one: &RegistryInstance,
    max_document: u64,
) -> Result<Arc<dyn Registry>, AssemblyError> {
    let url = one.url.as_base();
    let reader: Arc<dyn Registry> = match key.ecosystem() {
        Ecosystem::Npm => Arc::new(NpmRegistry::new(url.clone(), max_document)),
        Ecosystem::Pypi => Arc::new(PypiRegistry::index(url.clone(), max_document)),
        Ecosystem::Cargo => Arc::new(CargoRegistry::index(url.clone(), max_document)),
    };
    let what = format!("the token of the registry {:?} ([[registries.{}]])", one.name, key.ecosystem());
    let token = one.token().map(|token| token.read()).transpose().map_err(AssemblyError::of(what))?;
    let credentials = token.map(|token| {
        let token = token.expose();
        match (key.ecosystem(), one.username.as_deref()) {
            (_, Some(user)) => Credentials::basic(url, user, token),
            (Ecosystem::Npm, None) => Credentials::bearer(url, token),
            (Ecosystem::Pypi, None) => Credentials::basic(url, "__token__", token),
            (Ecosystem::Cargo, None) => Credentials::bare(url, token),
        }
    });
    Ok(Arc::new(PrivateRegistry::new(key, reader, credentials)))
}

/// The registries without a feed.
pub(crate) fn polled(config: &Config) -> BTreeMap<RegistryKey, Polled> {
    let polled = |(key, one): (RegistryKey, &RegistryInstance)| {
        let source = source_name(&key, &one.name);
        (key, Polled { source, every: one.interval.delta() })
    };
    config.registries.others().map(polled).collect()
}

/// Under which name a registry without a feed stands among the sources: `npm/acme`.
fn source_name(key: &RegistryKey, name: &str) -> String {
    format!("{}/{name}", key.ecosystem())
}

fn public_registries(config: &Config) -> BTreeMap<RegistryKey, Arc<dyn Registry>> {
    let url = |role| config.registries.base_url(role);
    let limit = config.http.max_document;
    let registry = |ecosystem: Ecosystem| -> (RegistryKey, Arc<dyn Registry>) {
        let registry: Arc<dyn Registry> = match ecosystem {
            Ecosystem::Npm => Arc::new(NpmRegistry::new(url(RegistryId::NPM), limit)),
            Ecosystem::Pypi => Arc::new(PypiRegistry::new(url(RegistryId::PYPI), limit)),
            Ecosystem::Cargo => {
                Arc::new(CargoRegistry::new(url(RegistryId::CARGO), url(RegistryId::CARGO_INDEX), limit))
            }
        };
        (ecosystem.into(), registry)
    };
    enabled(config).map(registry).collect()
}

fn enabled(config: &Config) -> impl Iterator<Item = Ecosystem> {
    Ecosystem::ALL.into_iter().filter(|ecosystem| config.registries.is_enabled(*ecosystem))
}

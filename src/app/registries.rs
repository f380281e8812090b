//! Builds the feeds and the readers of public and private registries from `[registries]`.

use std::{collections::BTreeMap, sync::Arc};

use url::Url;

use super::AssemblyError;
use crate::{
    config::{Config, RegistryInstance},
    http::Credentials,
    model::{Ecosystem, RegistryKey, Token},
    packages::{Polled, Source},
    registry::{PrivateRegistry, Registry, maker_of},
};

/// The feeds of the enabled registries.
pub fn sources(config: &Config) -> Vec<Source> {
    let source = |ecosystem| {
        let feed = (maker_of(ecosystem).feed)(&|role| config.registries.base_url(role));
        Source { feed, interval: config.registries.interval(ecosystem).duration() }
    };
    enabled(config).map(source).collect()
}

/// The enabled public and private registries.
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
    let reader = (maker_of(key.ecosystem()).other)(url.clone(), max_document);
    let what = format!("the token of the registry {:?} ([[registries.{}]])", one.name, key.ecosystem());
    let token = one.token().map(|token| token.read()).transpose().map_err(AssemblyError::of(what))?;
    let credentials = token.map(|token| credentials(key.ecosystem(), url, one.username.as_deref(), token.expose()));
    Ok(Arc::new(PrivateRegistry::new(key, reader, credentials)))
}

fn credentials(ecosystem: Ecosystem, url: Url, user: Option<&str>, token: &str) -> Credentials {
    match (user, ecosystem.row().token) {
        (Some(user), _) | (None, Token::PasswordOf(user)) => Credentials::basic(url, user, token),
        (None, Token::Bearer) => Credentials::bearer(url, token),
        (None, Token::Bare) => Credentials::bare(url, token),
    }
}

/// The registries without a feed.
pub(crate) fn polled(config: &Config) -> BTreeMap<RegistryKey, Polled> {
    let polled = |(key, one): (RegistryKey, &RegistryInstance)| {
        let source = source_name(&key, &one.name);
        (key, Polled { source, every: one.interval.delta() })
    };
    config.registries.others().map(polled).collect()
}

/// The name of a registry without a feed among the sources: `npm/acme`.
fn source_name(key: &RegistryKey, name: &str) -> String {
    format!("{}/{name}", key.ecosystem())
}

fn public_registries(config: &Config) -> BTreeMap<RegistryKey, Arc<dyn Registry>> {
    let registry = |ecosystem: Ecosystem| {
        let bases = |role| config.registries.base_url(role);
        (ecosystem.into(), (maker_of(ecosystem).public)(&bases, config.http.max_document))
    };
    enabled(config).map(registry).collect()
}

fn enabled(config: &Config) -> impl Iterator<Item = Ecosystem> {
    Ecosystem::all().filter(|ecosystem| config.registries.is_enabled(*ecosystem))
}

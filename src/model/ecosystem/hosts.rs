//! The hosts of a registry: the purpose of each, and the registry's rules for its clients.

use std::time::Duration;

use crate::model::RegistryId;

/// A host of a registry.
#[derive(Debug)]
pub struct Host {
    /// Its name.
    pub id: RegistryId,
    /// Whether packages are installed from it.
    pub has_packages: bool,
    /// The configuration key under which another URL replaces it.
    pub key: Option<UrlKey>,
    /// The largest request rate, if the registry publishes it.
    pub rate: Option<Rate>,
}

impl Host {
    /// A host from which packages are installed.
    pub(super) const fn of_packages(id: RegistryId) -> Self {
        Self { id, has_packages: true, key: None, rate: None }
    }

    /// A host for another purpose.
    pub(super) const fn beside(id: RegistryId) -> Self {
        Self { id, has_packages: false, key: None, rate: None }
    }

    /// The host with a key of the configuration.
    pub(super) const fn under(self, name: &'static str, about: &'static str) -> Self {
        Self { key: Some(UrlKey { name, about }), ..self }
    }

    /// The host with a published limit.
    pub(super) const fn asked(self, rate: Rate) -> Self {
        Self { rate: Some(rate), ..self }
    }
}

/// A key of the configuration for a base URL.
#[derive(Debug)]
pub struct UrlKey {
    /// The key.
    pub name: &'static str,
    /// Its description, for people.
    pub about: &'static str,
}

/// The request rate of a host: `requests` in `per` on average, `burst` at once, `concurrency` under way.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Requests in one period.
    pub requests: u32,
    /// The period.
    pub per: Duration,
    /// Requests at once after a rest.
    pub burst: u32,
    /// Requests under way at the same time.
    pub concurrency: u32,
}

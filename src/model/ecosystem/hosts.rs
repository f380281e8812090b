//! The hosts of a registry: what each is for, and what it asks of its clients.

use std::time::Duration;

use crate::model::RegistryId;

/// A host of a registry.
#[derive(Debug)]
pub struct Host {
    /// Its name.
    pub id: RegistryId,
    /// Whether packages are installed from it.
    pub has_packages: bool,
    /// Under which key of the configuration another URL is put in its place.
    pub key: Option<UrlKey>,
    /// How often it may be asked, where the registry publishes that.
    pub rate: Option<Rate>,
}

impl Host {
    /// A host from which packages are installed.
    pub(super) const fn of_packages(id: RegistryId) -> Self {
        Self { id, has_packages: true, key: None, rate: None }
    }

    /// A host for something else.
    pub(super) const fn beside(id: RegistryId) -> Self {
        Self { id, has_packages: false, key: None, rate: None }
    }

    /// It, with a key of the configuration.
    pub(super) const fn under(self, name: &'static str, about: &'static str) -> Self {
        Self { key: Some(UrlKey { name, about }), ..self }
    }

    /// It, with a published limit.
    pub(super) const fn asked(self, rate: Rate) -> Self {
        Self { rate: Some(rate), ..self }
    }
}

/// A key of the configuration for a base URL.
#[derive(Debug)]
pub struct UrlKey {
    /// The key.
    pub name: &'static str,
    /// What stands there, for people.
    pub about: &'static str,
}

/// How often a host may be asked: `requests` in `per` on average, `burst` at once, `concurrency` under way.
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

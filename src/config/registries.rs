use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Period, WebUrl};
use crate::model::{Ecosystem, RegistryId};

/// `[registries]`: a table for each registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RegistriesSection {
    /// npm.
    pub npm: NpmSection,
    /// The Python Package Index.
    pub pypi: PypiSection,
    /// crates.io.
    pub cargo: CargoSection,
    /// Hosts of mirrors that serve the packages of a public registry, by ecosystem: what a lock file has from them is taken for
    /// the public package. Known without being named are the usual ones, and the hosts that are configured here.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<Ecosystem, Vec<String>>,
}

impl RegistriesSection {
    /// Whether the registry of an ecosystem is followed.
    pub fn is_enabled(&self, ecosystem: Ecosystem) -> bool {
        match ecosystem {
            Ecosystem::Npm => self.npm.enabled,
            Ecosystem::Pypi => self.pypi.enabled,
            Ecosystem::Cargo => self.cargo.enabled,
        }
    }

    /// The hosts whose packages are those of the public registries: the configured ones and their aliases.
    pub fn hosts_of_packages(&self) -> Vec<(Ecosystem, String)> {
        let roles = Ecosystem::ALL
            .into_iter()
            .flat_map(|ecosystem| RegistryId::of_packages(ecosystem).iter().map(move |role| (ecosystem, *role)));
        let configured =
            roles.filter_map(|(ecosystem, role)| Some((ecosystem, self.base_url(role).host_str()?.to_owned())));
        let aliases =
            self.aliases.iter().flat_map(|(ecosystem, hosts)| hosts.iter().map(|host| (*ecosystem, host.clone())));
        configured.chain(aliases).collect()
    }

    /// Whether any registry is followed.
    pub fn is_any_enabled(&self) -> bool {
        Ecosystem::ALL.into_iter().any(|ecosystem| self.is_enabled(ecosystem))
    }

    /// How often the change feed of an ecosystem is read.
    pub fn interval(&self, ecosystem: Ecosystem) -> Period {
        match ecosystem {
            Ecosystem::Npm => self.npm.interval,
            Ecosystem::Pypi => self.pypi.interval,
            Ecosystem::Cargo => self.cargo.interval,
        }
    }

    /// The base URL in a role, with a final slash: the configured one, or that of the public registry.
    pub fn base_url(&self, role: RegistryId) -> Url {
        let configured = match role {
            RegistryId::NPM => &self.npm.registry,
            RegistryId::NPM_REPLICATE => &self.npm.replicate,
            RegistryId::PYPI => &self.pypi.index,
            RegistryId::CARGO => &self.cargo.api,
            RegistryId::CARGO_INDEX => &self.cargo.index,
            RegistryId::CARGO_STATIC => &self.cargo.files,
            _ => &None,
        };
        configured.as_ref().map_or_else(|| public(role), WebUrl::as_base)
    }
}

/// The URL of a public registry.
fn public(role: RegistryId) -> Url {
    Url::parse(&role.base_url()).expect("the URLs of the table are well formed, which a test holds")
}

/// `[registries.npm]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NpmSection {
    /// Whether npm is watched.
    pub enabled: bool,
    /// Base URL of package documents and attestations. Default: the public registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<WebUrl>,
    /// Base URL of the change feed. Default: the public one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicate: Option<WebUrl>,
    /// How often the change feed is read.
    pub interval: Period,
}

impl Default for NpmSection {
    fn default() -> Self {
        Self { enabled: true, registry: None, replicate: None, interval: Period::seconds(5) }
    }
}

/// `[registries.pypi]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PypiSection {
    /// Whether PyPI is watched.
    pub enabled: bool,
    /// Base URL of the index, the integrity API and the changelog. Default: the public index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<WebUrl>,
    /// How often the changelog is read. PyPI allows 3600 such requests in an hour and address.
    pub interval: Period,
}

impl Default for PypiSection {
    fn default() -> Self {
        Self { enabled: true, index: None, interval: Period::seconds(15) }
    }
}

/// `[registries.cargo]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CargoSection {
    /// Whether crates.io is watched.
    pub enabled: bool,
    /// Base URL of the API. Default: the public one. crates.io allows one request a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<WebUrl>,
    /// Base URL of the sparse index. Default: the public one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<WebUrl>,
    /// Base URL of the static files, the update feed among them. Default: the public one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<WebUrl>,
    /// How often the update feed is read. The feed keeps the releases of one hour.
    pub interval: Period,
}

impl Default for CargoSection {
    fn default() -> Self {
        Self { enabled: true, api: None, index: None, files: None, interval: Period::seconds(30) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_a_base_url() {
        let section = RegistriesSection::default();
        for role in RegistryId::ALL {
            assert_eq!(section.base_url(role).as_str(), role.base_url());
        }
    }

    #[test]
    fn another_url_may_stand_in_for_each() {
        let url = |role: &str| Some(format!("https://{role}.example").parse().unwrap());
        let section = RegistriesSection {
            npm: NpmSection { registry: url("npm"), replicate: url("replicate"), ..NpmSection::default() },
            pypi: PypiSection { index: url("pypi"), ..PypiSection::default() },
            cargo: CargoSection {
                api: url("api"),
                index: url("index"),
                files: url("files"),
                ..CargoSection::default()
            },
            ..RegistriesSection::default()
        };
        for (role, expected) in [
            (RegistryId::NPM, "https://npm.example/"),
            (RegistryId::NPM_REPLICATE, "https://replicate.example/"),
            (RegistryId::PYPI, "https://pypi.example/"),
            (RegistryId::CARGO, "https://api.example/"),
            (RegistryId::CARGO_INDEX, "https://index.example/"),
            (RegistryId::CARGO_STATIC, "https://files.example/"),
        ] {
            assert_eq!(section.base_url(role).as_str(), expected);
        }
    }
}

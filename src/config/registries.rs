use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Period, RegistryInstance, RegistryList, WebUrl};
use crate::model::{Ecosystem, Package, RegistryId, RegistryKey, RepositoryUrl};

/// `[registries]`: a table for each registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RegistriesSection {
    /// npm.
    pub npm: RegistryList<NpmSection>,
    /// The Python Package Index.
    pub pypi: RegistryList<PypiSection>,
    /// crates.io.
    pub cargo: RegistryList<CargoSection>,
    /// Hosts of mirrors that serve the packages of a public registry, by ecosystem: what a lock file has from them is taken for
    /// the public package. Known without being named are the usual ones, and what lies below the URLs that are configured here.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<Ecosystem, Vec<String>>,
}

impl RegistriesSection {
    /// The registries of a type beside the public one, as they are written.
    pub fn listed(&self, ecosystem: Ecosystem) -> &[RegistryInstance] {
        match ecosystem {
            Ecosystem::Npm => &self.npm.others,
            Ecosystem::Pypi => &self.pypi.others,
            Ecosystem::Cargo => &self.cargo.others,
        }
    }

    /// The registries beside the public ones that are switched on.
    pub fn others(&self) -> impl Iterator<Item = (RegistryKey, &RegistryInstance)> {
        let all = Ecosystem::ALL.into_iter().flat_map(|ecosystem| {
            let listed = self.listed(ecosystem).iter().filter(|one| one.enabled);
            listed.filter_map(move |one| Some((one.key(ecosystem)?, one)))
        });
        all.filter(|(key, _)| !key.is_public())
    }

    /// Every registry that is switched on.
    pub fn keys(&self) -> Vec<RegistryKey> {
        let public = Ecosystem::ALL.into_iter().filter(|ecosystem| self.is_enabled(*ecosystem)).map(RegistryKey::from);
        public.chain(self.others().map(|(key, _)| key)).collect()
    }

    /// What people call a registry: `npm`, `npm acme`.
    pub fn title(&self, key: &RegistryKey) -> String {
        let named = self.others().find(|(other, _)| other == key);
        named.map_or_else(|| key.title(), |(key, one)| format!("{} {}", key.ecosystem(), one.name))
    }

    /// The package as the store has it: of the public registry where its URL is a mirror of that.
    ///
    /// # Errors
    /// Its registry is not in the configuration.
    pub fn located(&self, package: &Package) -> Result<Package, String> {
        let key = package.registry();
        let Some(url) = key.url() else { return Ok(package.clone()) };
        if self.others().any(|(other, _)| other == key) {
            return Ok(package.clone());
        }
        let ecosystem = key.ecosystem();
        let host = url.host();
        let mut aliases = self.aliases.get(&ecosystem).into_iter().flatten();
        let mut mirrors = self.mirrors().filter(|(of, _)| *of == ecosystem);
        if mirrors.any(|(_, mirror)| mirror.covers(url.as_str()))
            || aliases.any(|alias| alias.eq_ignore_ascii_case(&host))
        {
            return Ok(package.public_namesake());
        }
        Err(format!(
            "the configuration has no registry of the type {ecosystem} at {url}: add it as [[registries.{ecosystem}]] with a \
             name and this url"
        ))
    }

    pub(super) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let all = self.npm.others.iter_mut().chain(&mut self.pypi.others).chain(&mut self.cargo.others);
        all.filter_map(|one| one.token_file.as_mut())
    }

    /// Whether the registry of an ecosystem is followed.
    pub fn is_enabled(&self, ecosystem: Ecosystem) -> bool {
        match ecosystem {
            Ecosystem::Npm => self.npm.public.enabled,
            Ecosystem::Pypi => self.pypi.public.enabled,
            Ecosystem::Cargo => self.cargo.public.enabled,
        }
    }

    /// The URLs below which the packages of the public registries lie, where others are configured than theirs: a host may
    /// have repositories of one's own beside the mirror.
    pub fn mirrors(&self) -> impl Iterator<Item = (Ecosystem, RepositoryUrl)> {
        let roles = Ecosystem::ALL
            .into_iter()
            .flat_map(|ecosystem| RegistryId::of_packages(ecosystem).iter().map(move |role| (ecosystem, *role)));
        roles.filter_map(|(ecosystem, role)| Some((ecosystem, self.configured(role)?.as_url().as_str().parse().ok()?)))
    }

    /// Whether any registry is followed.
    pub fn is_any_enabled(&self) -> bool {
        Ecosystem::ALL.into_iter().any(|ecosystem| self.is_enabled(ecosystem)) || self.others().next().is_some()
    }

    /// How often the change feed of an ecosystem is read.
    pub fn interval(&self, ecosystem: Ecosystem) -> Period {
        match ecosystem {
            Ecosystem::Npm => self.npm.public.interval,
            Ecosystem::Pypi => self.pypi.public.interval,
            Ecosystem::Cargo => self.cargo.public.interval,
        }
    }

    /// The base URL in a role, with a final slash: the configured one, or that of the public registry.
    pub fn base_url(&self, role: RegistryId) -> Url {
        self.configured(role).map_or_else(|| public(role), WebUrl::as_base)
    }

    fn configured(&self, role: RegistryId) -> Option<&WebUrl> {
        let configured = match role {
            RegistryId::NPM => &self.npm.public.registry,
            RegistryId::NPM_REPLICATE => &self.npm.public.replicate,
            RegistryId::PYPI => &self.pypi.public.index,
            RegistryId::CARGO => &self.cargo.public.api,
            RegistryId::CARGO_INDEX => &self.cargo.public.index,
            RegistryId::CARGO_STATIC => &self.cargo.public.files,
            _ => &None,
        };
        configured.as_ref()
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

    fn public<P>(public: P) -> RegistryList<P> {
        RegistryList { public, others: Vec::new() }
    }

    fn read(text: &str) -> Result<RegistriesSection, String> {
        let parsed = crate::config::Config::parse(text, std::path::Path::new("t.toml"));
        parsed.map(|config| config.registries).map_err(|problems| problems.to_string())
    }

    const ACME: &str = "name = \"acme\"\nurl = \"https://npm.acme.example/\"\n";

    #[test]
    fn a_table_is_the_short_form_of_a_list() {
        let short = read("[registries.npm]\ninterval = \"9s\"\n").unwrap();
        assert_eq!(read("[[registries.npm]]\ninterval = \"9s\"\n").unwrap(), short);
        let both = read(&format!("[[registries.npm]]\ninterval = \"9s\"\n[[registries.npm]]\n{ACME}")).unwrap();
        assert_eq!((&both.npm.public, both.npm.others.len()), (&short.npm.public, 1));
        let named = read(&format!("[[registries.npm]]\n{ACME}")).unwrap();
        assert_eq!(named.npm.public, NpmSection::default(), "the public one needs no entry");
        assert_eq!(named.npm.others[0].interval, Period::minutes(15));
        assert_eq!(named.keys().len(), 4);
        let key = named.keys().pop().unwrap();
        assert_eq!(
            (key.to_string().as_str(), named.title(&key).as_str()),
            ("npm https://npm.acme.example", "npm acme")
        );
        for registries in [short, both, named] {
            let written = serde_json::to_value(&registries).unwrap();
            assert_eq!(serde_json::from_value::<RegistriesSection>(written).unwrap(), registries);
        }
    }

    #[test]
    fn what_is_wrong_in_a_list_is_named() {
        for (text, said) in [
            ("[[registries.npm]]\nname = \"acme\"\n".to_owned(), "registries.npm[0].url: this key is missing here"),
            (format!("[[registries.npm]]\n{ACME}replicate = \"https://a.example\"\n"), "unknown key"),
            ("[[registries.npm]]\nurl = \"https://a.example\"\n".to_owned(), "registries.npm[0].name"),
            ("[[registries.npm]]\n[[registries.npm]]\n".to_owned(), "have no name"),
            ("[registries.npm]\nnam = \"acme\"\n".to_owned(), "registries.npm.nam"),
            ("registries.npm = 7\n".to_owned(), "expected a table"),
            (format!("[[registries.npm]]\n{}", ACME.replace("https", "http")), "expected https"),
        ] {
            let found = read(&text).unwrap_err();
            assert!(found.contains(said), "{text}: {found}");
        }
    }

    #[test]
    fn a_package_is_located_in_the_registries_that_are_configured() {
        let section =
            read(&format!("[registries.aliases]\nnpm = [\"Mirror.acme.example\"]\n[[registries.npm]]\n{ACME}"))
                .unwrap();
        let located = |text: &str| section.located(&text.parse().unwrap()).map(|package| package.to_string());
        for (text, expected) in [
            ("pkg:npm/x", Ok("pkg:npm/x")),
            ("pkg:npm/x?repository_url=npm.acme.example", Ok("pkg:npm/x?repository_url=https://npm.acme.example")),
            ("pkg:npm/x?repository_url=https://mirror.acme.example/npm", Ok("pkg:npm/x")),
            ("pkg:npm/x?repository_url=https://other.example", Err("add it as [[registries.npm]]")),
            ("pkg:pypi/x?repository_url=https://npm.acme.example", Err("no registry of the type pypi")),
        ] {
            match (located(text), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
    }

    #[test]
    fn a_repository_beside_the_mirror_is_not_the_public_registry() {
        let section = read("[registries]\nnpm = { registry = \"https://acme.example/api/npm/npm-remote\" }\n").unwrap();
        let located = |text: &str| section.located(&text.parse().unwrap()).map(|package| package.to_string());
        for url in ["acme.example/api/npm/npm-remote", "https://acme.example/api/npm/npm-remote/"] {
            assert_eq!(located(&format!("pkg:npm/x?repository_url={url}")), Ok("pkg:npm/x".to_owned()), "{url}");
        }
        for url in ["acme.example/api/npm/npm-local", "acme.example/api/npm/npm-remote-2", "acme.example"] {
            let refused = located(&format!("pkg:npm/x?repository_url={url}")).unwrap_err();
            assert!(refused.contains("add it as [[registries.npm]]"), "{url}: {refused}");
        }
    }

    #[test]
    fn another_url_may_stand_in_for_each() {
        let url = |role: &str| Some(format!("https://{role}.example").parse().unwrap());
        let section = RegistriesSection {
            npm: public(NpmSection { registry: url("npm"), replicate: url("replicate"), ..NpmSection::default() }),
            pypi: public(PypiSection { index: url("pypi"), ..PypiSection::default() }),
            cargo: public(CargoSection {
                api: url("api"),
                index: url("index"),
                files: url("files"),
                ..CargoSection::default()
            }),
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

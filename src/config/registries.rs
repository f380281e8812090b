//! The section `[registries]`: the public registries and the private ones.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::{Map, Value};
use url::Url;

use super::{
    Period, RegistryInstance, WebUrl,
    public_registry::PublicRegistry,
    registry_lists::{self, RegistryList},
};
use crate::model::{Ecosystem, Package, RegistryId, RegistryKey, RepositoryUrl};

/// `[registries]`: a table for each registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "Written")]
pub struct RegistriesSection {
    lists: BTreeMap<Ecosystem, RegistryList>,
    /// Hosts of mirrors that serve the packages of a public registry, by ecosystem.
    pub aliases: BTreeMap<Ecosystem, Vec<String>>,
}

/// The written form.
#[derive(Serialize)]
struct Written {
    #[serde(flatten)]
    lists: BTreeMap<Ecosystem, registry_lists::Written>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    aliases: BTreeMap<Ecosystem, Vec<String>>,
}

impl Default for RegistriesSection {
    fn default() -> Self {
        let lists = Ecosystem::all().map(|ecosystem| (ecosystem, RegistryList::usual(ecosystem)));
        Self { lists: lists.collect(), aliases: BTreeMap::new() }
    }
}

impl<'de> Deserialize<'de> for RegistriesSection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keys)
    }
}

/// Reads each key by its type, so that errors keep their place in the file.
struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = RegistriesSection;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table for each registry")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut keys: A) -> Result<RegistriesSection, A::Error> {
        let mut section = RegistriesSection::default();
        while let Some(key) = keys.next_key::<String>()? {
            if key == "aliases" {
                section.aliases = keys.next_value()?;
                continue;
            }
            let ecosystem: Ecosystem = key.parse().map_err(A::Error::custom)?;
            let list: registry_lists::Written = keys.next_value()?;
            section.lists.insert(ecosystem, list.read(ecosystem).map_err(A::Error::custom)?);
        }
        Ok(section)
    }
}

impl From<RegistriesSection> for Written {
    fn from(RegistriesSection { lists, aliases }: RegistriesSection) -> Self {
        let written = lists.into_iter().map(|(ecosystem, list)| (ecosystem, list.written(ecosystem)));
        Self { aliases, lists: written.collect() }
    }
}

impl JsonSchema for RegistriesSection {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RegistriesSection".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        const ALIASES: &str = "\
Hosts that serve nothing but the packages of a public registry: `aliases.npm = [\"mirror.acme.example\"]`. `watch import`
takes entries of a lock file with a URL of these hosts for the public packages. provwatch already knows the usual mirrors,
and the URLs that this section configures.";
        let mut properties: Map<String, Value> = Ecosystem::all()
            .map(|ecosystem| (ecosystem.to_string(), registry_lists::schema(ecosystem, generator).into()))
            .collect();
        let mut aliases = generator.subschema_for::<BTreeMap<String, Vec<String>>>();
        aliases.insert("description".to_owned(), ALIASES.into());
        properties.insert("aliases".to_owned(), aliases.into());
        json_schema!({
            "description": "`[registries]`: a table for each registry.",
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        })
    }
}

impl RegistriesSection {
    /// The private registries of a type, in their written form.
    pub fn listed(&self, ecosystem: Ecosystem) -> &[RegistryInstance] {
        self.lists.get(&ecosystem).map_or(&[], |list| &list.others)
    }

    /// The public registry of a type.
    pub(super) fn public(&self, ecosystem: Ecosystem) -> Option<&PublicRegistry> {
        self.lists.get(&ecosystem).map(|list| &list.public)
    }

    /// The enabled private registries.
    pub fn others(&self) -> impl Iterator<Item = (RegistryKey, &RegistryInstance)> {
        let all = Ecosystem::all().flat_map(|ecosystem| {
            let listed = self.listed(ecosystem).iter().filter(|one| one.enabled);
            listed.filter_map(move |one| Some((one.key(ecosystem)?, one)))
        });
        all.filter(|(key, _)| !key.is_public())
    }

    /// Every enabled registry.
    pub fn keys(&self) -> Vec<RegistryKey> {
        let public = Ecosystem::all().filter(|ecosystem| self.is_enabled(*ecosystem)).map(RegistryKey::from);
        public.chain(self.others().map(|(key, _)| key)).collect()
    }

    /// A registry's name for people: `npm`, `npm acme`.
    pub fn title(&self, key: &RegistryKey) -> String {
        let named = self.others().find(|(other, _)| other == key);
        named.map_or_else(|| key.title(), |(key, one)| format!("{} {}", key.ecosystem(), one.name))
    }

    /// The package in its stored form: of the public registry if its URL is a mirror of that.
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
        let all = self.lists.values_mut().flat_map(|list| &mut list.others);
        all.filter_map(|one| one.token_file.as_mut())
    }

    /// Whether the registry of an ecosystem is followed.
    pub fn is_enabled(&self, ecosystem: Ecosystem) -> bool {
        self.public(ecosystem).is_some_and(|public| public.enabled)
    }

    /// The configured URLs of mirrors of the public registries: a host may have private repositories beside the mirror.
    pub fn mirrors(&self) -> impl Iterator<Item = (Ecosystem, RepositoryUrl)> {
        let hosts = Ecosystem::all().flat_map(|ecosystem| ecosystem.package_hosts().map(move |id| (ecosystem, id)));
        hosts.filter_map(|(ecosystem, id)| Some((ecosystem, self.configured(id)?.as_url().as_str().parse().ok()?)))
    }

    /// Whether any registry is followed.
    pub fn is_any_enabled(&self) -> bool {
        Ecosystem::all().any(|ecosystem| self.is_enabled(ecosystem)) || self.others().next().is_some()
    }

    /// How often the change feed of an ecosystem is read.
    pub fn interval(&self, ecosystem: Ecosystem) -> Period {
        let usual = || ecosystem.row().feed.interval.usual.into();
        self.public(ecosystem).map_or_else(usual, |public| public.interval)
    }

    /// The base URL of a host, with a final slash: the configured one, or that of the public registry.
    pub fn base_url(&self, id: RegistryId) -> Url {
        self.configured(id).map_or_else(|| public(id), WebUrl::as_base)
    }

    fn configured(&self, id: RegistryId) -> Option<&WebUrl> {
        self.lists.values().find_map(|list| list.public.urls.get(&id))
    }
}

/// The URL of a public registry.
fn public(id: RegistryId) -> Url {
    Url::parse(&id.base_url()).expect("the URLs of the table are well formed, which a test holds")
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

    fn npm(section: &RegistriesSection) -> &RegistryList {
        &section.lists[&Ecosystem::NPM]
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
        assert_eq!((&npm(&both).public, npm(&both).others.len()), (&npm(&short).public, 1));
        let named = read(&format!("[[registries.npm]]\n{ACME}")).unwrap();
        let usual = PublicRegistry::usual(Ecosystem::NPM);
        assert_eq!(npm(&named).public, usual, "the public one needs no entry");
        assert_eq!(npm(&named).others[0].interval, Period::minutes(15));
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
            ("[[registries.npm]]\n[[registries.npm]]\n".to_owned(), "lack a name"),
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
        let section = read(
            r#"[registries]
            npm = { registry = "https://npm.example", replicate = "https://replicate.example" }
            pypi = { index = "https://pypi.example" }
            cargo = { api = "https://api.example", index = "https://index.example", files = "https://files.example" }"#,
        )
        .unwrap();
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

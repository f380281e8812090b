//! The section of a public registry: whether it is watched, how often its feed is read, and its URLs.

use std::collections::BTreeMap;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Period, WebUrl};
use crate::model::{Ecosystem, Host, RegistryId, UrlKey};

/// The public registry of a type: `[registries.npm]`. Its row has the keys for URLs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PublicRegistry {
    /// Whether it is watched.
    pub(super) enabled: bool,
    /// The URLs that replace its hosts.
    pub(super) urls: BTreeMap<RegistryId, WebUrl>,
    /// How often its feed is read.
    pub(super) interval: Period,
}

/// The written form; omitted keys have their defaults.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    interval: Option<Period>,
    #[serde(flatten)]
    urls: BTreeMap<String, WebUrl>,
}

impl Written {
    /// The public registry of a type.
    pub(super) fn read(self, ecosystem: Ecosystem) -> Result<PublicRegistry, String> {
        let PublicRegistry { enabled, interval, .. } = PublicRegistry::usual(ecosystem);
        let mut urls = BTreeMap::new();
        for (name, url) in self.urls {
            let (host, _) = keys(ecosystem)
                .find(|(_, key)| key.name == name)
                .ok_or_else(|| format!("[registries.{ecosystem}] has no key {name}"))?;
            urls.insert(host, url);
        }
        Ok(PublicRegistry {
            enabled: self.enabled.unwrap_or(enabled),
            urls,
            interval: self.interval.unwrap_or(interval),
        })
    }
}

impl PublicRegistry {
    /// The defaults.
    pub(super) fn usual(ecosystem: Ecosystem) -> Self {
        Self { enabled: true, urls: BTreeMap::new(), interval: ecosystem.row().feed.interval.usual.into() }
    }

    /// The written form.
    pub(super) fn written(&self, ecosystem: Ecosystem) -> Written {
        let urls = keys(ecosystem).filter_map(|(host, key)| Some((key.name.to_owned(), self.urls.get(&host)?.clone())));
        Written { enabled: Some(self.enabled), interval: Some(self.interval), urls: urls.collect() }
    }
}

/// The keys for URLs, each with the host that it replaces.
fn keys(ecosystem: Ecosystem) -> impl Iterator<Item = (RegistryId, &'static UrlKey)> {
    ecosystem.row().hosts.iter().filter_map(|Host { id, key, .. }| Some((*id, key.as_ref()?)))
}

/// The schema of the table; as a definition of its own, `NpmSection`.
pub(super) fn schema(ecosystem: Ecosystem, generator: &mut SchemaGenerator) -> Schema {
    let row = ecosystem.row();
    let usual = PublicRegistry::usual(ecosystem);
    let mut properties = Map::new();
    let mut add = |name: &str, mut schema: Schema, about: String, default: Option<Value>| {
        schema.insert("description".to_owned(), about.into());
        if let Some(default) = default {
            schema.insert("default".to_owned(), default);
        }
        properties.insert(name.to_owned(), schema.into());
    };
    let enabled = generator.subschema_for::<bool>();
    add("enabled", enabled, format!("Whether provwatch watches {}.", row.title), Some(usual.enabled.into()));
    for (_, UrlKey { name, about }) in keys(ecosystem) {
        add(name, generator.subschema_for::<Option<WebUrl>>(), (*about).to_owned(), None);
    }
    let interval = generator.subschema_for::<Period>();
    let every = usual.interval.to_string();
    add("interval", interval, row.feed.interval.about.to_owned(), Some(every.into()));
    let table = json_schema!({
        "description": format!("`[registries.{ecosystem}]`"),
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    let name = definition(row.name);
    generator.definitions_mut().insert(name.clone(), table.into());
    Schema::new_ref(format!("#/$defs/{name}"))
}

/// The name of a type's table in the schema.
fn definition(name: &str) -> String {
    let (first, rest) = name.split_at(name.len().min(1));
    format!("{}{rest}Section", first.to_uppercase())
}

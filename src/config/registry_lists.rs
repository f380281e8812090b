use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{Period, SecretSource, WebUrl};
use crate::model::{Ecosystem, RegistryKey};

/// The registries of one type: the public one, and others beside it. Written as one table it is the public one; written as
/// a list of tables, the entries with a name are the others, and the one without is the public one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written<P>", into = "Written<P>")]
#[serde(bound(
    serialize = "P: Clone + Default + PartialEq + Serialize",
    deserialize = "P: Default + Deserialize<'de>"
))]
pub struct RegistryList<P> {
    /// The public one.
    pub public: P,
    /// The others.
    pub others: Vec<RegistryInstance>,
}

/// The forms in which it is written.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written<P> {
    One(P),
    Many(Vec<Entry<P>>),
}

/// An entry of the list.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Entry<P> {
    Named(Box<RegistryInstance>),
    Public(P),
}

impl<P: Default> TryFrom<Written<P>> for RegistryList<P> {
    type Error = &'static str;

    fn try_from(written: Written<P>) -> Result<Self, Self::Error> {
        let entries = match written {
            Written::One(public) => return Ok(Self { public, others: Vec::new() }),
            Written::Many(entries) => entries,
        };
        let (mut public, mut others) = (None, Vec::new());
        for entry in entries {
            match entry {
                Entry::Named(named) => others.push(*named),
                Entry::Public(_) if public.is_some() => {
                    return Err("two registries of one type have no name; only the public one has none");
                }
                Entry::Public(one) => public = Some(one),
            }
        }
        Ok(Self { public: public.unwrap_or_default(), others })
    }
}

impl<P: Default + PartialEq> From<RegistryList<P>> for Written<P> {
    fn from(RegistryList { public, others }: RegistryList<P>) -> Self {
        if others.is_empty() {
            return Self::One(public);
        }
        let public = (public != P::default()).then_some(Entry::Public(public));
        Self::Many(public.into_iter().chain(others.into_iter().map(|named| Entry::Named(Box::new(named)))).collect())
    }
}

impl<P: JsonSchema> JsonSchema for RegistryList<P> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("RegistryListOf{}", P::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (public, named) = (generator.subschema_for::<P>(), generator.subschema_for::<RegistryInstance>());
        json_schema!({"anyOf": [public, {"type": "array", "items": {"anyOf": [named, public]}}]})
    }
}

/// A registry beside the public one of its type: a company's own, or that of a service (GitHub Packages, Artifactory). Such
/// registries tell no changes: their packages are looked at every `interval`, with conditional requests. A package of it is
/// watched by its purl with the registry's URL: `pkg:npm/@acme/x?repository_url=https://npm.acme.example`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistryInstance {
    /// What provwatch calls it.
    pub name: String,
    /// Its URL as clients of its type have it: of npm the registry, of PyPI the simple index with JSON documents (PEP 691),
    /// of Cargo the sparse index.
    pub url: WebUrl,
    /// Whether it is watched.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// How often each watched package of it is looked at.
    #[serde(default = "every_quarter")]
    pub interval: Period,
    /// A file with the token, or the password of `username`. It is sent to this registry only, and not along a redirect to
    /// another host.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub token_file: Option<PathBuf>,
    /// The systemd credential with the token.
    #[schemars(extend("format" = "credential"))]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub token_credential: Option<String>,
    /// The user whose token it is, for registries that want name and password (HTTP Basic). Without it npm's registries get
    /// the token as `Bearer`, Cargo's as it is, and Python's as the password of `__token__`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub username: Option<String>,
}

fn enabled() -> bool {
    true
}

fn every_quarter() -> Period {
    Period::minutes(15)
}

impl RegistryInstance {
    /// Its key; `None` where no purl can name its URL.
    pub fn key(&self, ecosystem: Ecosystem) -> Option<RegistryKey> {
        Some(RegistryKey::at(ecosystem, self.url.as_url().as_str().parse().ok()?))
    }

    /// Where its token is.
    pub fn token(&self) -> Option<SecretSource> {
        SecretSource::of(self.token_file.as_ref(), self.token_credential.as_ref())
    }
}

//! The list of registries of one type, in each form in which the configuration may write it.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{
    RegistryInstance,
    public_registry::{self, PublicRegistry},
};
use crate::model::Ecosystem;

/// The registries of one type: the public one, and private ones. Written as one table it is the public one; written as
/// a list of tables, the entries with a name are the others, and the one without is the public one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RegistryList {
    /// The public one.
    pub(super) public: PublicRegistry,
    /// The others.
    pub(super) others: Vec<RegistryInstance>,
}

/// The written form, of any type.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Forms", into = "Forms")]
pub(super) struct Written {
    public: Option<public_registry::Written>,
    others: Vec<RegistryInstance>,
}

/// The forms in which it is written.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Forms {
    One(public_registry::Written),
    Many(Vec<Entry>),
}

/// An entry of the list.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Entry {
    Named(Box<RegistryInstance>),
    Public(public_registry::Written),
}

impl TryFrom<Forms> for Written {
    type Error = &'static str;

    fn try_from(form: Forms) -> Result<Self, Self::Error> {
        let entries = match form {
            Forms::One(public) => return Ok(Self { public: Some(public), others: Vec::new() }),
            Forms::Many(entries) => entries,
        };
        let (mut public, mut others) = (None, Vec::new());
        for entry in entries {
            match entry {
                Entry::Named(named) => others.push(*named),
                Entry::Public(_) if public.is_some() => {
                    return Err("two registries of one type lack a name; only the public one may");
                }
                Entry::Public(one) => public = Some(one),
            }
        }
        Ok(Self { public, others })
    }
}

impl From<Written> for Forms {
    fn from(Written { public, others }: Written) -> Self {
        match public {
            Some(public) if others.is_empty() => Self::One(public),
            public => {
                let named = others.into_iter().map(|named| Entry::Named(Box::new(named)));
                Self::Many(public.map(Entry::Public).into_iter().chain(named).collect())
            }
        }
    }
}

impl Written {
    /// The registries of a type.
    pub(super) fn read(self, ecosystem: Ecosystem) -> Result<RegistryList, String> {
        let public = self.public.map(|public| public.read(ecosystem)).transpose()?;
        let public = public.unwrap_or_else(|| PublicRegistry::usual(ecosystem));
        Ok(RegistryList { public, others: self.others })
    }
}

impl RegistryList {
    /// The public one alone, with its defaults.
    pub(super) fn usual(ecosystem: Ecosystem) -> Self {
        Self { public: PublicRegistry::usual(ecosystem), others: Vec::new() }
    }

    /// The written form: in a list the public one only if it differs from its defaults.
    pub(super) fn written(self, ecosystem: Ecosystem) -> Written {
        let is_said = self.others.is_empty() || self.public != PublicRegistry::usual(ecosystem);
        Written { public: is_said.then(|| self.public.written(ecosystem)), others: self.others }
    }
}

/// The schema of a type's key.
pub(super) fn schema(ecosystem: Ecosystem, generator: &mut SchemaGenerator) -> Schema {
    let public = public_registry::schema(ecosystem, generator);
    let named = generator.subschema_for::<RegistryInstance>();
    let usual = PublicRegistry::usual(ecosystem).written(ecosystem);
    json_schema!({
        "description": ecosystem.row().about,
        "anyOf": [public, {"type": "array", "items": {"anyOf": [named, public]}}],
        "default": serde_json::to_value(usual).unwrap_or_default(),
    })
}

//! A private registry, as the configuration names it.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Period, SecretSource, WebUrl};
use crate::model::{Ecosystem, RegistryKey};

/// A registry in addition to the public one of its type: your own, or one of a service (GitHub Packages, Artifactory).
/// Such a registry has no feed of changes, so provwatch checks each watched package every `interval`, with a
/// conditional request. The purl of a package there contains the registry's URL:
/// `pkg:npm/@acme/x?repository_url=https://npm.acme.example`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistryInstance {
    /// The registry's name in messages.
    pub name: String,
    /// The URL that clients of this type use. For npm it is the registry, for PyPI the simple index with JSON documents
    /// (PEP 691), for Cargo the sparse index.
    pub url: WebUrl,
    /// Whether provwatch watches this registry.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// How often provwatch checks each watched package of this registry.
    #[serde(default = "every_quarter")]
    pub interval: Period,
    /// A file with the token, or with the password of `username`. provwatch sends it to this registry only, and not to
    /// another host that a redirect leads to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub token_file: Option<PathBuf>,
    /// The systemd credential with the token.
    #[schemars(extend("format" = "credential"))]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub token_credential: Option<String>,
    /// The user that the token belongs to, for registries that require name and password (HTTP Basic). Without this key
    /// provwatch sends the token to npm registries as `Bearer`, to Cargo registries unchanged, and to Python indexes as
    /// the password of `__token__`.
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
    /// Its key; `None` if no purl can name its URL.
    pub fn key(&self, ecosystem: Ecosystem) -> Option<RegistryKey> {
        Some(RegistryKey::at(ecosystem, self.url.as_url().as_str().parse().ok()?))
    }

    /// The source of its token.
    pub fn token(&self) -> Option<SecretSource> {
        SecretSource::of(self.token_file.as_ref(), self.token_credential.as_ref())
    }
}

//! A private registry, as the configuration names it.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Period, SecretSource, WebUrl};
use crate::model::{Ecosystem, RegistryKey};

/// A registry beside the public one of its type: a company's own, or that of a service (GitHub Packages, Artifactory). Such
/// registries tell no changes: their packages are checked every `interval`, with conditional requests. A package of it is
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
    /// How often each watched package of it is checked.
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
    /// Its key; `None` if no purl can name its URL.
    pub fn key(&self, ecosystem: Ecosystem) -> Option<RegistryKey> {
        Some(RegistryKey::at(ecosystem, self.url.as_url().as_str().parse().ok()?))
    }

    /// The source of its token.
    pub fn token(&self) -> Option<SecretSource> {
        SecretSource::of(self.token_file.as_ref(), self.token_credential.as_ref())
    }
}

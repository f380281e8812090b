//! The table of public registries, by host name in reverse-DNS form.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The name of a public registry host in reverse-DNS form, labels from the root down as in Java packages:
/// `org.example.registry` is the host `registry.example.org`.
///
/// This is the one place with the public registries; all other code uses [`RegistryId::base_url`], and the
/// configuration may replace it with any other URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegistryId(&'static str);

impl RegistryId {
    /// npm's package documents and attestations.
    pub const NPM: Self = Self("org.npmjs.registry");
    /// npm's change feed.
    pub const NPM_REPLICATE: Self = Self("com.npmjs.replicate");
    /// PyPI's simple index, integrity API and XML-RPC changelog.
    pub const PYPI: Self = Self("org.pypi");
    /// The host of PyPI's documentation, which its attestation predicate types name.
    pub const PYPI_DOCS: Self = Self("org.pypi.docs");
    /// crates.io's API.
    pub const CARGO: Self = Self("io.crates");
    /// crates.io's sparse index.
    pub const CARGO_INDEX: Self = Self("io.crates.index");
    /// crates.io's static files, its update feed among them.
    pub const CARGO_STATIC: Self = Self("io.crates.static");
    /// Yarn's name for npm's registry, which lock files of many years have.
    pub const NPM_YARN: Self = Self("com.yarnpkg.registry");
    /// A common mirror of npm in China.
    pub const NPM_MIRROR: Self = Self("com.npmmirror.registry");
    /// PyPI's files.
    pub const PYPI_FILES: Self = Self("org.pythonhosted.files");
    /// The registry that unit tests make up.
    #[cfg(test)]
    pub const ATTIC: Self = Self("example.attic");

    /// Every id of the table.
    pub const ALL: [Self; 10] = [
        Self::NPM,
        Self::NPM_REPLICATE,
        Self::PYPI,
        Self::PYPI_DOCS,
        Self::CARGO,
        Self::CARGO_INDEX,
        Self::CARGO_STATIC,
        Self::NPM_YARN,
        Self::NPM_MIRROR,
        Self::PYPI_FILES,
    ];

    /// The id itself, `org.example.registry`.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The host, `registry.example.org`.
    pub fn host(self) -> String {
        self.0.rsplit('.').collect::<Vec<_>>().join(".")
    }

    /// The base URL: https, the host, and a final slash.
    pub fn base_url(self) -> String {
        format!("https://{}/", self.host())
    }
}

impl fmt::Display for RegistryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl From<RegistryId> for String {
    fn from(id: RegistryId) -> Self {
        id.0.to_owned()
    }
}

/// A registry id that is not in the table.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown registry id {0:?}; known are {known}", known = RegistryId::ALL.map(RegistryId::as_str).join(", "))]
pub struct InvalidRegistryId(pub String);

impl FromStr for RegistryId {
    type Err = InvalidRegistryId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|id| id.0 == text).ok_or_else(|| InvalidRegistryId(text.to_owned()))
    }
}

impl TryFrom<String> for RegistryId {
    type Error = InvalidRegistryId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_turned_round() {
        assert_eq!(RegistryId("org.example.a-b").base_url(), "https://a-b.example.org/");
    }

    #[test]
    fn only_ids_of_the_table_parse() {
        assert_eq!("org.pypi".parse(), Ok(RegistryId::PYPI));
        let error = "org.example".parse::<RegistryId>().unwrap_err();
        assert!(error.to_string().contains("com.npmjs.replicate"), "{error}");
    }
}

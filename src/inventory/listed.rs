//! The content of a file: the entries of registries, and the entries that cannot be taken.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    model::{FileDigest, Package, Place, Reachability, RegistryKey, Vex},
    text::quoted,
};

/// The content of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The entries of public registries, and of configured private ones, in file order.
    pub entries: Vec<Entry>,
    /// Entries that cannot be taken, each with the reason, in file order.
    pub skipped: Vec<Skipped>,
}

/// A package that a file lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The package.
    pub package: Package,
    /// The exact version; `None`: the file names a range, or no version.
    pub version: Option<String>,
    /// How the project depends on it.
    pub place: Place,
    /// The digests of its artifacts.
    pub digests: Vec<FileDigest>,
    /// The worst that a VEX statement says of it.
    pub vex: Option<Vex>,
    /// Whether another tool saw that the project's code uses it.
    pub reachability: Option<Reachability>,
}

/// An entry that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Skipped {
    /// The entry, as the file names it.
    pub what: String,
    /// Why.
    pub why: String,
}

impl Skipped {
    /// An entry by a text of the file, which goes to a terminal.
    pub fn new(what: &str, why: impl Into<String>) -> Self {
        Self { what: quoted(what, 200), why: why.into() }
    }
}

impl Entry {
    /// A package at a version, without further details.
    pub fn new(package: Package, version: Option<&str>) -> Self {
        let version = version.filter(|version| is_exact(version)).map(str::to_owned);
        Self { package, version, place: Place::default(), digests: Vec::new(), vex: None, reachability: None }
    }

    /// A name of a registry; else the name, and why it cannot be taken.
    pub fn named<'a>(registry: &RegistryKey, name: &'a str, version: Option<&str>) -> Result<Self, (&'a str, String)> {
        match Package::new(registry.ecosystem(), name) {
            Ok(package) => Ok(Self::new(package.of(registry), version)),
            Err(error) => Err((name, error.to_string())),
        }
    }

    /// The same with digests.
    #[must_use]
    pub fn with_digests<'a>(self, texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self { digests: digests(texts), ..self }
    }
}

/// Longest version; registries have a limit of 256 or less.
const MAX_VERSION: usize = 300;

/// Whether a text is one version, and neither a range nor a variable.
fn is_exact(version: &str) -> bool {
    let is_of_a_range = |c: char| c.is_whitespace() || c.is_control() || "^~<>=*|,$(){}[]@:/".contains(c);
    !version.is_empty() && version.len() <= MAX_VERSION && !version.contains(is_of_a_range)
}

impl Listed {
    /// The packages, each once, whatever their versions.
    pub fn packages(&self) -> BTreeSet<Package> {
        self.entries.iter().map(|entry| entry.package.clone()).collect()
    }

    pub(super) fn skip(&mut self, what: &str, why: impl Into<String>) {
        self.skipped.push(Skipped::new(what, why));
    }
}

/// The digests of a text, by blanks between them; those of weak or unknown algorithms are left out.
fn digests<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<FileDigest> {
    texts.into_iter().flat_map(str::split_whitespace).filter_map(|text| text.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_version_is_exact_and_a_range_is_not() {
        for version in ["1.0.0", "1.0.0-rc.1+build.5", "1!2.0.post1", "2024.1", "v1", "0.0.0-insiders.abc_1"] {
            assert!(is_exact(version), "{version}");
        }
        let long = "1".repeat(301);
        for version in ["", "^1.0", "~1", ">= 18", "1.*", "1 || 2", "${VERSION}", "file:../x", "1.0\n", "[1,2)", &long]
        {
            assert!(!is_exact(version), "{version}");
        }
    }
}

//! The result of an import: the packages, and the entries that cannot be watched.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::source::{Source, located, not_from};
use crate::{
    model::{Package, RegistryKey, ReleaseId},
    text::quoted,
};

/// The content of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// The packages of public registries, and of configured private ones.
    pub packages: BTreeSet<Package>,
    /// Entries that cannot be watched, each with the reason, in file order.
    pub skipped: Vec<Skipped>,
}

/// An entry that cannot be watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Skipped {
    /// The entry, as the file names it.
    pub what: String,
    /// Why.
    pub why: String,
}

impl Imported {
    pub(super) fn skip(&mut self, what: &str, why: impl Into<String>) {
        // Names come from the file and go to a terminal.
        let what = quoted(what, 200);
        self.skipped.push(Skipped { what, why: why.into() });
    }

    /// Takes a name of a registry.
    pub(super) fn take(&mut self, registry: &RegistryKey, name: &str) {
        match Package::new(registry.ecosystem(), name) {
            Ok(package) => drop(self.packages.insert(package.of(registry))),
            Err(error) => self.skip(name, error.to_string()),
        }
    }

    /// Takes a purl, with or without a version.
    pub(super) fn take_purl(&mut self, source: &Source<'_>, purl: &str) {
        let package = purl.parse::<ReleaseId>().map(|release| release.package().clone()).or_else(|_| purl.parse());
        match package {
            Ok(package) => match located(source, &package, purl) {
                Ok(registry) => drop(self.packages.insert(package.of(&registry))),
                Err(host) => self.skip(purl, not_from(&host, package.ecosystem())),
            },
            Err(error) => self.skip(purl, error.to_string()),
        }
    }
}

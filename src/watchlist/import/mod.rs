//! Packages from lock files and bills of materials. What a file is, its content decides, not its name.

mod foreign;
mod indexes;
mod lock;
mod mirrors;
mod npm;
mod requirements;
mod sbom;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use mirrors::Mirrors;

use crate::{
    model::{Ecosystem, Package, RegistryKey, ReleaseId},
    strict_toml::{Place, ReadError, read_text},
    text::quoted,
};

/// Most bytes of a file.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// What a file names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// The packages of public registries, and of those that are configured beside them.
    pub packages: BTreeSet<Package>,
    /// What cannot be watched, each with the reason, in file order.
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

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("importing packages")]
    Read(#[source] ReadError),
    /// It is of no kind that provwatch knows.
    #[error(
        "{}: {why}; expected package-lock.json, requirements.txt, uv.lock, Cargo.lock, or a CycloneDX or SPDX 2 document as JSON",
        path.display()
    )]
    Unknown {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        why: String,
    },
    /// It is of a kind that is known and not read.
    #[error("{}: this is {name}, which provwatch does not read; {instead}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its kind.
        name: &'static str,
        /// What to do in its place.
        instead: &'static str,
    },
    /// It is broken.
    #[error("{}:{}:{}: {what}", path.display(), place.line, place.column)]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where.
        place: Place,
        /// What is wrong.
        what: String,
    },
}

impl ImportError {
    fn foreign(path: &Path, kind: &foreign::Foreign) -> Self {
        Self::Foreign { path: path.to_owned(), name: kind.name, instead: kind.instead }
    }
}

/// Reads a lock file or bill of materials of at most 64 MiB.
///
/// # Errors
/// It cannot be read, is of no known kind, or is broken.
pub fn read(path: &Path, mirrors: &Mirrors) -> Result<Imported, ImportError> {
    match read_text(path, MAX_BYTES) {
        Ok(text) => parse(&text, path, mirrors),
        Err(ReadError::NotUtf8 { .. }) if path.extension().is_some_and(|extension| extension == "lockb") => {
            Err(ImportError::foreign(path, foreign::BUN_BINARY))
        }
        Err(error) => Err(ImportError::Read(error)),
    }
}

/// The same for a text; `origin` is the file that messages name.
///
/// # Errors
/// It is of no known kind, or is broken.
pub fn parse(text: &str, origin: &Path, mirrors: &Mirrors) -> Result<Imported, ImportError> {
    let source = Source { text, origin, mirrors };
    if let Some(kind) = foreign::kind(text) {
        return Err(ImportError::foreign(origin, kind));
    }
    if text.trim_start().starts_with(['{', '[']) && !lock::is_toml_header(text) {
        return document(&source);
    }
    if lock::looks_like(text) { lock::parse(&source) } else { requirements::parse(&source) }
}

/// The keys that tell JSON documents apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Probe {
    lockfile_version: Option<serde_json::Value>,
    bom_format: Option<serde_json::Value>,
    spdx_version: Option<serde_json::Value>,
    /// What GitHub's API answers: an SPDX document in an envelope.
    sbom: Option<serde::de::IgnoredAny>,
    /// npm 4 and before wrote no version.
    dependencies: Option<serde::de::IgnoredAny>,
}

fn document(source: &Source<'_>) -> Result<Imported, ImportError> {
    match source.json()? {
        Probe { lockfile_version: Some(_), .. } => npm::parse(source),
        Probe { bom_format: Some(_), .. } => sbom::cyclonedx(source),
        Probe { spdx_version: Some(_), .. } => sbom::spdx(source),
        Probe { sbom: Some(_), .. } => sbom::of_github(source),
        Probe { dependencies: Some(_), .. } => npm::parse(source),
        _ => Err(source.unknown("it has none of the keys lockfileVersion, bomFormat and spdxVersion")),
    }
}

/// A text and the file that it comes from.
struct Source<'a> {
    text: &'a str,
    origin: &'a Path,
    mirrors: &'a Mirrors,
}

impl Source<'_> {
    fn json<T: DeserializeOwned>(&self) -> Result<T, ImportError> {
        serde_json::from_str(self.text).map_err(|error| {
            let message = error.to_string();
            let what = message.split(" at line ").next().unwrap_or(&message);
            self.malformed(Place { line: error.line(), column: error.column() }, what)
        })
    }

    fn toml<T: DeserializeOwned>(&self) -> Result<T, ImportError> {
        toml::from_str(self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            self.malformed(Place::of(self.text, at), error.message())
        })
    }

    /// The registry whose packages a URL serves; `None`: one that is not known.
    fn registry(&self, ecosystem: Ecosystem, url: &str) -> Option<RegistryKey> {
        self.mirrors.registry(ecosystem, url)
    }

    fn malformed(&self, place: Place, what: impl Into<String>) -> ImportError {
        ImportError::Malformed { path: self.origin.to_owned(), place, what: what.into() }
    }

    fn unknown(&self, why: &str) -> ImportError {
        ImportError::Unknown { path: self.origin.to_owned(), why: why.to_owned() }
    }
}

impl Imported {
    fn skip(&mut self, what: &str, why: impl Into<String>) {
        // Names come from the file and go to a terminal.
        let what = quoted(what, 200);
        self.skipped.push(Skipped { what, why: why.into() });
    }

    /// Takes a name of a registry.
    fn take(&mut self, registry: &RegistryKey, name: &str) {
        match Package::new(registry.ecosystem(), name) {
            Ok(package) => drop(self.packages.insert(package.of(registry))),
            Err(error) => self.skip(name, error.to_string()),
        }
    }

    /// Takes a purl, with or without a version.
    fn take_purl(&mut self, source: &Source<'_>, purl: &str) {
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

/// The registry that a purl's qualifiers say the package comes from; the public one where they say nothing.
///
/// # Errors
/// The host of a registry that is not known.
fn located(source: &Source<'_>, package: &Package, purl: &str) -> Result<RegistryKey, String> {
    let ecosystem = package.ecosystem();
    let mut registry = RegistryKey::from(ecosystem);
    let qualifiers = purl.split_once('?').map_or("", |(_, qualifiers)| qualifiers);
    let qualifiers = qualifiers.split('#').next().unwrap_or_default();
    for (key, value) in url::form_urlencoded::parse(qualifiers.as_bytes()) {
        if key == "repository_url" || key == "download_url" {
            let url = if value.contains("://") { value.to_string() } else { format!("https://{value}") };
            let found = source.registry(ecosystem, &url);
            let found = found.ok_or_else(|| host(&url).unwrap_or_else(|| quoted(&value, 60)))?;
            // The one that says more counts: a file may lie at a mirror of the registry that is named.
            registry = if registry.is_public() { found } else { registry };
        }
    }
    Ok(registry)
}

/// Why an entry is skipped that comes from an unknown place.
fn not_from(host: &str, ecosystem: Ecosystem) -> String {
    format!("from {host}, not from {}", ecosystem.title())
}

/// The host of a URL.
fn host(url: &str) -> Option<String> {
    url::Url::parse(url).ok()?.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests;

//! Packages from lock files and bills of materials. What a file is, its content decides, not its name.

mod lock;
mod npm;
mod requirements;
mod sbom;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    model::{Ecosystem, Package, RegistryId, ReleaseId},
    strict_toml::{Place, ReadError, read_text},
    text::quoted,
};

/// Most bytes of a file.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// What a file names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// The packages of public registries.
    pub packages: BTreeSet<Package>,
    /// What cannot be watched, each with the reason, in file order.
    pub skipped: Vec<Skipped>,
}

/// An entry that cannot be watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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

/// Reads a lock file or bill of materials of at most 64 MiB.
///
/// # Errors
/// It cannot be read, is of no known kind, or is broken.
pub fn read(path: &Path) -> Result<Imported, ImportError> {
    parse(&read_text(path, MAX_BYTES).map_err(ImportError::Read)?, path)
}

/// The same for a text; `origin` is the file that messages name.
///
/// # Errors
/// It is of no known kind, or is broken.
pub fn parse(text: &str, origin: &Path) -> Result<Imported, ImportError> {
    let source = Source { text, origin };
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
    #[serde(rename = "@graph")]
    graph: Option<serde::de::IgnoredAny>,
}

fn document(source: &Source<'_>) -> Result<Imported, ImportError> {
    match source.json()? {
        Probe { lockfile_version: Some(_), .. } => npm::parse(source),
        Probe { bom_format: Some(_), .. } => sbom::cyclonedx(source),
        Probe { spdx_version: Some(_), .. } => sbom::spdx(source),
        Probe { graph: Some(_), .. } => Err(source.unknown("it looks like SPDX 3")),
        _ => Err(source.unknown("it has none of the keys lockfileVersion, bomFormat and spdxVersion")),
    }
}

/// A text and the file that it comes from.
struct Source<'a> {
    text: &'a str,
    origin: &'a Path,
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

    /// Takes a name of an ecosystem.
    fn take(&mut self, ecosystem: Ecosystem, name: &str) {
        match Package::new(ecosystem, name) {
            Ok(package) => drop(self.packages.insert(package)),
            Err(error) => self.skip(name, error.to_string()),
        }
    }

    /// Takes a purl, with or without a version.
    fn take_purl(&mut self, purl: &str) {
        if let Some(elsewhere) = other_repository(purl) {
            return self.skip(purl, format!("from {elsewhere}, not from a public registry"));
        }
        match purl.parse::<ReleaseId>().map(|release| release.package().clone()).or_else(|_| purl.parse()) {
            Ok(package) => drop(self.packages.insert(package)),
            Err(error) => self.skip(purl, error.to_string()),
        }
    }
}

/// The host of a purl's `repository_url`, if it is not a public registry.
fn other_repository(purl: &str) -> Option<String> {
    let (_, qualifiers) = purl.split_once('?')?;
    let qualifiers = qualifiers.split('#').next().unwrap_or_default();
    let (_, value) = url::form_urlencoded::parse(qualifiers.as_bytes()).find(|(key, _)| key == "repository_url")?;
    let host = host(&value).or_else(|| host(&format!("https://{value}"))).unwrap_or_else(|| value.into_owned());
    (!RegistryId::ALL.iter().any(|id| id.host() == host)).then_some(host)
}

/// The host of a URL.
fn host(url: &str) -> Option<String> {
    url::Url::parse(url).ok()?.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests;

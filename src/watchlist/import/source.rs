//! A text to import with its file name, and the errors of an import.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::{Mirrors, foreign};
use crate::{
    model::{Ecosystem, LockFile, Package, RegistryKey},
    strict_toml::{Location, ReadError},
    text::quoted,
};

/// The reason why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("importing packages")]
    Read(#[source] ReadError),
    /// It is of an unknown kind.
    #[error(
        "{}: {why}; expected package-lock.json, requirements.txt, uv.lock, Cargo.lock, or a CycloneDX or SPDX 2 document as JSON",
        path.display()
    )]
    Unknown {
        path: PathBuf,
        /// Its likely kind.
        why: String,
    },
    /// It is of a known kind that provwatch cannot import.
    #[error("{}: this is {name}, which provwatch does not read; {instead}", path.display())]
    Foreign {
        path: PathBuf,
        /// Its kind.
        name: &'static str,
        /// The file to import instead.
        instead: &'static str,
    },
    /// It is broken.
    #[error("{}:{}:{}: {what}", path.display(), place.line, place.column)]
    Malformed {
        path: PathBuf,
        /// The place of the error.
        place: Location,
        /// The error.
        what: String,
    },
}

impl ImportError {
    pub(super) fn foreign(path: &Path, kind: &foreign::Foreign) -> Self {
        Self::Foreign { path: path.to_owned(), name: kind.name, instead: kind.instead }
    }
}

/// A text and the file that it comes from.
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    pub(super) origin: &'a Path,
    pub(super) mirrors: &'a Mirrors,
}

impl Source<'_> {
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, ImportError> {
        serde_json::from_str(self.text).map_err(|error| {
            let message = error.to_string();
            let what = message.split(" at line ").next().unwrap_or(&message);
            self.malformed(Location { line: error.line(), column: error.column() }, what)
        })
    }

    pub(super) fn toml<T: DeserializeOwned>(&self) -> Result<T, ImportError> {
        toml::from_str(self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            self.malformed(Location::of(self.text, at), error.message())
        })
    }

    /// The registry whose packages a URL serves; `None`: an unknown one.
    pub(super) fn registry(&self, ecosystem: Ecosystem, url: &str) -> Option<RegistryKey> {
        self.mirrors.registry(ecosystem, url)
    }

    /// The text as a lock file of a kind.
    pub(super) fn listing(&self, kind: LockFile) -> Result<Listing<'_>, ImportError> {
        let ecosystem = Ecosystem::of_lock_file(kind);
        let ecosystem =
            ecosystem.ok_or_else(|| self.unknown("a lock file of a registry that provwatch does not watch"))?;
        Ok(Listing { mirrors: self.mirrors, ecosystem })
    }

    pub(super) fn malformed(&self, place: Location, what: impl Into<String>) -> ImportError {
        ImportError::Malformed { path: self.origin.to_owned(), place, what: what.into() }
    }

    pub(super) fn unknown(&self, why: &str) -> ImportError {
        ImportError::Unknown { path: self.origin.to_owned(), why: why.to_owned() }
    }
}

/// A lock file and the registry type of its packages: all are of one type.
pub(super) struct Listing<'a> {
    mirrors: &'a Mirrors,
    ecosystem: Ecosystem,
}

impl Listing<'_> {
    /// The public registry of the type.
    pub(super) fn public(&self) -> RegistryKey {
        self.ecosystem.into()
    }

    /// The registry whose packages a URL serves; `None`: an unknown one.
    pub(super) fn registry(&self, url: &str) -> Option<RegistryKey> {
        self.mirrors.registry(self.ecosystem, url)
    }

    /// Whether a text is the public registry's name in lock files.
    pub(super) fn is_public(&self, source: &str) -> bool {
        self.ecosystem.row().files.sources.contains(&source)
    }

    /// The reason why an entry of an unknown origin is skipped.
    pub(super) fn not_from(&self, host: &str) -> String {
        not_from(host, self.ecosystem)
    }
}

/// The registry in a purl's qualifiers; the public one if they name none.
///
/// # Errors
/// The host of an unknown registry.
pub(super) fn located(source: &Source<'_>, package: &Package, purl: &str) -> Result<RegistryKey, String> {
    let ecosystem = package.ecosystem();
    let mut registry = RegistryKey::from(ecosystem);
    let qualifiers = purl.split_once('?').map_or("", |(_, qualifiers)| qualifiers);
    let qualifiers = qualifiers.split('#').next().unwrap_or_default();
    for (key, value) in url::form_urlencoded::parse(qualifiers.as_bytes()) {
        if key == "repository_url" || key == "download_url" {
            let url = if value.contains("://") { value.to_string() } else { format!("https://{value}") };
            let found = source.registry(ecosystem, &url);
            let found = found.ok_or_else(|| host(&url).unwrap_or_else(|| quoted(&value, 60)))?;
            // The more specific one counts: a file may be at a mirror of the named registry.
            registry = if registry.is_public() { found } else { registry };
        }
    }
    Ok(registry)
}

/// The reason why an entry of an unknown origin is skipped.
pub(super) fn not_from(host: &str, ecosystem: Ecosystem) -> String {
    format!("from {host}, not from {}", ecosystem.title())
}

/// The host of a URL.
pub(super) fn host(url: &str) -> Option<String> {
    url::Url::parse(url).ok()?.host_str().map(str::to_owned)
}

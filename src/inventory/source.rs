//! A text to read with its file name, and the reasons why it cannot be read.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::{Mirrors, foreign};
use crate::{
    model::{Ecosystem, LockFile, RegistryKey},
    strict_toml::{Location, ReadError},
    text::quoted,
};

/// Most characters of a reason that quotes a file.
const MAX_REASON: usize = 400;

/// The reason why a file cannot be read.
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
    /// It has more than any honest one.
    #[error("{}: more than {most} {what}; provwatch reads no such file", path.display())]
    TooMany {
        path: PathBuf,
        /// Of what.
        what: &'static str,
        /// How many provwatch reads.
        most: usize,
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
        // Parsers quote the values that they refuse.
        let what = quoted(what.into(), MAX_REASON);
        ImportError::Malformed { path: self.origin.to_owned(), place, what }
    }

    pub(super) fn too_many(&self, what: &'static str, most: usize) -> ImportError {
        ImportError::TooMany { path: self.origin.to_owned(), what, most }
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

/// The reason why an entry of an unknown origin is skipped.
pub(super) fn not_from(host: &str, ecosystem: Ecosystem) -> String {
    format!("from {host}, not from {}", ecosystem.title())
}

/// The host of a URL.
pub(super) fn host(url: &str) -> Option<String> {
    url::Url::parse(url).ok()?.host_str().map(str::to_owned)
}

/// A source's host, or its beginning; whole URLs may hold passwords.
pub(super) fn plain(source: &str) -> String {
    let url = source.split_once('+').filter(|(kind, _)| !kind.contains(':')).map_or(source, |(_, url)| url);
    host(url).unwrap_or_else(|| quoted(url, 60))
}

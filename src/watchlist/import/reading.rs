//! Recognises the kind of a file by its content, and reads it.

use std::path::Path;

use serde::Deserialize;

use super::{
    Mirrors, foreign,
    imported::Imported,
    lock, npm, requirements, sbom,
    source::{ImportError, Source},
};
use crate::strict_toml::{ReadError, read_text};

/// Most bytes of a file.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Reads a lock file or bill of materials of at most 64 MiB.
///
/// # Errors
/// It cannot be read, is of an unknown kind, or is broken.
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
/// It is of an unknown kind, or is broken.
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

/// The keys that distinguish JSON documents.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Probe {
    lockfile_version: Option<serde_json::Value>,
    bom_format: Option<serde_json::Value>,
    spdx_version: Option<serde_json::Value>,
    /// The answer of GitHub's API: an SPDX document in an envelope.
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
        _ => Err(source.unknown("the keys lockfileVersion, bomFormat and spdxVersion are all missing")),
    }
}

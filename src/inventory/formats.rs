//! The table of formats: recognises the format of a file by its content, and reads it.

use std::path::Path;

use serde::{Deserialize, de::IgnoredAny};

use super::{
    Mirrors, cargo_lock, cyclonedx, foreign,
    listed::Listed,
    npm, requirements,
    source::{ImportError, Source},
    spdx, uv_lock,
};
use crate::strict_toml::{ReadError, read_text, text_of};

/// Most bytes of a file.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// A format, and what it is recognised by.
struct Format {
    is_it: fn(&Look<'_>) -> bool,
    read: fn(&Source<'_>) -> Result<Listed, ImportError>,
}

/// The formats. The first that recognises a file reads it, so that order matters: an envelope comes before what may be in
/// it, and what has no mark of its own comes last.
const FORMATS: &[Format] = &[
    // package-lock.json, npm-shrinkwrap.json.
    Format { is_it: |look| look.keys.lockfile_version.is_some(), read: npm::parse },
    Format { is_it: |look| look.keys.bom_format.is_some(), read: cyclonedx::parse },
    Format { is_it: |look| look.keys.spdx_version.is_some(), read: spdx::parse },
    // The answer of GitHub's dependency graph.
    Format { is_it: |look| look.keys.sbom.is_some(), read: spdx::of_github },
    // npm 4 and before wrote no version.
    Format { is_it: |look| look.keys.dependencies.is_some(), read: npm::parse },
    Format { is_it: |look| !look.is_json && uv_lock::is_it(look.text), read: uv_lock::parse },
    Format { is_it: |look| !look.is_json && cargo_lock::is_it(look.text), read: cargo_lock::parse },
    // requirements.txt.
    Format { is_it: |look| !look.is_json, read: requirements::parse },
];

/// What a file looks like.
struct Look<'a> {
    text: &'a str,
    is_json: bool,
    keys: Keys,
}

/// The keys that distinguish JSON documents.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    lockfile_version: Option<IgnoredAny>,
    bom_format: Option<IgnoredAny>,
    spdx_version: Option<IgnoredAny>,
    sbom: Option<IgnoredAny>,
    dependencies: Option<IgnoredAny>,
}

/// Reads a lock file or bill of materials of at most 64 MiB.
///
/// # Errors
/// It cannot be read, is of an unknown kind, or is broken.
pub fn read(path: &Path, mirrors: &Mirrors) -> Result<Listed, ImportError> {
    let text = read_text(path, MAX_BYTES).map_err(|error| unread(path, error))?;
    parse(&text, path, mirrors)
}

/// The same for the bytes of a file that was read.
///
/// # Errors
/// It is not a text, is of an unknown kind, or is broken.
pub fn parse_bytes(bytes: Vec<u8>, origin: &Path, mirrors: &Mirrors) -> Result<Listed, ImportError> {
    let text = text_of(bytes, origin).map_err(|error| unread(origin, error))?;
    parse(&text, origin, mirrors)
}

/// A binary lock file is recognised by its name.
fn unread(path: &Path, error: ReadError) -> ImportError {
    let is_binary = path.extension().is_some_and(|extension| extension == "lockb");
    match error {
        ReadError::NotUtf8 { .. } if is_binary => ImportError::foreign(path, foreign::BUN_BINARY),
        error => ImportError::Read(error),
    }
}

/// The same for a text; `origin` is the file that messages name.
///
/// # Errors
/// It is of an unknown kind, or is broken.
pub fn parse(text: &str, origin: &Path, mirrors: &Mirrors) -> Result<Listed, ImportError> {
    let source = Source { text, origin, mirrors };
    if let Some(kind) = foreign::kind(text) {
        return Err(ImportError::foreign(origin, kind));
    }
    let is_json = text.trim_start().starts_with(['{', '[']) && !cargo_lock::is_toml_header(text);
    let look = Look { text, is_json, keys: if is_json { source.json()? } else { Keys::default() } };
    let format = FORMATS.iter().find(|format| (format.is_it)(&look));
    let missing = || source.unknown("the keys lockfileVersion, bomFormat and spdxVersion are all missing");
    (format.ok_or_else(missing)?.read)(&source)
}

//! Loads documents that registries, authorities and tools published, byte for byte, from `tests/data/published` (see
//! its README).

use std::path::{Path, PathBuf};

/// Where a document lies, by its path below the folder.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/published").join(name)
}

/// The bytes of a document.
#[track_caller]
pub fn read(name: &str) -> Vec<u8> {
    let path = path(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

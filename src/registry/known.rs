//! The stored releases of a package, as the reader of its document needs them.

use std::collections::BTreeMap;

use crate::model::{File, files_fingerprint};

/// Stored versions, each with the fingerprint of its files if that is to be compared.
#[derive(Clone, Debug, Default)]
pub struct Known(BTreeMap<String, Option<String>>);

impl Known {
    /// Whether the version is stored.
    pub fn contains(&self, version: &str) -> bool {
        self.0.contains_key(version)
    }

    /// The versions.
    pub fn versions(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a version need not be described: it is stored with these files. Files without digests cannot be
    /// compared.
    pub fn has(&self, version: &str, files: &[File]) -> bool {
        let is_comparable = || files.iter().any(|file| file.digests.is_known());
        self.0.get(version).is_some_and(|known| {
            known.as_ref().is_none_or(|known| !is_comparable() || *known == files_fingerprint(files))
        })
    }
}

/// Versions with the fingerprints of their files.
impl FromIterator<(String, String)> for Known {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(versions: I) -> Self {
        Self(versions.into_iter().map(|(version, files)| (version, Some(files))).collect())
    }
}

/// Versions whose files are not compared.
impl FromIterator<String> for Known {
    fn from_iter<I: IntoIterator<Item = String>>(versions: I) -> Self {
        Self(versions.into_iter().map(|version| (version, None)).collect())
    }
}

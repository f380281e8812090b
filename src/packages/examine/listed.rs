//! The versions that a document lists.

use std::collections::BTreeSet;

use crate::registry::PackageDocument;

/// The versions that a document lists.
#[derive(Default)]
pub struct Listed {
    /// Versions that can be installed, or could be before.
    pub versions: BTreeSet<String>,
    /// Versions without a file.
    pub bare: Vec<String>,
}

/// Every version that a document lists in any way.
pub fn listed(document: &PackageDocument) -> Listed {
    let there = document.versions.iter().map(|(version, _)| version);
    let unreadable = document.unreadable.iter().map(|(version, _)| version);
    let described = document.releases.iter().map(|release| release.id.version().to_owned());
    let versions = there.chain(unreadable).cloned().chain(described).collect();
    Listed { versions, bare: document.bare.clone() }
}

//! An attestation document as its registry served it.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{Observation, Provenance};

/// The kinds of attestation documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidenceKind {
    /// npm's attestations document.
    NpmAttestations,
    /// PyPI's provenance object (PEP 740).
    PypiProvenance,
}

impl EvidenceKind {
    /// Its word: `npm-attestations`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NpmAttestations => "npm-attestations",
            Self::PypiProvenance => "pypi-provenance",
        }
    }

    /// The kind with a word.
    pub fn named(word: &str) -> Option<Self> {
        [Self::NpmAttestations, Self::PypiProvenance].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// An attestation document as its registry served it.
#[derive(Clone, PartialEq, Eq)]
pub struct EvidenceDocument {
    /// Its kind.
    pub kind: EvidenceKind,
    /// What it attests, as the registry names it: a file, or `name@version`.
    pub subject: String,
    /// Its bytes.
    pub content: Vec<u8>,
    /// When it was fetched.
    pub fetched_at: DateTime<Utc>,
}

impl EvidenceDocument {
    /// What came of the verification of its attestations: of the file that they are about, or of the release.
    pub fn provenance<'a>(&self, release: &'a Observation) -> &'a Provenance {
        let file = release.files.iter().find(|file| file.name == self.subject);
        let of_file = match self.kind {
            EvidenceKind::NpmAttestations => None,
            EvidenceKind::PypiProvenance => file.and_then(|file| file.attestation.as_ref()),
        };
        of_file.unwrap_or(&release.attestation)
    }
}

impl fmt::Debug for EvidenceDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {:?}, {} bytes", self.kind.as_str(), self.subject, self.content.len())
    }
}

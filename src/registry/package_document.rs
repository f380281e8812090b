//! A package document, reduced to the needed fields.

use chrono::{DateTime, Utc};
use url::Url;

use crate::{
    http::Validators,
    model::{
        Aspect, Auth, Digests, Facts, File, Manifest, Observation, Person, Provenance, ReleaseId, ReleaseStatus, Unread,
    },
};

/// A package's document, reduced to what matters.
#[derive(Clone, Debug, PartialEq)]
pub struct PackageDocument {
    /// The document's revision, where the registry has one.
    pub revision: Option<String>,
    /// To make the next request conditional.
    pub validators: Option<Validators>,
    /// The releases that are described, in publish order.
    pub releases: Vec<RegistryRelease>,
    /// Every version that exists, with its status: what is stored and not here was unpublished.
    pub versions: Vec<(String, ReleaseStatus)>,
    /// Releases whose part of the document could not be read, each with the reason. They are recorded as "could not
    /// check", never dropped.
    pub unreadable: Vec<(String, String)>,
    /// Releases that are not `known` and cannot be described because they were removed, each with its publish time, where
    /// the registry remembers them (npm).
    pub withdrawn: Vec<(String, DateTime<Utc>)>,
    /// Versions that exist and have no file, so that there is nothing to install (PyPI).
    pub bare: Vec<String>,
    /// Owners or maintainers now, by account name, sorted.
    pub maintainers: Option<Vec<String>>,
    /// The registry's status word of the whole package if it is not ordinary: `quarantined`, `archived`.
    pub status: Option<String>,
    /// The document is older than what was announced. What it has is so all the same; what it lacks says nothing.
    pub behind: Option<Behind>,
    /// Why the document cannot tell whether it has what was announced: it has no revision, or one that does not move. It is
    /// taken as it is, and looked at again soon.
    pub unconfirmed: Option<String>,
}

/// How far an answer is behind what was announced.
#[derive(Clone, Debug, PartialEq)]
pub struct Behind {
    /// Where it stands.
    pub seen: String,
    /// What was announced: a revision, a serial, a version.
    pub announced: String,
    /// Releases that exist, and of which the registry does not say yet who published them (crates.io, whose index is
    /// ahead of its API). To be taken as they are when waiting has come to its end.
    pub incomplete: Vec<RegistryRelease>,
}

impl PackageDocument {
    /// About how many bytes of memory it takes, rather too many.
    pub fn weight(&self) -> u64 {
        let incomplete = self.behind.iter().flat_map(|behind| &behind.incomplete);
        let releases: usize = self.releases.iter().chain(incomplete).map(RegistryRelease::weight).sum();
        let others = self.versions.len() + self.unreadable.len() + self.withdrawn.len();
        (releases + 96 * others) as u64
    }
}

/// What the registry says of one release. Becomes an [`Observation`] when its provenance is known.
#[derive(Clone, Debug, PartialEq)]
pub struct RegistryRelease {
    /// The release.
    pub id: ReleaseId,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// What the registry says of that where it cannot be, and something else is taken for it. The registries' readers leave
    /// it empty.
    pub claimed_at: Option<DateTime<Utc>>,
    /// Who published it.
    pub publisher: Option<Person>,
    /// How.
    pub auth: Auth,
    /// What it says of itself.
    pub manifest: Option<Manifest>,
    /// Facts that the registry itself tells (account age).
    pub facts: Facts,
    /// Its files; for npm the tarball, for PyPI each distribution, for crates.io the crate.
    pub files: Vec<File>,
    /// Maintainers or owners at that time.
    pub maintainers: Option<Vec<String>>,
    /// Its status.
    pub status: ReleaseStatus,
    /// What there is to verify; empty: the registry has no attestation.
    pub evidence: Vec<AttestationSource>,
    /// The registry's own signatures over the release (npm `dist.signatures`).
    pub signatures: Vec<RegistrySignature>,
    /// What of it could not be read. Without a readable publish time ([`RegistryRelease::is_dated`]) the time is no more
    /// than a place holder.
    pub unread: Unread,
    /// What the registry's answer leaves out, sorted.
    pub untold: Vec<Aspect>,
}

impl RegistryRelease {
    /// About how many bytes of memory it takes.
    fn weight(&self) -> usize {
        let dependencies =
            self.manifest.iter().flat_map(|manifest| [&manifest.dependencies, &manifest.optional_dependencies]);
        let dependencies: usize = dependencies.flatten().map(std::collections::BTreeMap::len).sum();
        let parts = dependencies + self.maintainers.as_ref().map_or(0, Vec::len);
        let described = self.files.len() + self.evidence.len() + self.signatures.len() + self.unread.0.len();
        1024 + 128 * parts + 512 * described
    }
}

impl RegistryRelease {
    /// The observation, once the provenance of the release as a whole is known.
    pub fn observed(self, attestation: Provenance) -> Observation {
        Observation {
            purl: self.id,
            published_at: self.published_at,
            publisher: self.publisher,
            auth: self.auth,
            attestation,
            manifest: self.manifest,
            facts: self.facts,
            files: self.files,
            maintainers: self.maintainers,
            status: self.status,
            unchecked: Vec::new(),
            unread: self.unread,
            untold: Some(self.untold),
        }
    }

    /// Whether the registry says when it was published.
    pub fn is_dated(&self) -> bool {
        self.unread.of(Unread::TIME).is_none() && !self.untold.contains(&Aspect::Time)
    }
}

/// A document that proves something of a file, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationSource {
    /// What kind of document.
    pub kind: EvidenceKind,
    /// Where.
    pub url: Url,
    /// Whose: the subject's name as the statement must have it (npm: the purl; PyPI: the file name).
    pub subject: String,
    /// The digests of the file as the registry serves it.
    pub digests: Digests,
    /// Whether the registry says that there is provenance in it: then a document without any is not the whole one.
    pub names_provenance: bool,
}

/// The kinds of attestation documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceKind {
    /// npm's attestations document.
    NpmAttestations,
    /// PyPI's provenance object (PEP 740).
    PypiProvenance,
}

/// A registry's own signature over a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrySignature {
    /// The key's id, `SHA256:…`.
    pub key_id: String,
    /// The signature, base64.
    pub signature: String,
    /// What is signed: `name@version:integrity`.
    pub message: String,
}

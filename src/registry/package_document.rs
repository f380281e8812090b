//! A package document, reduced to the needed fields.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use url::Url;

use crate::{
    http::Validators,
    model::{
        Aspect, Auth, Digests, EvidenceKind, Facts, File, Manifest, Observation, Person, Provenance, ReleaseId,
        ReleaseStatus, Unread,
    },
};

/// A package's document, reduced to the needed fields.
#[derive(Clone, Debug, PartialEq)]
pub struct PackageDocument {
    /// The document's revision, where the registry has one.
    pub revision: Option<String>,
    /// Validators that make the next request conditional.
    pub validators: Option<Validators>,
    /// The releases that are described, in publish order.
    pub releases: Vec<RegistryRelease>,
    /// Every version that exists, with its status: a stored version that is missing here was unpublished.
    pub versions: Vec<(String, ReleaseStatus)>,
    /// Releases whose part of the document could not be read, each with the reason. They are recorded as "could not
    /// check", never dropped.
    pub unreadable: Vec<(String, String)>,
    /// Releases that are not `known` and cannot be described because they were removed, each with its publish time, if
    /// the registry remembers them (npm).
    pub withdrawn: Vec<(String, DateTime<Utc>)>,
    /// Versions that exist but have no file, so that there is nothing to install (PyPI).
    pub bare: Vec<String>,
    /// Current owners or maintainers, by account name, sorted.
    pub maintainers: Option<Vec<String>>,
    /// The names that the registry lets publishers give to versions, each with its version (npm's dist-tags). `None`:
    /// the registry has none, or the document may be older than the last one.
    pub dist_tags: Option<BTreeMap<String, String>>,
    /// The registry's status word of the whole package if it is not ordinary: `quarantined`, `archived`.
    pub status: Option<String>,
    /// The document is older than the announced one. Its content is valid all the same; a missing part proves nothing.
    pub behind: Option<Behind>,
    /// The reason why the document cannot be compared with the announced one: it has no revision, or one that does not
    /// change. It is used unchanged, and requested again soon.
    pub unconfirmed: Option<String>,
}

/// The difference between an answer and the announced one.
#[derive(Clone, Debug, PartialEq)]
pub struct Behind {
    /// The mark of the answer.
    pub seen: String,
    /// The announced mark: a revision, a serial, a version.
    pub announced: String,
    /// Releases that exist without a publisher in the registry's answer so far (crates.io, whose index is ahead of its
    /// API). They are used unchanged when the waiting time is over.
    pub incomplete: Vec<RegistryRelease>,
}

impl PackageDocument {
    /// Its approximate size in memory in bytes, rather too large.
    pub fn weight(&self) -> u64 {
        let incomplete = self.behind.iter().flat_map(|behind| &behind.incomplete);
        let releases: usize = self.releases.iter().chain(incomplete).map(RegistryRelease::weight).sum();
        let others = self.versions.len()
            + self.unreadable.len()
            + self.withdrawn.len()
            + self.dist_tags.as_ref().map_or(0, BTreeMap::len);
        (releases + 96 * others) as u64
    }
}

/// The registry's description of one release. It becomes an [`Observation`] when its provenance is known.
#[derive(Clone, Debug, PartialEq)]
pub struct RegistryRelease {
    /// The release.
    pub id: ReleaseId,
    /// Its publish time.
    pub published_at: DateTime<Utc>,
    /// The registry's publish time if that is impossible and another time is used instead. The registries' readers
    /// leave it empty.
    pub claimed_at: Option<DateTime<Utc>>,
    /// The publisher.
    pub publisher: Option<Person>,
    /// The publishing method.
    pub auth: Auth,
    /// Its manifest.
    pub manifest: Option<Manifest>,
    /// Facts from the registry itself (account age).
    pub facts: Facts,
    /// Its files; for npm the tarball, for PyPI each distribution, for crates.io the crate.
    pub files: Vec<File>,
    /// Maintainers or owners at that time.
    pub maintainers: Option<Vec<String>>,
    /// Those of them whose e-mail address the registry shows. provwatch asks about the addresses' domains, and stores none.
    pub addresses: Vec<Person>,
    /// Its status.
    pub status: ReleaseStatus,
    /// The attestations to verify; empty: the registry has none.
    pub evidence: Vec<AttestationSource>,
    /// The registry's own signatures over the release (npm `dist.signatures`).
    pub signatures: Vec<RegistrySignature>,
    /// The unreadable parts. Without a readable publish time ([`RegistryRelease::is_dated`]) the time is only a
    /// placeholder.
    pub unread: Unread,
    /// The aspects that the registry's answer leaves out, sorted.
    pub untold: Vec<Aspect>,
}

impl RegistryRelease {
    /// Its approximate size in memory in bytes.
    fn weight(&self) -> usize {
        let dependencies =
            self.manifest.iter().flat_map(|manifest| [&manifest.dependencies, &manifest.optional_dependencies]);
        let dependencies: usize = dependencies.flatten().map(BTreeMap::len).sum();
        let parts = dependencies + self.maintainers.as_ref().map_or(0, Vec::len) + self.addresses.len();
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

    /// Whether the registry gives its publish time.
    pub fn is_dated(&self) -> bool {
        self.unread.of(Unread::TIME).is_none() && !self.untold.contains(&Aspect::Time)
    }
}

/// The source of an attestation of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationSource {
    /// The kind of document.
    pub kind: EvidenceKind,
    /// Its URL.
    pub url: Url,
    /// Its subject: the name that the statement must have (npm: the purl; PyPI: the file name).
    pub subject: String,
    /// The digests of the file as the registry serves it.
    pub digests: Digests,
    /// Whether the registry announces provenance in it: then a document without provenance is incomplete.
    pub names_provenance: bool,
}

/// A registry's own signature over a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrySignature {
    /// The key's id, `SHA256:…`.
    pub key_id: String,
    /// The signature, base64.
    pub signature: String,
    /// The signed message: `name@version:integrity`.
    pub message: String,
}

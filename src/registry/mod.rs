//! What the registries say: [`Feed`]s (what changed) and [`Registry`]s (what is known of a package's releases).
//!
//! Nothing here is verified; a registry's documents become observations only after `attest` has looked at the evidence
//! that they name.

mod cargo;
mod document;
mod endpoint;
mod exchange;
mod field;
mod known;
mod npm;
mod private;
mod pypi;
mod xml;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use url::Url;

pub use cargo::{CargoFeed, CargoRegistry};
pub use known::Known;
pub use npm::{NpmFeed, NpmRegistry};
pub use private::{PrivateRegistry, not_found};
pub use pypi::{PypiFeed, PypiRegistry};

use crate::{
    http::{Client, HttpError, Validators},
    model::{
        Aspect, Auth, Digests, Ecosystem, Facts, File, Manifest, Observation, Package, Person, Provenance, ReleaseId,
        ReleaseStatus, Unread,
    },
};

/// A feed of changes with a cursor.
pub trait Feed: Send + Sync + std::fmt::Debug {
    /// The name under which its cursor is stored and that people see: `npm-changes`, `pypi-changelog`, `crates-updates`.
    fn name(&self) -> &'static str;

    /// The ecosystem whose packages it names.
    fn ecosystem(&self) -> Ecosystem;

    /// Whether something is published there all the time, so that a feed without events is one that hides them.
    fn is_busy(&self) -> bool {
        false
    }

    /// Reads the page after `cursor`; without one, learns where the feed stands now and returns no events.
    fn poll<'a>(&'a self, http: &'a Client, cursor: Option<&'a Cursor>) -> BoxFuture<'a, Result<Page, RegistryError>>;
}

/// A place in a feed; what it holds is the feed's own matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// One page of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// What changed, in feed order.
    pub events: Vec<Event>,
    /// Where the feed stands after this page.
    pub cursor: Cursor,
    /// Whether the next page can be read at once.
    pub more: bool,
    /// The feed lost its place: what happened in between must be found by comparing documents.
    pub gap: Option<Gap>,
    /// Why nothing cannot be all that there is, one sentence for people: the feed says that it stands further. For a moment
    /// that is nothing odd.
    pub withheld: Option<String>,
}

/// A feed lost its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What happened, one sentence for people: "the sequence went back from 90 to 12".
    pub why: String,
}

/// One change that a feed announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The package.
    pub package: Package,
    /// What changed.
    pub change: Change,
    /// The feed's own unique key for the event (sequence and revision, serial, version): replaying a page adds nothing.
    pub key: String,
    /// When, if the feed says.
    pub at: Option<DateTime<Utc>>,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Change {
    /// The package's document changed; npm says with which revision.
    Document {
        /// The document's revision to wait for.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        revision: Option<String>,
    },
    /// A version was released; where the registry has files, it may have none yet.
    Release {
        /// The version.
        version: String,
    },
    /// A version got a file.
    File {
        /// The version.
        version: String,
    },
    /// The package was removed.
    Removed,
    /// Something about who may publish, or about the state of a release: role added, yank, quarantine.
    Governance {
        /// The version it concerns, if one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        version: Option<String>,
        /// The registry's own words: "add Owner mallory".
        action: String,
    },
}

/// Reads what a registry knows of a package.
pub trait Registry: Send + Sync + std::fmt::Debug {
    /// The ecosystem.
    fn ecosystem(&self) -> Ecosystem;

    /// Reads the package's document. Releases in `known` need not be described again unless the document does so at no
    /// further cost, or states other digests than those that are stored. `revision` is what a feed announced; an older
    /// document says so in [`PackageDocument::behind`].
    fn package<'a>(
        &'a self,
        http: &'a Client,
        package: &'a Package,
        question: Question<'a>,
    ) -> BoxFuture<'a, Result<PackageState, RegistryError>>;

    /// Fetches the document that a piece of evidence points to. `None`: the registry says that there is none.
    fn evidence<'a>(
        &'a self,
        http: &'a Client,
        evidence: &'a Evidence,
    ) -> BoxFuture<'a, Result<Option<bytes::Bytes>, RegistryError>>;

    /// A page for people about a release.
    fn page(&self, release: &ReleaseId) -> Url;
}

/// What to ask of a package's document.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Versions already stored.
    pub known: &'a Known,
    /// Validators of the document that was last stored whole.
    pub validators: Option<&'a Validators>,
    /// The revision that a feed announced.
    pub revision: Option<&'a str>,
}

/// What the registry answers about a package.
#[derive(Clone, Debug, PartialEq)]
pub enum PackageState {
    /// Nothing changed since the validators.
    NotModified,
    /// The package does not exist (any more).
    Gone,
    /// Its releases.
    Current(Box<PackageDocument>),
}

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
    pub evidence: Vec<Evidence>,
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
pub struct Evidence {
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

/// Why a registry could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The exchange failed.
    #[error("asking {registry}")]
    Http {
        /// Which one, by its title.
        registry: Cow<'static, str>,
        /// The failure.
        #[source]
        source: Box<HttpError>,
    },
    /// The answer is not what the registry documents.
    #[error("reading {what} of {registry}: {why}")]
    Document {
        /// Which one, by its title.
        registry: Cow<'static, str>,
        /// What was read: "the package document of axios".
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// The document is older than what the feed announced; ask again soon.
    #[error("the package document of {package} is still at revision {seen}, the feed announced {announced}")]
    Stale {
        /// The package.
        package: Package,
        /// Its revision.
        seen: String,
        /// The one announced.
        announced: String,
    },
}

/// Whether two texts name the same version, as the ecosystem writes versions.
pub fn same_version(ecosystem: Ecosystem, one: &str, other: &str) -> bool {
    one == other || (ecosystem == Ecosystem::Pypi && pypi::same_version(one, other))
}

/// A package that a feed announced and the registry does not know is new, and has not reached its caches yet.
fn missing(package: &Package, announced: Option<&str>) -> Result<PackageState, RegistryError> {
    match announced {
        None => Ok(PackageState::Gone),
        Some(announced) => Err(RegistryError::Stale {
            package: package.clone(),
            seen: "none (not found)".to_owned(),
            announced: announced.to_owned(),
        }),
    }
}

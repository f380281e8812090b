//! Describes projects of PyPI or of another Python index.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures::future::BoxFuture;
use url::Url;

use super::{
    project::Details,
    simple::{self, Distribution, Part, Project},
};
use crate::{
    http::{Client, Fetched, Request, Response},
    model::{Aspect, Auth, AuthMethod, Ecosystem, EvidenceKind, Facts, Package, ReleaseId, ReleaseStatus, Unread},
    registry::{
        AttestationSource, Behind, Known, PackageDocument, PackageState, Question, Registry, RegistryError,
        RegistryRelease,
        document::document_error,
        endpoint::endpoint,
        exchange::{ask, found, fresh, refuse_page},
        reader::missing,
    },
    text::with_causes,
};

/// The media type of a provenance object (PEP 740).
const PROVENANCE_TYPE: &str = "application/vnd.pypi.integrity.v1+json";

/// Most releases whose own JSON document is requested at once.
const MAX_MANIFESTS: usize = 10;

/// PyPI's status word of a project that is locked during an investigation; its files are not listed then.
const QUARANTINED: &str = "quarantined";

/// The likely nature of a web page in the place of a simple index.
const NOT_AN_INDEX: &str = "this is a login, a proxy's notice, or an index without a JSON form (PEP 691), which provwatch \
                            needs; name an index that has one";

/// The reader of PyPI, or of another index.
#[derive(Clone, Debug)]
pub struct PypiRegistry {
    simple: Url,
    /// The base of PyPI's documents besides its simple index.
    site: Option<Url>,
    max_document: u64,
}

impl PypiRegistry {
    /// PyPI, or a complete mirror of it, at `base`. Documents of a project may have `max_document` bytes.
    pub fn new(base: Url, max_document: u64) -> Self {
        Self { simple: endpoint(&base, &["simple"]), site: Some(base), max_document }
    }

    /// Another index, by the URL that pip takes: only its projects and files are known.
    pub fn index(simple: Url, max_document: u64) -> Self {
        Self { simple, site: None, max_document }
    }

    async fn state(
        &self,
        http: &Client,
        package: &Package,
        question: Question<'_>,
    ) -> Result<PackageState, RegistryError> {
        let response = match found(Ecosystem::PYPI, http, self.simple_request(package, question)).await? {
            Some(Fetched::Fresh(response)) => response,
            Some(Fetched::NotModified) => return Ok(PackageState::NotModified),
            None => return missing(package, question.revision),
        };
        let what = format!("the simple index of {package}");
        refuse_page(Ecosystem::PYPI, &what, &response, NOT_AN_INDEX)?;
        let project =
            Project::read(&response.body, package).map_err(|why| document_error(Ecosystem::PYPI, &what, why))?;
        let serial = serial(&response, &project);
        let behind = question.revision.and_then(|announced| behind(announced, serial, &project));
        let unconfirmed = question.revision.and_then(|announced| unconfirmed(announced, serial));
        let mut document = self.document(package, project, question.known);
        document.behind = behind;
        document.unconfirmed = unconfirmed;
        document.revision = serial.map(|serial| serial.to_string());
        document.validators = response.validators();
        // It may be large, and must be freed before the next request.
        drop(response);
        self.add_details(&http.beside_document(), package, question.known, &mut document).await;
        Ok(PackageState::Current(Box::new(document)))
    }

    /// Conditional, unless a feed announced a change: then "not modified" could only come from an outdated cache.
    fn simple_request(&self, package: &Package, question: Question<'_>) -> Request {
        let validators = question.validators.filter(|_| question.revision.is_none()).cloned();
        Request::get(endpoint(&self.simple, &[package.name(), ""]))
            .accept(simple::MEDIA_TYPE)
            .max_body(self.max_document)
            .unless(validators)
    }

    fn document(&self, package: &Package, project: Project, known: &Known) -> PackageDocument {
        let quarantined = project.status == QUARANTINED;
        let mut document = PackageDocument {
            revision: None,
            validators: None,
            releases: Vec::new(),
            versions: Vec::new(),
            unreadable: project.unreadable.into_iter().collect(),
            withdrawn: Vec::new(),
            bare: Vec::new(),
            maintainers: None,
            dist_tags: None,
            status: Some(project.status).filter(|status| status != "active"),
            behind: None,
            unconfirmed: None,
        };
        let mut listed = project.versions;
        if quarantined {
            // The files are only hidden, not gone.
            let shown: BTreeSet<_> = listed.iter().cloned().collect();
            listed.extend(known.versions().filter(|version| !shown.contains(*version)).cloned());
        } else {
            // A release without files has nothing to install, which is normal. If it had some, they were withdrawn.
            listed.retain(|version| !project.empty.contains(version));
            document.bare = project.empty;
        }
        let mut releases = project.releases;
        for version in listed {
            let files = releases.remove(&version).unwrap_or_default();
            let status = if quarantined { ReleaseStatus::Quarantined } else { status(&files) };
            document.versions.push((version.clone(), status));
            if !files.is_empty() {
                document.releases.push(self.release(package.at(version), status, files));
            }
        }
        document.releases.sort_by_cached_key(|release| release.published_at);
        document
    }

    /// The release of these files.
    fn release(&self, id: ReleaseId, status: ReleaseStatus, files: Vec<Distribution>) -> RegistryRelease {
        let published_at = files.iter().filter_map(|distribution| distribution.file.uploaded_at).min();
        let attested = files.iter().filter(|distribution| distribution.has_provenance == Some(true));
        let evidence: Vec<_> = attested.filter_map(|distribution| self.provenance(&id, distribution)).collect();
        // Attestations are accepted from trusted publishers only; many of these upload none, so their absence does not
        // reveal the method.
        let method = if evidence.is_empty() { AuthMethod::Unknown } else { AuthMethod::TrustedPublisher };
        RegistryRelease {
            id,
            published_at: published_at.unwrap_or_default(),
            claimed_at: None,
            publisher: None,
            auth: Auth { method, ..Auth::default() },
            manifest: None,
            facts: Facts::default(),
            unread: unread(&files, published_at.is_some()),
            untold: untold(&files, published_at.is_some(), self.site.is_some()),
            files: files.into_iter().map(|distribution| distribution.file).collect(),
            maintainers: None,
            addresses: Vec::new(),
            status,
            evidence,
            signatures: Vec::new(),
        }
    }

    /// The place of a file's provenance. For another index it is unknown: a document's URL is never followed.
    fn provenance(&self, id: &ReleaseId, Distribution { file, .. }: &Distribution) -> Option<AttestationSource> {
        let path = ["integrity", id.package().name(), id.version(), &file.name, "provenance"];
        Some(AttestationSource {
            kind: EvidenceKind::PypiProvenance,
            url: endpoint(self.site.as_ref()?, &path),
            subject: file.name.clone(),
            digests: file.digests.clone(),
            names_provenance: true,
        })
    }

    /// Owners and manifests, if there is a new release. The owners are current, so they are the newest release's. An
    /// unavailable fact is unknown, with the reason.
    async fn add_details(&self, http: &Client, package: &Package, known: &Known, document: &mut PackageDocument) {
        let is_new = |release: &RegistryRelease| !known.contains(release.id.version());
        if !document.releases.iter().any(is_new) {
            return;
        }
        let Some(site) = &self.site else {
            for release in document.releases.iter_mut().filter(|release| is_new(release)) {
                tell_not(release, Aspect::Manifest);
                tell_not(release, Aspect::Owners);
            }
            return;
        };
        let details = self.details(http, site, package, None).await;
        if let Ok(details) = &details {
            document.maintainers.clone_from(&details.people);
        }
        if let Some(newest) = document.releases.last_mut().filter(|newest| is_new(newest)) {
            add_owners(newest, &details);
        }
        let latest = |release: &&mut RegistryRelease| Some(release.id.version()) == version_of(&details);
        if let (Some(release), Ok(details)) = (document.releases.iter_mut().find(latest), &details) {
            add_manifest(release, details);
        }
        // The manifests of past releases are not requested: thousands of requests would reveal little.
        if known.is_empty() {
            return;
        }
        let bare = document.releases.iter_mut().filter(|release| is_new(release) && release.manifest.is_none());
        for (place, release) in bare.rev().enumerate() {
            self.add_own_manifest(http, site, package, release, place).await;
        }
    }

    /// The manifest of a release that is not the latest.
    async fn add_own_manifest(
        &self,
        http: &Client,
        site: &Url,
        package: &Package,
        release: &mut RegistryRelease,
        place: usize,
    ) {
        if place >= MAX_MANIFESTS {
            let why = format!("more than {MAX_MANIFESTS} releases are new; its manifest was not asked for");
            return release.unread.because(Unread::MANIFEST, why);
        }
        match self.details(http, site, package, Some(release.id.version())).await {
            Ok(details) if details.version.as_deref() == Some(release.id.version()) => add_manifest(release, &details),
            Ok(_) => {
                release.unread.because(Unread::MANIFEST, "its JSON document does not say that it is of this version");
            }
            Err(error) if is_missing(&error) => tell_not(release, Aspect::Manifest),
            Err(error) => release.unread.because(Unread::MANIFEST, with_causes(&error)),
        }
    }

    async fn details(
        &self,
        http: &Client,
        site: &Url,
        package: &Package,
        version: Option<&str>,
    ) -> Result<Details, RegistryError> {
        let path: Vec<&str> = ["pypi", package.name()].into_iter().chain(version).chain(["json"]).collect();
        let request = Request::get(endpoint(site, &path)).accept("application/json").max_body(self.max_document);
        let what = format!("the JSON document of {package}");
        let response = ask(Ecosystem::PYPI, http, request, &what).await?;
        Details::read(&response.body, package).map_err(|why| document_error(Ecosystem::PYPI, &what, why))
    }
}

fn version_of(details: &Result<Details, RegistryError>) -> Option<&str> {
    details.as_ref().ok()?.version.as_deref()
}

fn add_owners(newest: &mut RegistryRelease, details: &Result<Details, RegistryError>) {
    match details {
        Ok(details) => {
            newest.maintainers.clone_from(&details.people);
            if let Some(why) = details.unread.of(Unread::MAINTAINERS) {
                newest.unread.because(Unread::MAINTAINERS, why);
            } else if details.people.is_none() {
                tell_not(newest, Aspect::Owners);
            }
        }
        Err(error) if is_missing(error) => {
            tell_not(newest, Aspect::Owners);
            tell_not(newest, Aspect::Manifest);
        }
        Err(error) => {
            newest.unread.because(Unread::MAINTAINERS, with_causes(error));
            newest.unread.because(Unread::MANIFEST, with_causes(error));
        }
    }
}

fn add_manifest(release: &mut RegistryRelease, details: &Details) {
    release.manifest = Some(details.manifest.clone());
    for (place, why) in details.unread.claims() {
        release.unread.because(place, why);
    }
}

fn tell_not(release: &mut RegistryRelease, aspect: Aspect) {
    if !release.untold.contains(&aspect) {
        release.untold.push(aspect);
        release.untold.sort_unstable();
    }
}

fn is_missing(error: &RegistryError) -> bool {
    matches!(error, RegistryError::Http { source, .. } if source.is_not_found())
}

/// The unreadable parts of a release's files.
fn unread(files: &[Distribution], is_dated: bool) -> Unread {
    let mut unread = Unread::default();
    for (part, why) in files.iter().flat_map(|file| &file.unread) {
        let place = match part {
            Part::Version => Unread::FILE_VERSION,
            Part::Digest => Unread::FILES,
            Part::Time if is_dated => Unread::UPLOADED,
            Part::Time => Unread::TIME,
            Part::Yanked => Unread::YANKED,
            Part::Provenance => Unread::ATTESTATION,
        };
        unread.because(place, why.as_str());
    }
    unread
}

/// PyPI names no account in any document that a program may read, and signs nothing itself.
fn untold(files: &[Distribution], is_dated: bool, tells_attestations: bool) -> Vec<Aspect> {
    let mut untold = vec![Aspect::Account, Aspect::Signature];
    let is_untold = !tells_attestations || files.iter().any(|file| file.has_provenance.is_none());
    untold.extend(is_untold.then_some(Aspect::Attestation));
    let is_odd = || files.iter().flat_map(|file| &file.unread).any(|(part, _)| *part == Part::Time);
    untold.extend((!is_dated && !is_odd()).then_some(Aspect::Time));
    untold.sort_unstable();
    untold
}

impl Registry for PypiRegistry {
    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::PYPI
    }

    fn package<'a>(
        &'a self,
        http: &'a Client,
        package: &'a Package,
        question: Question<'a>,
    ) -> BoxFuture<'a, Result<PackageState, RegistryError>> {
        Box::pin(self.state(http, package, question))
    }

    fn evidence<'a>(
        &'a self,
        http: &'a Client,
        evidence: &'a AttestationSource,
    ) -> BoxFuture<'a, Result<Option<Bytes>, RegistryError>> {
        let request = Request::get(evidence.url.clone()).accept(PROVENANCE_TYPE);
        Box::pin(async move {
            let Some(fetched) = found(Ecosystem::PYPI, http, request).await? else { return Ok(None) };
            let what = format!("the provenance of {}", evidence.subject);
            fresh(Ecosystem::PYPI, &what, fetched).map(|response| Some(response.body))
        })
    }

    fn page(&self, release: &ReleaseId) -> Url {
        let name = release.package().name();
        match &self.site {
            Some(site) => endpoint(site, &["project", name, release.version(), ""]),
            None => endpoint(&self.simple, &[name, ""]),
        }
    }
}

/// A release is yanked file by file; the whole is yanked if every file is.
fn status(files: &[Distribution]) -> ReleaseStatus {
    let all_yanked = !files.is_empty() && files.iter().all(|distribution| distribution.file.yanked);
    if all_yanked { ReleaseStatus::Yanked } else { ReleaseStatus::Published }
}

/// The serial of the last change in the document.
fn serial(response: &Response, project: &Project) -> Option<u64> {
    let stated = response.header("x-pypi-last-serial").and_then(|serial| serial.trim().parse().ok());
    // Other indexes write 0 for "none".
    stated.or(project.serial).filter(|serial| *serial > 0)
}

/// The reason why the document cannot be compared with the announced serial.
fn unconfirmed(announced: &str, serial: Option<u64>) -> Option<String> {
    let is_serial = announced.parse::<u64>().is_ok();
    (is_serial && serial.is_none()).then(|| "the simple index names no serial of its last change".to_owned())
}

/// How far the document is behind the announced change: by a serial of the changelog, else by a version.
fn behind(announced: &str, serial: Option<u64>, project: &Project) -> Option<Behind> {
    let is_older = match (announced.parse::<u64>(), serial) {
        (Ok(announced), Some(seen)) => seen < announced,
        (Ok(_), None) => false,
        (Err(_), _) => !project.versions.iter().any(|version| version == announced),
    };
    let seen = serial.map_or_else(|| "unknown".to_owned(), |serial| serial.to_string());
    is_older.then(|| Behind { seen, announced: announced.to_owned(), incomplete: Vec::new() })
}

#[cfg(test)]
mod tests;

//! PyPI: the changelog, the simple index, the project's JSON document, and provenance objects.

mod feed;
mod filename;
mod project;
mod simple;
#[cfg(test)]
mod tests;
mod xmlrpc;

use std::collections::BTreeSet;

use bytes::Bytes;
use futures::future::BoxFuture;
use url::Url;

pub use feed::PypiFeed;

use self::{
    project::Details,
    simple::{Distribution, Project},
};
use super::{
    Evidence, EvidenceKind, PackageDocument, PackageState, Question, Registry, RegistryError, RegistryRelease,
    endpoint::endpoint,
    exchange::{ask, document_error, found, fresh},
    missing,
};
use crate::{
    http::{Client, Fetched, Request, Response},
    model::{Auth, AuthMethod, Ecosystem, Facts, Package, ReleaseId, ReleaseStatus},
};

/// The media type of a provenance object (PEP 740).
const PROVENANCE_TYPE: &str = "application/vnd.pypi.integrity.v1+json";

/// PyPI's status word of a project that is locked during an investigation; its files are not listed then.
const QUARANTINED: &str = "quarantined";

/// What PyPI knows of projects.
#[derive(Clone, Debug)]
pub struct PypiRegistry {
    base: Url,
    max_document: u64,
}

impl PypiRegistry {
    /// The registry at `base`. Documents of a project may have `max_document` bytes.
    pub fn new(base: Url, max_document: u64) -> Self {
        Self { base, max_document }
    }

    async fn state(
        &self,
        http: &Client,
        package: &Package,
        question: Question<'_>,
    ) -> Result<PackageState, RegistryError> {
        let response = match found(Ecosystem::Pypi, http, self.simple_request(package, question)).await? {
            Some(Fetched::Fresh(response)) => response,
            Some(Fetched::NotModified) => return Ok(PackageState::NotModified),
            None => return missing(package, question.revision),
        };
        let project = Project::read(&response.body, package)
            .map_err(|why| document_error(Ecosystem::Pypi, &format!("the simple index of {package}"), why))?;
        let serial = serial(&response, &project);
        if let Some(stale) = question.revision.and_then(|announced| stale(package, announced, serial, &project)) {
            return Err(stale);
        }
        let mut document = self.document(package, project, question.known);
        document.revision = serial.map(|serial| serial.to_string());
        document.validators = response.validators();
        // It may be large, and must be gone before anything else is asked for.
        drop(response);
        self.add_details(&http.beside_document(), package, question.known, &mut document).await;
        Ok(PackageState::Current(Box::new(document)))
    }

    /// Conditional, unless a feed announced a change: then "not modified" could only come from an outdated cache.
    fn simple_request(&self, package: &Package, question: Question<'_>) -> Request {
        let validators = question.validators.filter(|_| question.revision.is_none()).cloned();
        Request::get(endpoint(&self.base, &["simple", package.name(), ""]))
            .accept(simple::MEDIA_TYPE)
            .max_body(self.max_document)
            .unless(validators)
    }

    fn document(&self, package: &Package, project: Project, known: &BTreeSet<String>) -> PackageDocument {
        let quarantined = project.status == QUARANTINED;
        let mut document = PackageDocument {
            revision: None,
            validators: None,
            releases: Vec::new(),
            versions: Vec::new(),
            unreadable: project.unreadable.into_iter().collect(),
            withdrawn: Vec::new(),
            maintainers: None,
            status: Some(project.status).filter(|status| status != "active"),
        };
        let mut listed = project.versions;
        if quarantined {
            // The files are only hidden, not gone.
            let shown: BTreeSet<_> = listed.iter().cloned().collect();
            listed.extend(known.difference(&shown).cloned());
        }
        let mut releases = project.releases;
        for version in listed {
            let files = releases.remove(&version).unwrap_or_default();
            let status = if quarantined { ReleaseStatus::Quarantined } else { status(&files) };
            document.versions.push((version.clone(), status));
            match self.release(package.at(version.as_str()), status, files) {
                Some(Ok(release)) => document.releases.push(release),
                Some(Err(why)) => document.unreadable.push((version, why)),
                None => {}
            }
        }
        document.releases.sort_by_key(|release| release.published_at);
        document
    }

    /// The release that these files make up; none without files.
    fn release(
        &self,
        id: ReleaseId,
        status: ReleaseStatus,
        files: Vec<Distribution>,
    ) -> Option<Result<RegistryRelease, String>> {
        files.first()?;
        let Some(published_at) = files.iter().filter_map(|distribution| distribution.file.uploaded_at).min() else {
            return Some(Err("the registry does not say when its files were uploaded".to_owned()));
        };
        let attested = files.iter().filter(|distribution| distribution.has_provenance);
        let evidence: Vec<_> = attested.map(|distribution| self.provenance(&id, distribution)).collect();
        // Attestations are accepted from trusted publishers only; many of these upload none, so their absence says
        // nothing of the method.
        let method = if evidence.is_empty() { AuthMethod::Unknown } else { AuthMethod::TrustedPublisher };
        Some(Ok(RegistryRelease {
            id,
            published_at,
            claimed_at: None,
            publisher: None,
            auth: Auth { method, ..Auth::default() },
            manifest: None,
            facts: Facts::default(),
            files: files.into_iter().map(|distribution| distribution.file).collect(),
            maintainers: None,
            status,
            evidence,
            signatures: Vec::new(),
        }))
    }

    fn provenance(&self, id: &ReleaseId, Distribution { file, .. }: &Distribution) -> Evidence {
        let path = ["integrity", id.package().name(), id.version(), &file.name, "provenance"];
        Evidence {
            kind: EvidenceKind::PypiProvenance,
            url: endpoint(&self.base, &path),
            subject: file.name.clone(),
            digests: file.digests.clone(),
        }
    }

    /// Owners and the latest version's manifest, if there is a new release. They are known now, so they are the newest
    /// release's; if they cannot be had, they are not known.
    async fn add_details(
        &self,
        http: &Client,
        package: &Package,
        known: &BTreeSet<String>,
        document: &mut PackageDocument,
    ) {
        if !document.releases.iter().any(|release| !known.contains(release.id.version())) {
            return;
        }
        let details = match self.details(http, package).await {
            Ok(details) => details,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(%package, error, "owners and manifest are not known");
                return;
            }
        };
        document.maintainers.clone_from(&details.people);
        if let Some(newest) = document.releases.last_mut()
            && !known.contains(newest.id.version())
        {
            newest.maintainers = details.people;
        }
        let latest = |release: &&mut RegistryRelease| Some(release.id.version()) == details.version.as_deref();
        if let Some(release) = document.releases.iter_mut().find(latest) {
            release.manifest = Some(details.manifest);
        }
    }

    async fn details(&self, http: &Client, package: &Package) -> Result<Details, RegistryError> {
        let url = endpoint(&self.base, &["pypi", package.name(), "json"]);
        let request = Request::get(url).accept("application/json").max_body(self.max_document);
        let what = format!("the JSON document of {package}");
        let response = ask(Ecosystem::Pypi, http, request, &what).await?;
        Details::read(&response.body, package).map_err(|why| document_error(Ecosystem::Pypi, &what, why))
    }
}

impl Registry for PypiRegistry {
    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::Pypi
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
        evidence: &'a Evidence,
    ) -> BoxFuture<'a, Result<Option<Bytes>, RegistryError>> {
        let request = Request::get(evidence.url.clone()).accept(PROVENANCE_TYPE);
        Box::pin(async move {
            let Some(fetched) = found(Ecosystem::Pypi, http, request).await? else { return Ok(None) };
            let what = format!("the provenance of {}", evidence.subject);
            fresh(Ecosystem::Pypi, &what, fetched).map(|response| Some(response.body))
        })
    }

    fn page(&self, release: &ReleaseId) -> Url {
        endpoint(&self.base, &["project", release.package().name(), release.version(), ""])
    }
}

/// A release is yanked file by file; it is as a whole if every file is.
fn status(files: &[Distribution]) -> ReleaseStatus {
    let all_yanked = !files.is_empty() && files.iter().all(|distribution| distribution.file.yanked);
    if all_yanked { ReleaseStatus::Yanked } else { ReleaseStatus::Published }
}

/// The serial of the last change that the document knows.
fn serial(response: &Response, project: &Project) -> Option<u64> {
    response.header("x-pypi-last-serial").and_then(|serial| serial.trim().parse().ok()).or(project.serial)
}

/// The error if the document is older than what was announced: by the changelog a serial, else a version.
fn stale(package: &Package, announced: &str, serial: Option<u64>, project: &Project) -> Option<RegistryError> {
    let is_older = match (announced.parse::<u64>(), serial) {
        (Ok(announced), Some(seen)) => seen < announced,
        (Ok(_), None) => false,
        (Err(_), _) => !project.versions.iter().any(|version| version == announced),
    };
    let seen = serial.map_or_else(|| "unknown".to_owned(), |serial| serial.to_string());
    is_older.then(|| RegistryError::Stale { package: package.clone(), seen, announced: announced.to_owned() })
}

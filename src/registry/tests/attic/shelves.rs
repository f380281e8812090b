//! `boxes/<name>`: the editions of a box, `[{"edition": "e9", "at": "…", "by": "ada", "method": "token", "sha256": "…"}]`.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use serde::Deserialize;
use url::Url;

use crate::{
    http::{Client, Fetched, Request},
    model::{
        Auth, AuthMethod, Digests, Ecosystem, Facts, File, Package, Person, ReleaseId, ReleaseStatus, Unread,
        ecosystem_tests::attic::ATTIC,
    },
    registry::{
        AttestationSource, Behind, Listing, PackageDocument, PackageState, Question, Registry, RegistryError,
        RegistryRelease, document, endpoint::endpoint, exchange::found, reader::missing,
    },
};

#[derive(Debug)]
pub(super) struct Shelves {
    base: Url,
    max_document: u64,
}

#[derive(Deserialize)]
struct Shelved {
    edition: String,
    at: DateTime<Utc>,
    by: String,
    method: AuthMethod,
    sha256: String,
}

impl Shelves {
    pub(super) fn of(base: Url, max_document: u64) -> Self {
        Self { base, max_document }
    }

    async fn state(
        &self,
        http: &Client,
        package: &Package,
        question: Question<'_>,
    ) -> Result<PackageState, RegistryError> {
        let url = endpoint(&self.base, &["boxes", package.name()]);
        let request = Request::get(url).max_body(self.max_document);
        let Some(Fetched::Fresh(response)) = found(ATTIC, http, request).await? else {
            return missing(package, question.revision);
        };
        let shelved: Vec<Shelved> = document::read(ATTIC, &format!("the box {}", package.name()), &response.body)?;
        let releases: Vec<_> = shelved.into_iter().map(|one| release(package, one)).collect();
        let behind = question.revision.filter(|awaited| releases.iter().all(|one| one.id.version() != *awaited));
        let behind = behind.map(|awaited| Behind {
            seen: releases.len().to_string(),
            announced: awaited.to_owned(),
            incomplete: Vec::new(),
        });
        Ok(PackageState::Current(Box::new(PackageDocument {
            revision: None,
            validators: None,
            versions: releases.iter().map(|one| (one.id.version().to_owned(), one.status)).collect(),
            releases,
            unreadable: Vec::new(),
            withdrawn: Vec::new(),
            bare: Vec::new(),
            maintainers: None,
            dist_tags: None,
            status: None,
            behind,
            unconfirmed: None,
        })))
    }
}

fn release(package: &Package, shelved: Shelved) -> RegistryRelease {
    let Shelved { edition, at, by, method, sha256 } = shelved;
    let digests = Digests { sha256: Some(sha256), ..Digests::default() };
    RegistryRelease {
        id: package.at(edition.as_str()),
        published_at: at,
        claimed_at: None,
        publisher: Some(Person { name: by, email: None }),
        auth: Auth { method, ..Auth::default() },
        manifest: None,
        facts: Facts::default(),
        files: vec![File {
            name: format!("{edition}.box"),
            digests,
            uploaded_at: None,
            yanked: false,
            attestation: None,
        }],
        maintainers: None,
        addresses: Vec::new(),
        status: ReleaseStatus::Published,
        evidence: Vec::new(),
        signatures: Vec::new(),
        unread: Unread::default(),
        untold: ATTIC.never_told().collect(),
    }
}

impl Registry for Shelves {
    fn ecosystem(&self) -> Ecosystem {
        ATTIC
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
        _: &'a Client,
        _: &'a AttestationSource,
    ) -> BoxFuture<'a, Result<Option<Bytes>, RegistryError>> {
        Box::pin(async { Ok(None) })
    }

    fn archives<'a>(
        &'a self,
        _: &'a Client,
        _: &'a Package,
        versions: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Vec<Listing>, RegistryError>> {
        Box::pin(async { Ok(versions.iter().map(|_| Listing::Files(Vec::new())).collect()) })
    }

    fn page(&self, release: &ReleaseId) -> Url {
        endpoint(&self.base, &["look", release.package().name(), release.version()])
    }
}

//! Fetches npm's package documents and attestations.

use bytes::Bytes;
use futures::future::BoxFuture;
use url::Url;

use super::{
    address::Addresses,
    packument::{self, Packument, Standing},
};
use crate::{
    http::{Client, Fetched, Request, Response, Validators},
    model::{Ecosystem, Package, ReleaseId},
    registry::{
        AttestationSource, Listing, PackageDocument, PackageState, Question, Registry, RegistryError,
        exchange::{found, fresh, refuse_page},
        reader::missing,
    },
};

/// Most bytes of an attestations document: 16 MiB. Real ones have some 12 KiB.
const MAX_EVIDENCE: u64 = 16 * 1024 * 1024;

/// The likely nature of a web page in the place of a package document.
const NOT_A_DOCUMENT: &str =
    "the URL leads to a page for people, a login or a proxy's notice; give the base URL that npm's clients use";

/// npm's package documents and attestations.
#[derive(Clone, Debug)]
pub struct NpmRegistry {
    addresses: Addresses,
    max_document: u64,
}

impl NpmRegistry {
    /// Most bytes of a package document, after decompression, unless configured: 64 MiB.
    pub const DEFAULT_MAX_DOCUMENT: u64 = 64 * 1024 * 1024;

    /// The registry at `base` ([`RegistryId::NPM`](crate::model::RegistryId::NPM), or a mirror), of whose package
    /// documents at most `max_document` bytes are read.
    pub fn new(base: Url, max_document: u64) -> Self {
        Self { addresses: Addresses::below(base), max_document }
    }

    async fn read(
        &self,
        http: &Client,
        package: &Package,
        question: Question<'_>,
    ) -> Result<PackageState, RegistryError> {
        match self.ask(http, package, question).await? {
            None => missing(package, question.revision),
            Some(Fetched::NotModified) => Ok(PackageState::NotModified),
            Some(Fetched::Fresh(response)) => self.current(package, question, &response),
        }
    }

    /// Requests the document. "Not modified" is not an answer if a newer one was announced: the registry's caches lag
    /// behind the feed, so it is then read whole, for its revision.
    async fn ask(
        &self,
        http: &Client,
        package: &Package,
        question: Question<'_>,
    ) -> Result<Option<Fetched>, RegistryError> {
        let answer = self.fetch(http, package, question.validators).await?;
        match (&answer, question.revision) {
            (Some(Fetched::NotModified), Some(_)) => self.fetch(http, package, None).await,
            _ => Ok(answer),
        }
    }

    async fn fetch(
        &self,
        http: &Client,
        package: &Package,
        validators: Option<&Validators>,
    ) -> Result<Option<Fetched>, RegistryError> {
        let request = Request::get(self.addresses.packument(package))
            .accept("application/json")
            .max_body(self.max_document)
            .unless(validators.cloned());
        found(Ecosystem::NPM, http, request).await
    }

    async fn list(&self, http: &Client, package: &Package, versions: &[&str]) -> Result<Vec<Listing>, RegistryError> {
        let Some(Fetched::Fresh(response)) = self.fetch(http, package, None).await? else {
            return Ok(versions
                .iter()
                .map(|_| Listing::Missing("the registry does not have this package".to_owned()))
                .collect());
        };
        refuse_page(Ecosystem::NPM, &packument::what(package), &response, NOT_A_DOCUMENT)?;
        let document = Packument::read(package, &response.body)?;
        Ok(versions.iter().map(|version| document.listing(version, &self.addresses)).collect())
    }

    fn current(
        &self,
        package: &Package,
        question: Question<'_>,
        response: &Response,
    ) -> Result<PackageState, RegistryError> {
        refuse_page(Ecosystem::NPM, &packument::what(package), response, NOT_A_DOCUMENT)?;
        let document = Packument::read(package, &response.body)?;
        let (behind, unconfirmed) = match question.revision.map(|announced| document.standing(announced)) {
            Some(Standing::Behind(behind)) => (Some(behind), None),
            Some(Standing::Unknown(why)) => (None, Some(why)),
            Some(Standing::Current) | None => (None, None),
        };
        let document = document.describe(question.known, response.validators(), &self.addresses);
        Ok(PackageState::Current(Box::new(PackageDocument { behind, unconfirmed, ..document })))
    }
}

impl Registry for NpmRegistry {
    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::NPM
    }

    fn package<'a>(
        &'a self,
        http: &'a Client,
        package: &'a Package,
        question: Question<'a>,
    ) -> BoxFuture<'a, Result<PackageState, RegistryError>> {
        Box::pin(self.read(http, package, question))
    }

    fn evidence<'a>(
        &'a self,
        http: &'a Client,
        evidence: &'a AttestationSource,
    ) -> BoxFuture<'a, Result<Option<Bytes>, RegistryError>> {
        Box::pin(async move {
            let request = Request::get(evidence.url.clone()).accept("application/json").max_body(MAX_EVIDENCE);
            let Some(fetched) = found(Ecosystem::NPM, http, request).await? else { return Ok(None) };
            let what = format!("the attestations of {}", evidence.subject);
            fresh(Ecosystem::NPM, &what, fetched).map(|response| Some(response.body))
        })
    }

    fn archives<'a>(
        &'a self,
        http: &'a Client,
        package: &'a Package,
        versions: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Vec<Listing>, RegistryError>> {
        Box::pin(self.list(http, package, versions))
    }

    fn page(&self, release: &ReleaseId) -> Url {
        self.addresses.version(release)
    }
}

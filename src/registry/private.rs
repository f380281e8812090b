//! A private registry beside the public one of its type, with its own credentials and its name in every error.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use futures::future::BoxFuture;
use url::Url;

use super::{Archive, AttestationSource, Listing, PackageDocument, PackageState, Question, Registry, RegistryError};
use crate::{
    http::{Client, Credentials},
    model::{Aspect, Ecosystem, Package, RegistryKey, ReleaseId},
};

/// A company's own registry, or a hosted service, over the reader of its type.
#[derive(Debug)]
pub struct PrivateRegistry {
    reader: Arc<dyn Registry>,
    title: String,
    credentials: Option<Arc<Credentials>>,
}

impl PrivateRegistry {
    /// The registry that `reader` reads.
    pub fn new(key: &RegistryKey, reader: Arc<dyn Registry>, credentials: Option<Credentials>) -> Self {
        Self { reader, title: key.title(), credentials: credentials.map(Arc::new) }
    }

    fn client(&self, http: &Client) -> Client {
        self.credentials.as_ref().map_or_else(|| http.clone(), |own| http.with_credentials(Arc::clone(own)))
    }

    /// The error, with this registry's title in the place of the public one's.
    fn own(&self, error: RegistryError) -> RegistryError {
        let registry = Cow::Owned(self.title.clone());
        match error {
            RegistryError::Http { source, .. } => RegistryError::Http { registry, source },
            RegistryError::Document { what, why, .. } => RegistryError::Document { registry, what, why },
            stale @ RegistryError::Stale { .. } => stale,
        }
    }
}

impl Registry for PrivateRegistry {
    fn ecosystem(&self) -> Ecosystem {
        self.reader.ecosystem()
    }

    fn package<'a>(
        &'a self,
        http: &'a Client,
        package: &'a Package,
        question: Question<'a>,
    ) -> BoxFuture<'a, Result<PackageState, RegistryError>> {
        Box::pin(async move {
            let http = self.client(http);
            match self.reader.package(&http, package, question).await.map_err(|error| self.own(error))? {
                PackageState::Current(document) => Ok(PackageState::Current(Box::new(unsigned(*document)))),
                state => Ok(state),
            }
        })
    }

    fn evidence<'a>(
        &'a self,
        http: &'a Client,
        evidence: &'a AttestationSource,
    ) -> BoxFuture<'a, Result<Option<Bytes>, RegistryError>> {
        Box::pin(async move {
            let http = self.client(http);
            self.reader.evidence(&http, evidence).await.map_err(|error| self.own(error))
        })
    }

    fn archives<'a>(
        &'a self,
        http: &'a Client,
        package: &'a Package,
        versions: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Vec<Listing>, RegistryError>> {
        Box::pin(async move {
            let http = self.client(http);
            self.reader.archives(&http, package, versions).await.map_err(|error| self.own(error))
        })
    }

    fn download<'a>(
        &'a self,
        http: &'a Client,
        archive: &'a Archive,
        most: u64,
    ) -> BoxFuture<'a, Result<Option<Bytes>, RegistryError>> {
        Box::pin(async move {
            let http = self.client(http);
            self.reader.download(&http, archive, most).await.map_err(|error| self.own(error))
        })
    }

    fn page(&self, release: &ReleaseId) -> Url {
        self.reader.page(release)
    }
}

/// Registries also answer "not found" without read permission: a package that was there does not count as withdrawn.
pub fn not_found(package: &Package) -> RegistryError {
    RegistryError::Document {
        registry: Cow::Owned(package.registry().title()),
        what: format!("the package document of {}", package.name()),
        why: "it is no longer found. Registries answer the same to clients without access: check the credentials, \
            or remove it from the watchlist"
            .to_owned(),
    }
}

/// The keys of such a registry are not published, so its own signatures prove nothing here.
fn unsigned(mut document: PackageDocument) -> PackageDocument {
    for release in document.releases.iter_mut().filter(|release| !release.signatures.is_empty()) {
        release.signatures.clear();
        release.untold.push(Aspect::Signature);
        release.untold.sort_unstable();
        release.untold.dedup();
    }
    document
}

//! The interface of registry readers.

use futures::future::BoxFuture;
use url::Url;

use super::{
    Known,
    archives::{self, Archive, Listing},
    error::RegistryError,
    package_document::{AttestationSource, PackageDocument},
};
use crate::{
    http::{Client, Validators},
    model::{Ecosystem, Package, ReleaseId},
};

/// Reads the releases of a package from a registry.
pub trait Registry: Send + Sync + std::fmt::Debug {
    /// The ecosystem.
    fn ecosystem(&self) -> Ecosystem;

    /// Reads the package's document. Releases in `known` need not be described again unless the document does so at no
    /// further cost, or has other digests than the stored ones. `revision` is the one that a feed announced; an older
    /// document sets [`PackageDocument::behind`].
    fn package<'a>(
        &'a self,
        http: &'a Client,
        package: &'a Package,
        question: Question<'a>,
    ) -> BoxFuture<'a, Result<PackageState, RegistryError>>;

    /// Fetches the document of an attestation. `None`: the registry answers that there is none.
    fn evidence<'a>(
        &'a self,
        http: &'a Client,
        evidence: &'a AttestationSource,
    ) -> BoxFuture<'a, Result<Option<bytes::Bytes>, RegistryError>>;

    /// Lists the files of some versions, in their order, for a look inside. Only a person's request leads to it: nothing
    /// is described, and provwatch downloads no file by itself.
    fn archives<'a>(
        &'a self,
        http: &'a Client,
        package: &'a Package,
        versions: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Vec<Listing>, RegistryError>>;

    /// Downloads a file of at most `most` bytes. `None`: the registry answers that it does not have it.
    fn download<'a>(
        &'a self,
        http: &'a Client,
        archive: &'a Archive,
        most: u64,
    ) -> BoxFuture<'a, Result<Option<bytes::Bytes>, RegistryError>> {
        Box::pin(archives::download(self.ecosystem(), http, archive, most))
    }

    /// A page for people about a release.
    fn page(&self, release: &ReleaseId) -> Url;
}

/// The request for a package's document.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Versions already stored.
    pub known: &'a Known,
    /// Validators of the document that was last stored completely.
    pub validators: Option<&'a Validators>,
    /// The revision that a feed announced.
    pub revision: Option<&'a str>,
}

/// The registry's answer about a package.
#[derive(Clone, Debug, PartialEq)]
pub enum PackageState {
    /// Nothing changed since the validators.
    NotModified,
    /// The package does not exist (any more).
    Gone,
    /// Its releases.
    Current(Box<PackageDocument>),
}

/// A package that a feed announced but the registry does not know is new, and has not reached its caches yet.
pub(super) fn missing(package: &Package, announced: Option<&str>) -> Result<PackageState, RegistryError> {
    match announced {
        None => Ok(PackageState::Gone),
        Some(announced) => Err(RegistryError::Stale {
            package: package.clone(),
            seen: "none (not found)".to_owned(),
            announced: announced.to_owned(),
        }),
    }
}

//! The interface of registry readers.

use futures::future::BoxFuture;
use url::Url;

use super::{
    Known,
    error::RegistryError,
    package_document::{AttestationSource, PackageDocument},
};
use crate::{
    http::{Client, Validators},
    model::{Ecosystem, Package, ReleaseId},
};

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
        evidence: &'a AttestationSource,
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

/// A package that a feed announced and the registry does not know is new, and has not reached its caches yet.
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

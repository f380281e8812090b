//! Errors in reading a registry.

use std::borrow::Cow;

use crate::{http::HttpError, model::Package};

/// The reason why a registry could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The exchange failed.
    #[error("asking {registry}")]
    Http {
        /// The registry, by its title.
        registry: Cow<'static, str>,
        /// The failure.
        #[source]
        source: Box<HttpError>,
    },
    /// The answer does not match the registry's documentation.
    #[error("reading {what} of {registry}: {why}")]
    Document {
        /// The registry, by its title.
        registry: Cow<'static, str>,
        /// The document: "the package document of axios".
        what: String,
        /// Its error.
        why: String,
    },
    /// The document is older than the announced one; it is requested again soon.
    #[error("the package document of {package} is still at revision {seen}, the feed announced {announced}")]
    Stale {
        /// The package.
        package: Package,
        /// Its revision.
        seen: String,
        /// The announced revision.
        announced: String,
    },
}

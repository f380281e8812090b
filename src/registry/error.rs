//! Errors in reading a registry.

use std::borrow::Cow;

use crate::{http::HttpError, model::Package};

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

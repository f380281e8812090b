//! Addresses below a registry's base URL, and errors that name the registry.

use std::fmt;

use url::Url;

use super::RegistryError;
use crate::{http::HttpError, model::Ecosystem};

/// The URL of a path below `base`, each segment escaped. Documents never say where to ask next: every URL that is
/// fetched is built here, on the configured base.
pub(super) fn endpoint(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// An exchange with the registry failed.
pub(super) fn exchange_error(ecosystem: Ecosystem) -> impl Fn(HttpError) -> RegistryError {
    move |source| RegistryError::Http { registry: ecosystem.title(), source: Box::new(source) }
}

/// A document of the registry is not what it documents.
pub(super) fn document_error(ecosystem: Ecosystem, what: impl Into<String>, why: impl fmt::Display) -> RegistryError {
    RegistryError::Document { registry: ecosystem.title(), what: what.into(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_cannot_leave_the_base() {
        for base in ["https://pypi.example/mirror/", "https://pypi.example/mirror"] {
            let base = Url::parse(base).unwrap();
            assert_eq!(endpoint(&base, &["simple", "a", ""]).as_str(), "https://pypi.example/mirror/simple/a/");
            assert_eq!(
                endpoint(&base, &["..", "a/../b", "?c#d"]).as_str(),
                "https://pypi.example/mirror/a%2F..%2Fb/%3Fc%23d"
            );
        }
    }
}
